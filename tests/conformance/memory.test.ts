import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askHub } from "../support/ask-hub.ts";
import { negotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import { ownProcesses } from "./targets.ts";

const idCount = 1000;
const atOnce = 50;
/** The time itself is tested in connection-lifetime-cases.ts. */
const limits = { disconnectTimeoutMs: 5_000 };
/** Of what the ids took while they were there: what grew for another reason, and noise. */
const maxRemainder = 0.2;

const collectGarbage = exposeGarbageCollector();

/** Q241, what can be asked of the gateway's own memory only. No other test may run in this process. */
describe.skipIf(!ownProcesses)("the memory of a gateway", () => {
  let origin: Origin;
  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());

  for (const [what, rules] of [
    ["without rules", {}],
    ["with group rules", { groups: contractGroups }],
  ] as const) {
    test(`Q241 what 1000 ids took that nobody used is free again, ${what}`, { timeout: 60_000 }, async () => {
      const gateway = await startGateway({ origin, limits, hubs: { [hubPaths.contract]: rules } });
      onTestFinished(() => gateway.stop());
      // What the first requests of a process leave behind for good.
      await expire(gateway, await negotiateMany(gateway));

      const base = heapBytes();
      const lastToken = await negotiateMany(gateway);
      const taken = heapBytes() - base;
      await expire(gateway, lastToken);
      const remainder = heapBytes() - base;
      // Each id is at least its token and where it belongs.
      expect(taken).toBeGreaterThan(100 * idCount);
      expect(remainder).toBeLessThan(maxRemainder * taken);
    });
  }
});

/** Returns the token of the last one. */
async function negotiateMany(gateway: TestGateway): Promise<string> {
  let lastToken = "";
  for (let count = 0; count < idCount; count += atOnce) {
    const answers = await Promise.all(
      Array.from({ length: atOnce }, () => negotiate(gateway.hubUrl(hubPaths.contract))),
    );
    lastToken = answers.at(-1)?.connectionToken ?? "";
  }
  return lastToken;
}

/** Until the id is unknown, and with it all that are older. A POST asks for it and does not use it. */
async function expire(gateway: TestGateway, token: string): Promise<void> {
  const url = `${gateway.hubUrl(hubPaths.contract)}?id=${token}`;
  while ((await askHub(url, { method: "POST", body: "" })).status !== 404) await delay(200);
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function exposeGarbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
