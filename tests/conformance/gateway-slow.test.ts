import { describe } from "vitest";
import { slowConformanceSuite } from "./slow-suite.ts";
import {
  connectThroughAnyGateway,
  connectThroughGroupRules,
  gatewayTraits,
  groupRuleTraits,
  originAvailable,
  ownProcesses,
} from "./targets.ts";

/** Both wait for the same clock, unless they would have to share an origin. */
const describeIfAvailable = describe.skipIf(!originAvailable);
const describeSide = ownProcesses ? describeIfAvailable.concurrent : describeIfAvailable;

describeSide("through a gateway without rules", () => {
  slowConformanceSuite("ASP.NET Core", connectThroughAnyGateway, gatewayTraits);
});

describeSide("through a gateway with group rules", () => {
  slowConformanceSuite("ASP.NET Core", connectThroughGroupRules, groupRuleTraits);
});
