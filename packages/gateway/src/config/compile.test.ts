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

test("a hub without groups has empty rules", () => {
  const rules = compileHubRules(hubOf(""));
  expect(rules).toEqual({
    path: "/hub",
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
});
