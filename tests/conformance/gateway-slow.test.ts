import { describe } from "vitest";
import { slowConformanceSuite } from "./slow-suite.ts";
import { connectThroughAnyGateway, gatewayTraits, originAvailable } from "./targets.ts";

describe.skipIf(!originAvailable)("through a gateway without rules", () => {
  slowConformanceSuite("ASP.NET Core", connectThroughAnyGateway, gatewayTraits);
});
