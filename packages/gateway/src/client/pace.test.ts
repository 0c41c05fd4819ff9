import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "./pace.ts";
import { type Flushable, Turn } from "./turn.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function watched(intervalMs: number) {
  const flushed: string[] = [];
  const flushable = (name: string): Flushable => ({ flush: () => flushed.push(name) });
  return { pace: new Pace(new Turn(), intervalMs), flushed, flushable };
}

test("what may wait is flushed when the first that waits has waited that long, all together", () => {
  const { pace, flushed, flushable } = watched(20);
  pace.flushLater(flushable("first"));
  vi.advanceTimersByTime(15);
  pace.flushLater(flushable("second"));
  vi.advanceTimersByTime(4);
  expect(flushed).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(flushed).toEqual(["first", "second"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what may not wait is flushed at the end of the turn", () => {
  const { pace, flushed, flushable } = watched(20);
  pace.flushLater(flushable("later"));
  pace.flushAtEnd(flushable("now"));
  vi.advanceTimersByTime(0);
  expect(flushed).toEqual(["now"]);
  vi.advanceTimersByTime(20);
  expect(flushed).toEqual(["now", "later"]);
});

test("without an interval nothing waits longer than the turn", () => {
  const { pace, flushed, flushable } = watched(0);
  pace.flushLater(flushable("first"));
  pace.flushAtEnd(flushable("second"));
  vi.advanceTimersByTime(0);
  expect(flushed).toEqual(["first", "second"]);
});
