import { expect, test } from "vitest";
import { TurnLatency } from "./turn-latency.ts";

test("without a turn nothing was measured", () => {
  expect(new TurnLatency().take()).toEqual({ p50: Number.NaN, p99: Number.NaN, max: Number.NaN });
});

test("percentiles are at most 9 % above the true ones, and the maximum is exact", () => {
  const latency = new TurnLatency();
  for (let turn = 1; turn <= 1000; turn += 1) latency.add(turn / 100);
  const { p50, p99, max } = latency.take();
  expect(p50).toBeGreaterThanOrEqual(5);
  expect(p50).toBeLessThan(5 * 1.091);
  expect(p99).toBeGreaterThanOrEqual(9.9);
  expect(p99).toBeLessThanOrEqual(10);
  expect(max).toBe(10);
});

test("what was taken does not count again", () => {
  const latency = new TurnLatency();
  latency.add(5000);
  expect(latency.take().max).toBe(5000);
  latency.add(0.5);
  expect(latency.take()).toEqual({ p50: 0.5, p99: 0.5, max: 0.5 });
});

test("turns shorter than a microsecond and longer than the scale are measured, too", () => {
  const latency = new TurnLatency();
  latency.add(0);
  latency.add(100_000);
  const { p50, max } = latency.take();
  expect(p50).toBeLessThan(0.002);
  expect(max).toBe(100_000);
});
