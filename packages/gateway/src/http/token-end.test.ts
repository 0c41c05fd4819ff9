import { expect, test } from "vitest";
import { tokenEnd } from "./token-end.ts";

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

test("a JWT ends at its exp, whatever else is in it", () => {
  expect(tokenEnd(`${encode('{"alg":"RS256"}')}.${encode('{"sub":"ä","exp":1700000000.5}')}.c2ln`)).toBe(
    1_700_000_000_500,
  );
  expect(tokenEnd(`x.${encode('{"exp":0}')}.`)).toBe(0);
});

test.each([
  ["user:ann", "text"],
  ["a.b", "two parts"],
  [`a.${encode('{"exp":1}')}.b.c.d`, "an encrypted token"],
  ["a.b.c", "three parts of something else"],
  [`a.${encode('{"sub":"ann"}')}.c`, "no exp"],
  [`a.${encode('{"exp":"1700000000"}')}.c`, "an exp that is text"],
  [`a.${encode('{"exp":1e999}')}.c`, "an exp beyond all numbers"],
  [`a.${encode("null")}.c`, "null"],
  [`a.${encode("[1]")}.c`, "a list"],
])("%s has no end: %s", (token) => {
  expect(tokenEnd(token)).toBeUndefined();
});
