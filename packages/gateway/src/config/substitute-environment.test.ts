import { expect, test } from "vitest";
import { substituteEnvironment } from "./substitute-environment.ts";

const environment = { NAME: "value", EMPTY: "", PORT: "8081", TRICK: `\${NAME}` };
const isNumber = (path: readonly (string | number)[]): boolean => path.at(-1) === "port";
const substitute = (input: unknown) => substituteEnvironment(input, environment, isNumber);

test.each([
  ["plain", "plain"],
  [`\${NAME}`, "value"],
  [`a-\${NAME}-\${NAME}`, "a-value-value"],
  [`\${EMPTY}`, ""],
  [`\${EMPTY:-default}`, "default"],
  [`\${MISSING:-default}`, "default"],
  [`\${MISSING:-}`, ""],
  [`\${NAME:-default}`, "value"],
  [`$\${NAME}`, `\${NAME}`],
  ["$NAME costs $5", "$NAME costs $5"],
  [`\${TRICK}`, `\${NAME}`],
])("%s becomes %s", (text, expected) => {
  expect(substitute({ list: [text] })).toEqual({ input: { list: [expected] }, issues: [] });
});

test("digits from the environment are a number where one belongs, and text elsewhere", () => {
  expect(substitute({ port: `\${PORT}`, token: `\${PORT}` }).input).toEqual({ port: 8081, token: "8081" });
  expect(substitute({ port: `\${NONE:-9}` }).input).toEqual({ port: 9 });
});

test("digits that were quoted in the file stay text", () => {
  expect(substitute({ port: "8081" }).input).toEqual({ port: "8081" });
});

test("every unset variable and every broken reference is an issue at its place", () => {
  const { issues } = substitute({ a: `\${MISSING}`, b: ["ok", `\${open`], c: { d: `\${0}` }, n: 1 });
  const broken = `"\${" must be \${NAME} or \${NAME:-default}; a literal "\${" is written "$\${"`;
  expect(issues).toEqual([
    { path: ["a"], message: `environment variable MISSING is not set; set it or write \${MISSING:-default}` },
    { path: ["b", 1], message: broken },
    { path: ["c", "d"], message: broken },
  ]);
});
