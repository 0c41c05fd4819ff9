import { describe } from "vitest";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { slowConformanceSuite } from "./slow-suite.ts";
import { aspNetTraits, connectDirectly } from "./targets.ts";

describe.skipIf(!aspNetOriginAvailable)("directly", () => {
  slowConformanceSuite("ASP.NET Core", connectDirectly, aspNetTraits);
});
