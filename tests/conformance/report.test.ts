import { expect, test } from "vitest";
import { asMarkdown, asText, joinResults, type TestResult } from "./report.ts";

function result(side: TestResult["side"], name: string, section = "json", outcome: TestResult["outcome"] = "passed") {
  return { side, name, section, outcome };
}

test("a statement with the same outcome everywhere is the same", () => {
  const results = ["json", "messagepack"].flatMap((section) => [
    result("origin", "Q001 is so", section),
    result("gateway", "Q001 is so", section),
  ]);
  expect(joinResults(results)).toEqual([
    {
      number: "Q001",
      text: "is so",
      tally: { origin: { passed: 2, total: 2 }, gateway: { passed: 2, total: 2 } },
      verdict: "same",
    },
  ]);
});

test("one test that fails on one side makes the statement different", () => {
  const [statement] = joinResults([
    result("origin", "Q001 is so", "json"),
    result("gateway", "Q001 is so", "json"),
    result("origin", "Q001 is so", "messagepack"),
    result("gateway", "Q001 is so", "messagepack", "failed"),
  ]);
  expect(statement?.verdict).toBe("different");
  expect(statement?.tally.gateway).toEqual({ passed: 1, total: 2 });
});

test("a failure that all sides have is no difference", () => {
  const [statement] = joinResults([
    result("origin", "Q001 is so", "json", "failed"),
    result("gateway", "Q001 is so", "json", "failed"),
    result("groupRules", "Q001 is so", "json", "failed"),
  ]);
  expect(statement?.verdict).toBe("same");
});

test("what only one side is asked is not compared", () => {
  const statements = joinResults([
    result("gateway", "Q002 is so"),
    result("groupRules", "Q002 is so"),
    result("origin", "Q001 is so", "json"),
    result("gateway", "Q001 is so", "messagepack"),
  ]);
  expect(statements.map(({ number, verdict }) => `${number} ${verdict}`)).toEqual([
    "Q001 one side only",
    "Q002 one side only",
  ]);
});

test("tables show counts, and names that hold Markdown as they are", () => {
  const statements = joinResults([
    result("origin", "Q129 [] | `x`"),
    result("gateway", "Q129 [] | `x`", "json", "failed"),
  ]);
  expect(asText(statements)).toContain("1         0 of 1              different     Q129 [] | `x`");
  expect(asMarkdown(statements)).toContain("| Q129 | \\[\\] \\| \\`x\\` | 1 | 0 of 1 |  | different |");
});
