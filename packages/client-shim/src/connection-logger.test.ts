import { LogLevel } from "@microsoft/signalr";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectionLogger, type Logging, tellListener } from "./connection-logger.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

function warnings(logging: Logging): readonly (readonly unknown[])[] {
  connectionLogger(logging).log(LogLevel.Warning, "the gateway is away");
  return vi.mocked(console.warn).mock.calls;
}

test.for<Logging>([undefined, LogLevel.Trace, LogLevel.Warning, "debug", "WARN"])(
  "with logging %j, warnings go to the console",
  (logging) => {
    expect(warnings(logging)).toEqual([[expect.stringMatching(/^\[.+Z\] Warning: the gateway is away$/)]]);
  },
);

test.for<Logging>([null, LogLevel.Error, LogLevel.None, "Error", "none"])(
  "with logging %j, nothing is said",
  (logging) => {
    expect(warnings(logging)).toEqual([]);
  },
);

test("the application's own logger gets everything", () => {
  const lines: unknown[] = [];
  const logger = connectionLogger({ log: (...line) => lines.push(line) });
  logger.log(LogLevel.Debug, "a");
  logger.log(LogLevel.Warning, "b");
  expect(lines).toEqual([
    [LogLevel.Debug, "a"],
    [LogLevel.Warning, "b"],
  ]);
});

test("an error of the application's callback is logged and goes no further", () => {
  const lines: string[] = [];
  const listener = (event: string): void => {
    throw new Error(`cannot take ${event}`);
  };
  tellListener(listener, "this", { log: (_level, message) => lines.push(message) });
  expect(lines).toEqual(["A callback given to configureEdge threw error 'Error: cannot take this'."]);
});
