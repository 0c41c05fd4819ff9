import { describe } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { conformanceSuite } from "./suite.ts";
import {
  connectThroughAnyGateway,
  connectThroughGateway,
  connectThroughGroupRules,
  gatewayTraits,
  groupRuleTraits,
  originAvailable,
} from "./targets.ts";

describe.skipIf(!originAvailable)("through a gateway without rules", () => {
  conformanceSuite("ASP.NET Core", connectThroughAnyGateway, gatewayTraits);
});

// Private upstreams are made on demand: a client's id at the origin is not the one that it negotiated.
describe.skipIf(!originAvailable)("through a gateway with group rules", () => {
  conformanceSuite("ASP.NET Core", connectThroughGroupRules, groupRuleTraits);
});

describe("through a gateway without rules", () => {
  conformanceSuite("the TypeScript origin", async () => connectThroughGateway(await startNodeOrigin()), {
    ...gatewayTraits,
    detailedHub: false,
    variants: false,
  });
});
