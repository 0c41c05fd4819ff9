import { beforeEach, expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import { type Logger, silentLogger } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { AddressTable, addressKey } from "./address-table.ts";

let metrics: Metrics;
let warnings: string[];
let nowMs: number;
let table: AddressTable;

beforeEach(() => {
  metrics = new Metrics();
  warnings = [];
  nowMs = 0;
  setUp(1);
});

function setUp(maxConnectionsPerAddress: number): void {
  const clock = { ...systemClock, now: () => nowMs };
  const log: Logger = { ...silentLogger, warn: (event, fields) => warnings.push(`${event} ${fields?.reason}`) };
  table = new AddressTable({ limits: { maxConnectionsPerAddress }, metrics, clock, log });
}

function connect(address: string, token: string): boolean {
  const taken = table.take(address);
  if (taken.kind === "full") return false;
  table.keep(taken.place, token);
  return true;
}

test("an address has so many connections, and room again when one of them is gone", () => {
  setUp(2);
  expect(["a", "b", "c"].map((token) => connect("192.0.2.1", token))).toEqual([true, true, false]);
  expect(connect("192.0.2.2", "d")).toBe(true);
  table.release("a");
  expect(connect("192.0.2.1", "e")).toBe(true);
  expect(connect("192.0.2.1", "f")).toBe(false);
});

test("a place is taken before the connection is there, so that many at once do not get past the bound", () => {
  const first = table.take("192.0.2.1");
  expect(table.take("192.0.2.1")).toEqual({ kind: "full" });
  if (first.kind === "taken") table.giveBack(first.place);
  expect(table.take("192.0.2.1").kind).toBe("taken");
});

test("nothing is kept of an address that has no connection any more, however often its token is released", () => {
  setUp(2);
  connect("192.0.2.1", "a");
  connect("192.0.2.1", "b");
  for (const token of ["a", "a", "unknown"]) table.release(token);
  expect(table.of("b")).toMatchObject({ connections: 1 });
  table.release("b");
  expect([table.addressCount, table.of("b")]).toEqual([0, undefined]);
});

test("what is refused is counted, and said every ten seconds at most", () => {
  connect("192.0.2.1", "a");
  connect("192.0.2.1", "b");
  nowMs = 9_999;
  connect("192.0.2.1", "c");
  expect(warnings).toEqual([
    "address.refused 1 connections of one address; if that is a proxy, name it in trustedProxies",
  ]);
  nowMs = 10_000;
  connect("192.0.2.1", "d");
  expect(warnings).toHaveLength(2);
  expect(metrics.addressesRefused).toBe(3);
});

test("loopback and sockets that are gone are not bounded", () => {
  for (const address of ["127.0.0.1", "127.8.0.9", "::1", undefined]) {
    expect(table.take(address)).toEqual({ kind: "taken", place: undefined });
    expect(table.take(address)).toEqual({ kind: "taken", place: undefined });
  }
  expect(table.addressCount).toBe(0);
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:ffff:eeee:dddd:cccc", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.33", "64:ff9b:0:0::/64"],
  ["1:2:3:4:5:6:192.0.2.33", "1:2:3:4::/64"],
  ["::", "0:0:0:0::/64"],
  ["192.0.2.1", "192.0.2.1"],
])("%s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
