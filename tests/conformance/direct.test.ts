import { describe } from "vitest";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { conformanceSuite } from "./suite.ts";
import { aspNetTraits, connectDirectly } from "./targets.ts";

// Proves the suite: what it demands is what ASP.NET Core does.
describe.skipIf(!aspNetOriginAvailable)("directly", () => {
  conformanceSuite("ASP.NET Core", connectDirectly, aspNetTraits);
});
