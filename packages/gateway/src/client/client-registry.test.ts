import { beforeEach, expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import type { ClientConnection } from "./client-connection.ts";
import { type AnyTransport, ClientRegistry, newConnectionToken } from "./client-registry.ts";

let nowMs: number;
let registry: ClientRegistry<string>;
const clock: Clock = {
  now: () => nowMs,
  after: () => ({ cancel: () => undefined }),
  random: () => 0,
};

beforeEach(() => {
  nowMs = 1000;
  registry = new ClientRegistry(clock);
});

/** The registry only keeps them. */
const connection = {} as ClientConnection;
const transport = {} as AnyTransport;

test("a connection token is 128 random bits in 22 characters that need no escaping", () => {
  const tokens = Array.from({ length: 1000 }, newConnectionToken);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new Set(tokens).size).toBe(1000);
});

test("a negotiated id is found on its own hub and on no other", () => {
  registry.add("id", "/a", "ticket", 15_000);
  expect(registry.find("id", "/a")).toMatchObject({ kind: "negotiated", ticket: "ticket" });
  expect(registry.find("id", "/b")).toBeUndefined();
  expect(registry.find("other", "/a")).toBeUndefined();
});

test("an id is negotiated, connecting, connected, and then unknown", () => {
  registry.add("id", "/a", "ticket", 15_000);
  expect([registry.negotiatedCount, registry.connectedCount]).toEqual([1, 0]);
  registry.claim("id", "/a", "ticket", []);
  expect(registry.find("id", "/a")?.kind).toBe("connecting");
  expect([registry.negotiatedCount, registry.connectedCount]).toEqual([0, 1]);
  registry.connect("id", "/a", connection, transport);
  expect(registry.find("id", "/a")).toMatchObject({ kind: "connected", connection });
  expect([...registry.connections()]).toEqual([connection]);
  registry.remove("id");
  expect(registry.find("id", "/a")).toBeUndefined();
  expect([registry.negotiatedCount, registry.connectedCount]).toEqual([0, 0]);
});

test("a client that skipped negotiation comes with an id that nobody was given", () => {
  registry.claim("new", "/a", "ticket", []);
  registry.connect("new", "/a", connection, transport);
  expect([registry.negotiatedCount, registry.connectedCount]).toEqual([0, 1]);
});

test("what was posted to an id before its transport came is kept with it", () => {
  registry.add("id", "/a", "ticket", 15_000);
  const negotiated = registry.find("id", "/a");
  if (negotiated?.kind !== "negotiated") throw new Error("not negotiated");
  negotiated.early.push(Buffer.from("handshake"));
  registry.claim("id", "/a", negotiated.ticket, negotiated.early);
  expect(registry.find("id", "/a")).toMatchObject({ kind: "connecting", early: [Buffer.from("handshake")] });
});

test("a sweep forgets the ids that no transport came for in time, and nothing else", () => {
  registry.add("old", "/a", "ticket", 15_000);
  registry.add("used", "/a", "ticket", 15_000);
  registry.claim("used", "/a", "ticket", []);
  nowMs += 5000;
  registry.add("young", "/a", "ticket", 15_000);
  registry.sweep(nowMs + 9999);
  expect(registry.negotiatedCount).toBe(2);
  registry.sweep(nowMs + 10_000);
  expect(registry.find("old", "/a")).toBeUndefined();
  expect(registry.find("used", "/a")?.kind).toBe("connecting");
  expect(registry.find("young", "/a")?.kind).toBe("negotiated");
  expect([registry.negotiatedCount, registry.connectedCount]).toEqual([1, 1]);
});
