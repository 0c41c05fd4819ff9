import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

const almostOne = 1 - Number.EPSILON;

test("the longest delay doubles from 250 ms to 2 s and stays there", () => {
  const longest = [0, 1, 2, 3, 4, 100, 1e9].map((attempt) => Math.round(backoffDelayMs(attempt, almostOne)));
  expect(longest).toEqual([250, 500, 1000, 2000, 2000, 2000, 2000]);
});

test("full jitter: the delay is spread evenly from 0 to its bound", () => {
  expect(backoffDelayMs(3, 0)).toBe(0);
  expect(backoffDelayMs(3, 0.25)).toBe(500);
  expect(backoffDelayMs(3, 0.5)).toBe(1000);
});
