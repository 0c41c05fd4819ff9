import { describe } from "vitest";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { slowConformanceSuite } from "./slow-suite.ts";
import { connectThroughGateway, gatewayTraits } from "./targets.ts";

describe.skipIf(!aspNetOriginAvailable)("through a gateway without rules", () => {
  slowConformanceSuite("ASP.NET Core", async () => connectThroughGateway(await startAspNetOrigin()), gatewayTraits);
});
