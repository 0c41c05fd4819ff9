import { expect, test } from "vitest";
import { chainHeader, readChain, writeChain } from "./gateway-chain.ts";

test.each([
  [undefined, []],
  ["", []],
  ["a", ["a"]],
  ["a, b-2 ,c_3", ["a", "b-2", "c_3"]],
  [
    ["a, b", "c"],
    ["a", "b", "c"],
  ],
  ["a,,b;c,\u00e9,d", ["a", "d"]],
  [`${"x".repeat(65)}, y`, ["y"]],
])("%j names the gateways %j, and what is no id names none", (header, chain) => {
  expect(readChain(header)).toEqual(chain);
});

test("a gateway adds itself at the end", () => {
  expect(writeChain([], "a")).toEqual({ [chainHeader]: "a" });
  expect(readChain(writeChain(["a", "b"], "c")[chainHeader])).toEqual(["a", "b", "c"]);
});
