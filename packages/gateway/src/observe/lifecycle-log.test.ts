import { expect, test } from "vitest";
import { LifecycleLog } from "./lifecycle-log.ts";
import { type Logger, silentLogger } from "./log.ts";

test("everything is logged, and kept from info on", () => {
  const logged: string[] = [];
  const log: Logger = {
    debug: (event) => logged.push(`debug ${event}`),
    info: (event) => logged.push(`info ${event}`),
    warn: (event) => logged.push(`warn ${event}`),
    error: (event) => logged.push(`error ${event}`),
  };
  const lifecycle = new LifecycleLog(log);
  lifecycle.debug("client.closed");
  lifecycle.info("upstream.opened");
  lifecycle.warn("upstream.lost");
  lifecycle.error("connection.failed");
  expect(logged).toEqual([
    "debug client.closed",
    "info upstream.opened",
    "warn upstream.lost",
    "error connection.failed",
  ]);
  expect(lifecycle.since(0).map(({ number, level, event }) => [number, level, event])).toEqual([
    [1, "info", "upstream.opened"],
    [2, "warn", "upstream.lost"],
    [3, "error", "connection.failed"],
  ]);
  expect(lifecycle.since(2).map(({ number }) => number)).toEqual([3]);
  expect(lifecycle.lastNumber).toBe(3);
});

test("it keeps no more than the newest 200", () => {
  const lifecycle = new LifecycleLog(silentLogger);
  for (let index = 0; index < 1000; index += 1) lifecycle.info("upstream.opened");
  expect(lifecycle.since(0).map(({ number }) => number)).toEqual(
    Array.from({ length: 200 }, (_, index) => 801 + index),
  );
});

test("values of queries and headers, texts of hub methods and stacks stay out, and what is long is cut", () => {
  const lifecycle = new LifecycleLog(silentLogger);
  lifecycle.warn("upstream.lost", {
    hub: "/hub",
    partition: "secret",
    key: "secret",
    error: "secret",
    source: "secret",
    errors: "secret",
    reason: "r".repeat(1000),
    protocol: undefined,
  });
  const [event] = lifecycle.since(0);
  expect(event?.fields).toEqual({ hub: "/hub", reason: `${"r".repeat(200)}…` });
});
