import { describe } from "vitest";
import { slowConformanceSuite } from "./slow-suite.ts";
import { aspNetTraits, connectDirectly, originAvailable } from "./targets.ts";

describe.skipIf(!originAvailable)("directly", () => {
  slowConformanceSuite("ASP.NET Core", connectDirectly, aspNetTraits);
});
