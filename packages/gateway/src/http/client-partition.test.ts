import { expect, test } from "vitest";
import type { Identity } from "../identity.ts";
import { claimKey } from "./client-partition.ts";

function identity(claims: Readonly<Record<string, unknown>>): Identity {
  return { subject: "alice", claims, expiresAtMs: 0 };
}

test("clients are apart exactly if the values of the claims differ", () => {
  const sets: readonly Readonly<Record<string, unknown>>[] = [
    {},
    { a: null },
    { a: "" },
    { a: "1" },
    { a: 1 },
    { a: true },
    { a: "true" },
    { a: ["1"] },
    { a: "x", b: "y" },
    { a: 'x",1:"y' },
    { b: "x" },
    { a: "xy" },
    { a: "x", b: "" },
  ];
  const keys = sets.map((claims) => claimKey(["a", "b"], identity(claims)));
  expect(new Set(keys).size).toBe(sets.length);
  expect(keys).toEqual(sets.map((claims) => claimKey(["a", "b"], identity({ ...claims, other: 1 }))));
});

test("what every object has is no claim", () => {
  const names = ["constructor", "__proto__", "toString"];
  expect(claimKey(names, identity({}))).toBe(claimKey(names, undefined));
});
