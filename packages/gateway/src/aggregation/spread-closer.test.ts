import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../clock.ts";
import { closeReasons } from "../close-reasons.ts";
import { type Closable, SpreadCloser } from "./spread-closer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function closables(count: number): { readonly all: readonly Closable[]; readonly closed: string[] } {
  const closed: string[] = [];
  const all = Array.from({ length: count }, () => ({
    close: (reason: { name: string }) => void closed.push(reason.name),
  }));
  return { all, closed };
}

test("nobody is closed within the call, so that whoever calls is done with its own state first", () => {
  const { all, closed } = closables(1);
  const closer = new SpreadCloser(systemClock, closeReasons.gap, 1000);
  for (const one of all) closer.close(one);
  expect(closed).toEqual([]);
  vi.advanceTimersByTime(0);
  expect(closed).toEqual(["gap"]);
});

test("many are closed in even slices over the period", () => {
  const { all, closed } = closables(1000);
  const closer = new SpreadCloser(systemClock, closeReasons.gap, 1000);
  for (const one of all) closer.close(one);
  const counts = [0, 250, 250, 250, 250].map((ms) => {
    vi.advanceTimersByTime(ms);
    return closed.length;
  });
  expect(counts).toEqual([50, 300, 550, 800, 1000]);
  expect(vi.getTimerCount()).toBe(0);
});

test("whoever is added while a spread runs is closed by its end", () => {
  const { all, closed } = closables(100);
  const closer = new SpreadCloser(systemClock, closeReasons.gap, 1000);
  for (const one of all.slice(0, 50)) closer.close(one);
  vi.advanceTimersByTime(900);
  for (const one of all.slice(50)) closer.close(one);
  vi.advanceTimersByTime(100);
  expect(closed.length).toBe(100);
});

test("a closable is closed once, however often it is added", () => {
  const { all, closed } = closables(1);
  const closer = new SpreadCloser(systemClock, closeReasons.drained, 100);
  for (const one of [...all, ...all]) closer.close(one);
  vi.runAllTimers();
  expect(closed).toEqual(["drained"]);
});

test("a second wave after the first gets a period of its own", () => {
  const { all, closed } = closables(4);
  const closer = new SpreadCloser(systemClock, closeReasons.gap, 200);
  for (const one of all.slice(0, 2)) closer.close(one);
  vi.runAllTimers();
  expect(closed.length).toBe(2);
  for (const one of all.slice(2)) closer.close(one);
  vi.advanceTimersByTime(0);
  expect(closed.length).toBe(3);
  vi.advanceTimersByTime(200);
  expect(closed.length).toBe(4);
});
