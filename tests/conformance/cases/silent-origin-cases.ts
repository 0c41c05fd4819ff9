import { expect } from "vitest";
import { connectRaw } from "../../support/connect-raw.ts";
import { hubPaths } from "../../support/origin.ts";
import { contractGroups, startGateway } from "../../support/start-gateway.ts";
import { startAspNetOrigin } from "../../support/start-origin.ts";
import { expectAlive } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

/** Q176: an origin that is there and says nothing any more. It needs one of its own, whose process can be stopped. */
export function silentOriginCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q176 when the origin falls silent, its clients are told to reconnect",
    async ({ onTestFinished }) => {
      const origin = await startAspNetOrigin();
      const { pid } = origin;
      if (pid === undefined) throw new Error("the origin has no process of its own");
      const rules = suite.traits.groups ? { groups: contractGroups } : {};
      const gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: rules } });
      onTestFinished(async () => {
        process.kill(pid, "SIGCONT");
        await gateway.stop();
        await origin.stop("SIGKILL");
      });
      const url = gateway.hubUrl(hubPaths.contract);
      const clients = await Promise.all(
        suite.legs.map(({ transport, protocol }) => connectRaw(transport, { url, protocol })),
      );
      for (const client of clients) await expectAlive(client);
      process.kill(pid, "SIGSTOP");
      for (const client of clients) {
        expect(await client.nextMessage(45_000)).toEqual({ type: 7, allowReconnect: true });
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
      }
    },
    75_000,
  );
}
