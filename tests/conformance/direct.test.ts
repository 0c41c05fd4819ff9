import { describe } from "vitest";
import { conformanceSuite } from "./suite.ts";
import { aspNetTraits, connectDirectly, originAvailable } from "./targets.ts";

// Proves the suite: what it demands is what ASP.NET Core does.
describe.skipIf(!originAvailable)("directly", () => {
  conformanceSuite("ASP.NET Core", connectDirectly, aspNetTraits);
});
