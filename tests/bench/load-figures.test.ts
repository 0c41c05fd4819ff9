import { describe, expect, test } from "vitest";
import { percentile, spreadOf, summarize } from "./load/figures.ts";
import { expectedMessages, groupsOf, scheduleOf } from "./load/publication.ts";
import { numberText } from "./load/report.ts";
import { failures, Results } from "./load/results.ts";
import { targetRows } from "./load/targets.ts";

describe("figures", () => {
  test("the median of an even number of rounds is the mean of the middle two", () => {
    expect(spreadOf([9, 1, 3, 5])).toEqual({ median: 4, min: 1, max: 9, count: 4 });
  });

  test("a percentile is a sample, by the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, position) => position + 1);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 99, 100]);
    expect(percentile([], 0.5)).toBe(0);
  });

  test("a figure that one round lacks is spread over the others", () => {
    expect(summarize([{ a: 1, b: 2 }, { a: 3 }])).toEqual({
      a: { median: 2, min: 1, max: 3, count: 2 },
      b: { median: 2, min: 2, max: 2, count: 1 },
    });
  });

  test("numbers have three digits that count", () => {
    expect([0, 0.012345, 1.5, 99.96, 123_456, undefined].map(numberText)).toEqual([
      "0",
      "0.0123",
      "1.5",
      "100",
      "123,456",
      "-",
    ]);
  });
});

describe("what clients have to get", () => {
  test("it is what a publisher that goes round the groups sends to theirs", () => {
    const seating = { groups: 7, groupsPerClient: 3 };
    for (let client = 0; client < 20; client += 1) {
      const own = groupsOf(client, seating);
      for (let messages = 0; messages < 30; messages += 1) {
        const sent = Array.from({ length: messages }, (_, number) => number % seating.groups);
        const expected = sent.filter((group) => own.includes(group)).length;
        expect(expectedMessages(client, seating, messages)).toBe(expected);
      }
    }
  });

  test("a window that is shorter than a tick has one", () => {
    const shape = { groups: 1, messagesPerTick: 1, tickIntervalMs: 1000, fillerBytes: 0 };
    expect([100, 1000, 10_000].map((durationMs) => scheduleOf(shape, durationMs).ticks)).toEqual([1, 1, 10]);
  });
});

describe("results", () => {
  const results = new Results();
  const add = (workload: string, system: "gateway" | "floor" | "direct", figures: Record<string, number>): void =>
    results.add({ workload, variant: "", system }, figures);
  for (const rate of [80, 90, 100]) add("steady", "gateway", { deliveriesPerCpuSecond: rate, lost: 0 });
  for (const rate of [95, 100, 105]) add("steady", "floor", { deliveriesPerCpuSecond: rate, lost: 0 });
  add("latency", "gateway", { latencyP50Ms: 1.2, latencyP99Ms: 5, lost: 2 });
  add("latency", "direct", { latencyP50Ms: 1, latencyP99Ms: 1, lost: 0 });
  results.add({ workload: "storm", variant: "cached joins", system: "gateway" }, new Error("took longer than 5 ms"));

  test("a target is a ratio of medians, or a difference where it says so", () => {
    const rows = targetRows(results.all).map(({ what, ratio, isMet }) => [what, Number(ratio?.toFixed(3)), isMet]);
    expect(rows).toEqual([
      ["deliveries per CPU-second, 1 message per tick", 0.9, true],
      ["added latency p50, ms", 0.2, true],
      ["added latency p99, ms", 4, false],
    ]);
  });

  test("a lost message and a run without an end are failures", () => {
    expect(failures(results.all)).toEqual([
      "latency gateway: 2 lost",
      "storm cached joins gateway: took longer than 5 ms",
    ]);
  });
});
