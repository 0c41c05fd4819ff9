import { expect, test } from "vitest";
import { upstreamUrl } from "./upstream-request.ts";

test.each([
  ["http://origin/hub", "/negotiate", ["", "negotiateVersion=1"], "http://origin/hub/negotiate?negotiateVersion=1"],
  ["https://origin:8443/app/hub/", "/negotiate", ["a=1&b=%20"], "https://origin:8443/app/hub/negotiate?a=1&b=%20"],
  ["http://origin/hub", "", ["a=1", "id=x"], "http://origin/hub?a=1&id=x"],
  ["http://origin/hub", "", [""], "http://origin/hub"],
  ["http://origin/", "/negotiate", [], "http://origin/negotiate"],
] as const)("%s and %s with %j is %s", (origin, path, query, expected) => {
  expect(upstreamUrl(origin, path, ...query).href).toBe(expected);
});
