import { expect, test } from "vitest";
import { Allowance } from "./allowance.ts";

const bounds = { atOnce: 3, perSecond: 2 };

test("an allowance gives what there is at once, and then so much per second", () => {
  const allowance = new Allowance();
  expect([2, 1, 1].map((count) => allowance.take(count, bounds, 1_000))).toEqual([true, true, false]);
  expect(allowance.take(1, bounds, 1_499)).toBe(false);
  expect(allowance.take(1, bounds, 1_500)).toBe(true);
  expect([1, 1, 1].map((count) => allowance.take(count, bounds, 2_500))).toEqual([true, true, false]);
});

test("an allowance does not grow beyond what it gives at once", () => {
  const allowance = new Allowance();
  expect(allowance.take(4, bounds, 60_000)).toBe(false);
  expect(allowance.take(3, bounds, 60_000)).toBe(true);
  expect(allowance.take(1, bounds, 60_000)).toBe(false);
});

test("an allowance follows bounds that change", () => {
  const allowance = new Allowance();
  expect(allowance.take(3, bounds, 0)).toBe(true);
  expect(allowance.take(2, { atOnce: 5, perSecond: 1 }, 0)).toBe(true);
  expect(allowance.take(1, { atOnce: 2, perSecond: 1 }, 3_000)).toBe(false);
});

test("what has come is spent in any case, and regained by and by", () => {
  const allowance = new Allowance();
  expect(allowance.spend(2, bounds.perSecond, 0)).toBe(2);
  expect(allowance.spend(5, bounds.perSecond, 0)).toBe(7);
  expect(allowance.spend(0, bounds.perSecond, 1_000)).toBe(5);
  expect(allowance.take(1, bounds, 2_000)).toBe(false);
  expect(allowance.take(1, bounds, 2_500)).toBe(true);
  expect(allowance.spend(0, bounds.perSecond, 60_000)).toBe(0);
});
