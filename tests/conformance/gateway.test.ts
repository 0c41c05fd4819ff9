import { describe } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { conformanceSuite } from "./suite.ts";
import { connectThroughGateway, gatewayTraits, groupRuleTraits } from "./targets.ts";

describe.skipIf(!aspNetOriginAvailable)("through a gateway without rules", () => {
  conformanceSuite("ASP.NET Core", async () => connectThroughGateway(await startAspNetOrigin()), gatewayTraits);
});

describe("through a gateway without rules", () => {
  conformanceSuite("the TypeScript origin", async () => connectThroughGateway(await startNodeOrigin()), {
    ...gatewayTraits,
    detailedHub: false,
    variants: false,
  });
});

// `groups`: its private upstreams are made on demand, so a client's id at the origin is not the one that it negotiated.
describe.skipIf(!aspNetOriginAvailable)("through a gateway with group rules", () => {
  const connect = async () =>
    connectThroughGateway(await startAspNetOrigin(), { groups: contractGroups, forwardHeaders: ["*"] });
  conformanceSuite("ASP.NET Core", connect, groupRuleTraits);
});
