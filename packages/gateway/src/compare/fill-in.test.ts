import { expect, test } from "vitest";
import { fillIn, pickVariables } from "./fill-in.ts";
import { readScenario } from "./read-scenario.ts";

const variables = new Map<string, unknown>([
  ["pair", 3],
  ["event", "match-7"],
]);

test.each([
  ["{pair}", 3],
  ["{event}", "match-7"],
  ["user-{pair}/{event}", "user-3/match-7"],
  ["{{pair}} {other}", "{pair} {other}"],
  [
    ["{pair}", { id: "{event}", on: true }],
    [3, { id: "match-7", on: true }],
  ],
  [7, 7],
])("%j is filled in", (value, filled) => {
  expect(fillIn(value, variables)).toEqual(filled);
});

test("picks are the same for the same seed, and spread over the list", () => {
  const text = "values: { event: [1, 2, 3, 4] }\nsteps: [connect]";
  const result = readScenario(text, { fileName: "scenario.yaml", environment: {} });
  if (!result.ok) throw new Error("the scenario is wrong");
  const { scenario } = result;
  const picksOf = (seed: number): unknown[] =>
    Array.from({ length: 40 }, (_, pair) => pickVariables({ ...scenario, seed }, pair + 1, 1).get("event"));
  expect(picksOf(1)).toEqual(picksOf(1));
  expect(picksOf(1)).not.toEqual(picksOf(2));
  for (const event of [1, 2, 3, 4]) expect(picksOf(1).filter((pick) => pick === event).length).toBeGreaterThan(3);
});
