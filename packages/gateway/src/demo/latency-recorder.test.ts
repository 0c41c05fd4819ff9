import { expect, test } from "vitest";
import { LatencyRecorder } from "./latency-recorder.ts";
import { sentAtNow } from "./odds-feed.ts";

test("latencies are milliseconds between sending and recording", () => {
  const recorder = new LatencyRecorder();
  expect(recorder.read()).toEqual({ p50: 0, p99: 0, max: 0 });
  for (let index = 0; index < 99; index += 1) recorder.record(sentAtNow() - 2_000);
  recorder.record(sentAtNow() - 50_000);
  const { p50, p99, max } = recorder.read();
  expect(p50).toBeGreaterThanOrEqual(2);
  expect(p50).toBeLessThan(40);
  expect(p99).toBeLessThan(50);
  expect(max).toBeGreaterThanOrEqual(50);
});

test("a message from the future counts as immediate", () => {
  const recorder = new LatencyRecorder();
  recorder.record(sentAtNow() + 1_000_000);
  expect(recorder.read().max).toBeLessThan(1);
});
