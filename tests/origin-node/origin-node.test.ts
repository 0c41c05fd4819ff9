import { describe, expect, onTestFinished, test } from "vitest";
import { conformanceSuite } from "../conformance/suite.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startNodeOrigin } from "./start-node-origin.ts";

conformanceSuite(
  "the TypeScript origin",
  async () => {
    const origin = await startNodeOrigin();
    return { url: origin.url, origin, stop: () => origin.stop() };
  },
  {
    offers: ["WebSockets"],
    transports: ["WebSockets"],
    protocols: ["json", "messagepack"],
    gateway: false,
    detailedHub: false,
    variants: false,
    groups: false,
  },
);

describe.skipIf(!aspNetOriginAvailable)("beside the ASP.NET Core origin", () => {
  test.each(["json", "messagepack"] as const)("every kind of value has the same bytes in %s", async (protocol) => {
    const answers = await Promise.all(
      [startNodeOrigin(), startAspNetOrigin()].map(async (starting) => {
        const origin = await starting;
        onTestFinished(() => origin.stop());
        return valuesOf(origin, protocol);
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  });
});

/** The frames of `Types`, `GetItem`, two snapshots and `KindsChanged`, as text. */
async function valuesOf(origin: Origin, protocol: "json" | "messagepack"): Promise<readonly string[]> {
  const client = await RawClient.connect({ url: origin.hubUrl(hubPaths.contract), protocol });
  onTestFinished(() => client.close());
  const eventId = 4_000_000_000;
  for (const [target, ...args] of [["Types"], ["GetItem"], ["Subscribe", eventId], ["SubscribeText", "ü"]]) {
    client.sendMessages({ type: 1, invocationId: String(target), target: String(target), arguments: args });
    await client.completionOf(String(target));
  }
  await origin.control.publishKinds({ eventId });
  await client.nextMessages(5);
  return client.frames.map((frame) => frame.toString("latin1"));
}
