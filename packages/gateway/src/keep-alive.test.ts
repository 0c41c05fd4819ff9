import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeepAlive } from "./keep-alive.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("it sweeps once a second from start to stop", () => {
  const sweep = vi.fn();
  const keepAlive = new KeepAlive(sweep);
  vi.advanceTimersByTime(5000);
  expect(sweep).not.toHaveBeenCalled();
  keepAlive.start();
  vi.advanceTimersByTime(5000);
  expect(sweep).toHaveBeenCalledTimes(5);
  keepAlive.stop();
  vi.advanceTimersByTime(5000);
  expect(sweep).toHaveBeenCalledTimes(5);
  expect(vi.getTimerCount()).toBe(0);
});

test("starting twice makes no second timer, and it can be started again after a stop", () => {
  const sweep = vi.fn();
  const keepAlive = new KeepAlive(sweep);
  keepAlive.start();
  keepAlive.start();
  expect(vi.getTimerCount()).toBe(1);
  keepAlive.stop();
  keepAlive.stop();
  keepAlive.start();
  vi.advanceTimersByTime(1000);
  expect(sweep).toHaveBeenCalledTimes(1);
  keepAlive.stop();
});
