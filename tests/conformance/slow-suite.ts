import { afterAll, beforeAll, describe } from "vitest";
import { backPressureCases } from "./cases/back-pressure-cases.ts";
import { connectionLifetimeCases } from "./cases/connection-lifetime-cases.ts";
import { keepAliveCases } from "./cases/keep-alive-cases.ts";
import { silentOriginCases } from "./cases/silent-origin-cases.ts";
import { slowPollingCases } from "./cases/slow-polling-cases.ts";
import { SuiteContext } from "./suite-context.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";
import { ownProcesses } from "./targets.ts";

/**
 * The behaviour that takes time: time limits and pings. All cases run at the same time, in about 100 seconds, as far as
 * vitest's `maxConcurrency` lets them; the longest come first. Used like `conformanceSuite`.
 */
export function slowConformanceSuite(name: string, connect: () => Promise<SuiteTarget>, traits: SuiteTraits): void {
  describe(name, () => {
    const suite = new SuiteContext(traits);
    beforeAll(async () => {
      suite.target = await connect();
    });
    afterAll(() => suite.target.stop());

    if (traits.transports.includes("LongPolling")) slowPollingCases(suite);
    for (const leg of suite.legs) keepAliveCases(suite, leg);
    connectionLifetimeCases(suite);
    backPressureCases(suite);
    if (traits.gateway && ownProcesses) silentOriginCases(suite);
  });
}
