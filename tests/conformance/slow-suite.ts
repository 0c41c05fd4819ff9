import { afterAll, beforeAll, describe } from "vitest";
import { connectionLifetimeCases } from "./cases/connection-lifetime-cases.ts";
import { keepAliveCases } from "./cases/keep-alive-cases.ts";
import { SuiteContext } from "./suite-context.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/**
 * The behaviour that takes time: time limits and pings. All cases run at the same time, in about 40 seconds, if
 * vitest's `maxConcurrency` lets them. Used like `conformanceSuite`.
 */
export function slowConformanceSuite(name: string, connect: () => Promise<SuiteTarget>, traits: SuiteTraits): void {
  describe(name, () => {
    const suite = new SuiteContext(traits);
    beforeAll(async () => {
      suite.target = await connect();
    });
    afterAll(() => suite.target.stop());

    connectionLifetimeCases(suite);
    for (const leg of suite.legs) keepAliveCases(suite, leg);
  });
}
