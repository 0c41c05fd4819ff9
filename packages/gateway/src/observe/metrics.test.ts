import { expect, test } from "vitest";
import { closeReasons } from "../close-reasons.ts";
import { Metrics } from "./metrics.ts";

test("a hub has one set of counters, found by its path", () => {
  const metrics = new Metrics();
  metrics.hub("/a").joins += 2;
  metrics.hub("/a").joins += 1;
  expect(metrics.hub("/a").joins).toBe(3);
  expect(metrics.hub("/b").joins).toBe(0);
  expect([...metrics.hubs.keys()]).toEqual(["/a", "/b"]);
});

test("two gateways in one process share nothing", () => {
  const one = new Metrics();
  const other = new Metrics();
  one.hub("/a").countClosed(closeReasons.gap);
  one.negotiations += 1;
  expect(other.hub("/a").closed.gap).toBe(0);
  expect(other.negotiations).toBe(0);
});
