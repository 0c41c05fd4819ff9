import { expect, test } from "vitest";
import { normalizePath, queryValue, splitTarget } from "./hub-path.ts";

test.each([
  ["/hubs/odds", "/hubs/odds"],
  ["/Hubs/ODDS/", "/hubs/odds"],
  ["/", ""],
  ["", ""],
  ["/hubs/odds//", "/hubs/odds/"],
  ["/hubs/%6Fdds", "/hubs/%6fdds"],
])("the path %s is looked up as %s", (path, expected) => {
  expect(normalizePath(path)).toBe(expected);
});

test.each([
  ["/hub?id=1", { path: "/hub", query: "id=1" }],
  ["/hub", { path: "/hub", query: "" }],
  ["/hub?", { path: "/hub", query: "" }],
  ["/hub?a=?b", { path: "/hub", query: "a=?b" }],
])("the target %s is cut at its first question mark", (target, expected) => {
  expect(splitTarget(target)).toEqual(expected);
});

test.each([
  ["id=abc", "id", "abc"],
  ["ID=abc", "id", "abc"],
  ["id=first&Id=last", "id", "last"],
  ["id=a%2Bb%3D", "id", "a+b="],
  ["id=a+b", "id", "a b"],
  ["id", "id", ""],
  ["id=", "id", ""],
  ["", "id", undefined],
  ["other=1", "id", undefined],
  ["NegotiateVersion=1", "negotiateVersion", "1"],
])("in %s the parameter %s is %s", (query, name, expected) => {
  expect(queryValue(query, name)).toBe(expected);
});
