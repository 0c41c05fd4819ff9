import { expect, test } from "vitest";
import { compileHubRules } from "./compile.ts";
import { loadConfig } from "./load.ts";
import type { HubConfig } from "./schema.ts";

function hubOf(lines: string): HubConfig {
  const text = `hubs:\n  - path: /hub\n    origin: http://127.0.0.1/hub\n${lines}`;
  const result = loadConfig(text, { environment: {}, fileName: "gateway.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  const [hub] = result.config.hubs;
  if (hub === undefined) throw new Error("no hub");
  return hub;
}

const odds = hubOf(`
    partitionBy: [query.Market, header.X-Brand, query.a.b]
    groups:
      - name: event
        access: public
        join: { method: SubscribeToEvent, key: "{0}", keyMessagePack: "{0[1]}" }
        leave: { method: UnsubscribeFromEvent, key: "{0}" }
        messages:
          - { target: OddsChanged, key: "{0.eventId}" }
          - { target: EventSnapshot, key: "{0.eventId}", to: joiner, privateCopies: deliver }
        onGap: rejoin
        lingerMs: 5
        keyKind: text
      - name: market
        access: public
        join: { method: SubscribeToMarket, key: "m-{0}" }
        messages:
          - { target: OddsChanged, key: "m-{0.marketId}" }
`);

test("hub methods are found in lower case, targets exactly", () => {
  const rules = compileHubRules(odds);
  expect([...rules.joins.keys()]).toEqual(["subscribetoevent", "subscribetomarket"]);
  expect([...rules.leaves.keys()]).toEqual(["unsubscribefromevent"]);
  expect([...rules.targets.keys()]).toEqual(["OddsChanged", "EventSnapshot"]);
  const [event, market] = rules.groups;
  expect(rules.joins.get("subscribetoevent")).toBe(event);
  expect(rules.leaves.get("unsubscribefromevent")).toBe(event);
  expect(rules.joins.get("subscribetomarket")).toBe(market);
});

test("a group rule carries everything that was configured", () => {
  const [event, market] = compileHubRules(odds).groups;
  expect(event).toMatchObject({
    name: "event",
    access: { kind: "public" },
    join: { method: "SubscribeToEvent" },
    leave: { method: "UnsubscribeFromEvent" },
    keyKind: "text",
    onGap: "rejoin",
    lingerMs: 5,
  });
  expect(market?.leave).toBeUndefined();
  expect(market).toMatchObject({ keyKind: "exact", onGap: "close", lingerMs: 10_000 });
});

test("every target rule knows its group, and a target may have several", () => {
  const { groups, targets } = compileHubRules(odds);
  const [event, market] = groups;
  expect(targets.get("OddsChanged")?.map((rule) => rule.group)).toEqual([event, market]);
  expect(targets.get("OddsChanged")?.[0]).toBe(event?.messages[0]);
  expect(targets.get("EventSnapshot")).toMatchObject([{ to: "joiner", onSlow: "close", privateCopies: "deliver" }]);
  expect(targets.get("OddsChanged")).toMatchObject([
    { to: "members", privateCopies: "drop" },
    { to: "members", privateCopies: "drop" },
  ]);
});

test("keyMessagePack replaces the key on MessagePack connections only", () => {
  const [event, market] = compileHubRules(odds).groups;
  expect(event?.join.keys).toEqual({
    json: { source: "{0}", parts: [{ argument: 0, path: [], expand: false }] },
    messagepack: { source: "{0[1]}", parts: [{ argument: 0, path: [1], expand: false }] },
  });
  expect(market?.join.keys.messagepack).toEqual(market?.join.keys.json);
});

test("partition sources are split at the first dot, with headers in lower case", () => {
  expect(compileHubRules(odds).partitionBy).toEqual([
    { kind: "query", name: "Market" },
    { kind: "header", name: "x-brand" },
    { kind: "query", name: "a.b" },
  ]);
});

const everyKind = hubOf(`
    authentication: { jwt: { issuer: me, audience: hub, jwksFile: keys.json } }
    groups:
      - name: asked
        access: probe
        join: { method: JoinAsked, key: "{0}" }
        leave: { method: LeaveAsked, key: "{0}" }
        messages: [{ target: A, key: "{0}", onSlow: drop }, { target: B, key: "{0}", onSlow: conflate }]
        probeTtlMs: 5
      - name: vip
        access: { claims: { tier: [vip, gold] } }
        join: { method: JoinVip, key: "{0}" }
        messages: [{ target: C, key: "{0}" }]
        joinResult: cached
        cacheMs: 7
    broadcasts: [{ target: News }, { target: Alert, onGap: ignore }]
    calls:
      - { method: GetEvent, key: "{0}", keyMessagePack: "{1}", access: authenticated, ttlMs: 500 }
      - { method: GetAll, key: all, access: public }
    streams: [{ method: Watch, key: "{0}", access: { claims: { tier: [vip] } } }]
`);

test("each kind of access is compiled with what belongs to it", () => {
  const { groups, calls, streams } = compileHubRules(everyKind);
  expect(groups.map(({ access }) => access)).toEqual([
    { kind: "probe", ttlMs: 5 },
    { kind: "claims", claims: { tier: ["vip", "gold"] } },
  ]);
  expect([...calls.values()].map(({ access }) => access)).toEqual([{ kind: "authenticated" }, { kind: "public" }]);
  expect(streams.get("watch")?.access).toEqual({ kind: "claims", claims: { tier: ["vip"] } });
});

test("only joins that may be answered from a cache have an age for it", () => {
  expect(compileHubRules(everyKind).groups.map(({ cacheMs }) => cacheMs)).toEqual([undefined, 7]);
  expect(compileHubRules(odds).groups.map(({ cacheMs }) => cacheMs)).toEqual([undefined, undefined]);
});

test("every target rule says what becomes of slow clients", () => {
  const { targets } = compileHubRules(everyKind);
  expect(["A", "B", "C"].map((target) => targets.get(target)?.[0]?.onSlow)).toEqual(["drop", "conflate", "close"]);
});

test("calls and streams are found by their hub method in lower case, broadcasts by their exact target", () => {
  const { calls, streams, broadcasts } = compileHubRules(everyKind);
  expect([...calls.keys()]).toEqual(["getevent", "getall"]);
  expect(calls.get("getevent")).toMatchObject({
    method: "GetEvent",
    ttlMs: 500,
    keys: { json: { source: "{0}" }, messagepack: { source: "{1}" } },
  });
  expect(calls.get("getall")).toMatchObject({ ttlMs: 0 });
  expect([...streams.keys()]).toEqual(["watch"]);
  expect([...broadcasts]).toEqual([
    ["News", { target: "News", onGap: "close" }],
    ["Alert", { target: "Alert", onGap: "ignore" }],
  ]);
});

test("a hub without rules has empty ones", () => {
  const rules = compileHubRules(hubOf(""));
  expect(rules).toEqual({
    path: "/hub",
    shards: 1,
    groups: [],
    joins: new Map(),
    leaves: new Map(),
    targets: new Map(),
    calls: new Map(),
    streams: new Map(),
    broadcasts: new Map(),
    partitionBy: [],
  });
});

test("a config that nobody validated is our bug, and is thrown", () => {
  const [group] = odds.groups;
  if (group === undefined) throw new Error("no group");
  const wrongKey = { ...odds, groups: [{ ...group, join: { method: "A", key: "{" } }] };
  expect(() => compileHubRules(wrongKey)).toThrow("key template was not validated");
  expect(() => compileHubRules({ ...odds, groups: [group, group] })).toThrow("has two rules");
  const calls = [...everyKind.calls, ...everyKind.calls];
  expect(() => compileHubRules({ ...everyKind, calls })).toThrow("has two rules");
});
