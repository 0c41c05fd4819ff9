import { expect, test } from "vitest";
import { beginsWith, copyArguments, isSame } from "./call-arguments.ts";

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
  toJSON(): string {
    return `${this.cents} ct`;
  }
}

test("a copy does not change with its original", () => {
  const ids = [1, 2];
  const filter = { market: { country: "de" } };
  const copy = copyArguments([ids, filter]);
  ids.push(3);
  filter.market.country = "fr";
  expect(copy).toEqual([[1, 2], { market: { country: "de" } }]);
});

test("what the hub protocol writes in its own way is kept as it is", () => {
  const args = [new Date(0), new Uint8Array([1]), new Money(5), 5n, undefined, null, "a"];
  const copy = copyArguments(args);
  copy.forEach((value, index) => {
    expect(value).toBe(args[index]);
  });
});

test("arguments are the same by value", () => {
  const same: readonly (readonly [unknown, unknown])[] = [
    [1, 1],
    [Number.NaN, Number.NaN],
    [2n ** 60n, 2n ** 60n],
    [
      [1, ["a"]],
      [1, ["a"]],
    ],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    [new Date(5), new Date(5)],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ];
  for (const [left, right] of same) expect(isSame(left, right)).toBe(true);
});

test("arguments of different values, types or members differ", () => {
  const different: readonly (readonly [unknown, unknown])[] = [
    [1, "1"],
    [1, 1n],
    [null, undefined],
    [[1], [1, 2]],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{}, []],
    [new Date(5), new Date(6)],
    [new Money(1), new Money(1)],
    [{}, { toString: 1 }],
  ];
  for (const [left, right] of different) {
    expect(isSame(left, right)).toBe(false);
    expect(isSame(right, left)).toBe(false);
  }
});

test("a call begins with fewer arguments, in their places", () => {
  expect(beginsWith([1, "de"], [1])).toBe(true);
  expect(beginsWith([1, "de"], [])).toBe(true);
  expect(beginsWith([1, "de"], ["de"])).toBe(false);
  expect(beginsWith([1], [1, "de"])).toBe(false);
});
