import { describe, expect, onTestFinished, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths } from "./origin.ts";
import { originCases } from "./origin-cases.ts";
import { RawClient } from "./raw-client.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "./start-origin.ts";

describe.skipIf(!aspNetOriginAvailable)("the judge", () => {
  originCases("the ASP.NET Core origin", () => startAspNetOrigin());

  test("an orderly shutdown cuts WebSockets without a Close message", async () => {
    const origin = await startAspNetOrigin();
    onTestFinished(() => origin.stop());
    const client = await RawClient.connect({ url: origin.hubUrl(hubPaths.contract) });
    await origin.stop("SIGTERM");
    expect(await client.closed).toEqual({ code: 1006, reason: "" });
    expect(client.frames).toEqual([]);
  });

  test("closing gracefully leaves the origin running", async () => {
    const origin = await startAspNetOrigin();
    onTestFinished(() => origin.stop());
    const url = origin.hubUrl(hubPaths.contract);
    const client = await RawClient.connect({ url });
    await origin.control.waitFor({ kind: "connected", connectionId: String(client.connectionId) });
    await origin.control.closeGracefully(hubPaths.contract);
    await client.closed;
    await (await RawClient.connect({ url })).close();
  });
});

originCases("the TypeScript origin", () => startNodeOrigin());
