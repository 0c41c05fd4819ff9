import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import type { HubRules } from "../config/hub-rules.ts";
import { rulesOf } from "./compiled-rules.testing.ts";
import type { GroupKey } from "./group-key.ts";
import { describePlace, isPrimary, placeOf } from "./line-place.ts";

const groups = [
  { name: "event", join: { method: "Subscribe", key: "{0}" }, messages: [{ target: "A", key: "{0}" }] },
  {
    name: "list",
    join: { method: "SubscribeMany", key: "{0}", keyMessagePack: "{0[]}" },
    messages: [{ target: "B", key: "{0}" }],
  },
  { name: "chat", join: { method: "Enter", key: "{0}" }, messages: [{ target: "C" }], upstream: "perKey" },
];

function keysOf(name: string): readonly GroupKey[] {
  return Array.from(
    { length: 100 },
    (_, index) => `n${name.length}:${name}i${String(index).length}:${index}` as GroupKey,
  );
}

function shardsOf(rules: HubRules, name: string, protocol: "json" | "messagepack"): ReadonlySet<string> {
  const rule = rules.groups.find((group) => group.name === name);
  if (rule === undefined) throw new Error(`no group ${name}`);
  return new Set(
    keysOf(name).map((key) => JSON.stringify(describePlace(placeOf(rules, hubProtocols[protocol], rule, key)))),
  );
}

describe("with four shards", () => {
  const rules = rulesOf(groups, { sharedUpstream: { shards: 4 } });

  test("the keys of a group are on all of them", () => {
    expect([...shardsOf(rules, "event", "json")].sort()).toEqual([0, 1, 2, 3].map((shard) => `{"shard":${shard}}`));
  });

  test("the keys of joins that yield several are on one, and only over the protocol where they do", () => {
    expect(shardsOf(rules, "list", "messagepack").size).toBe(1);
    expect(shardsOf(rules, "list", "json").size).toBe(4);
  });

  test("a key with an upstream of its own is nowhere else", () => {
    expect([...shardsOf(rules, "chat", "json")].slice(0, 2)).toEqual(['{"key":"chat:0"}', '{"key":"chat:1"}']);
  });
});

test("without shards every key is on the primary upstream, but those that have one of their own", () => {
  const rules = rulesOf(groups);
  const primary = rules.groups.map((rule) =>
    isPrimary(placeOf(rules, hubProtocols.json, rule, "n1:ai1:1" as GroupKey)),
  );
  expect(primary).toEqual([true, true, false]);
});
