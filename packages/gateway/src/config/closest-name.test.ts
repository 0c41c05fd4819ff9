import { expect, test } from "vitest";
import { closestName } from "./closest-name.ts";

const candidates = ["origin", "groups", "path", "port", "privateUpstream"];

test.each([
  ["orgin", "origin"],
  ["origni", "origin"],
  ["Group", "groups"],
  ["privateupstreams", "privateUpstream"],
  ["prot", "port"],
])("%s is taken for %s", (typed, meant) => {
  expect(closestName(typed, candidates)).toBe(meant);
});

test("a word that is like none of the candidates has no closest one", () => {
  expect(closestName("timeout", candidates)).toBeUndefined();
  expect(closestName("xy", candidates)).toBeUndefined();
});
