import { describe } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { conformanceSuite } from "./suite.ts";
import { connectThroughGateway, gatewayTraits } from "./targets.ts";

describe.skipIf(!aspNetOriginAvailable)("through a gateway without rules", () => {
  conformanceSuite("ASP.NET Core", async () => connectThroughGateway(await startAspNetOrigin()), gatewayTraits);
});

describe("through a gateway without rules", () => {
  conformanceSuite("the TypeScript origin", async () => connectThroughGateway(await startNodeOrigin()), {
    ...gatewayTraits,
    detailedHub: false,
  });
});
