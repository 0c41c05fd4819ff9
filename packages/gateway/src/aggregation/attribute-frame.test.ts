import { describe, expect, test } from "vitest";
import { attributeFrame } from "./attribute-frame.ts";
import { invocation, onlyGroup, protocolNames, type ReadFrame, rulesOf } from "./compiled-rules.testing.ts";
import type { GroupKey } from "./group-key.ts";
import { type LinePlace, primaryPlace } from "./line-place.ts";

const rules = rulesOf([
  {
    name: "event",
    join: { method: "SubscribeToEvent", key: "{0}" },
    messages: [
      { target: "OddsChanged", key: "{0.eventId}" },
      { target: "Snapshot", key: "{0.eventId}", to: "joiner" },
    ],
  },
  {
    name: "market",
    join: { method: "SubscribeToMarket", key: "{0}" },
    messages: [{ target: "OddsChanged", key: "{0.marketId}" }],
  },
]);

function attributions({ protocol, envelope, frame }: ReadFrame): readonly string[] {
  return attributeFrame(rules, protocol, envelope, frame, primaryPlace).map(({ rule, key }) => `${rule.to} ${key}`);
}

describe.each(protocolNames)("over %s", (name) => {
  const attribute = (target: string, ...values: readonly unknown[]): readonly string[] =>
    attributions(invocation(name, { target, arguments: values }));

  test("a message belongs to the group that its arguments name", () => {
    expect(attribute("Snapshot", { eventId: 42 })).toEqual(["joiner n5:eventi2:42"]);
  });

  test("a target of two rules belongs to the groups of both, or to the one whose key it has", () => {
    expect(attribute("OddsChanged", { eventId: 1, marketId: "m" })).toEqual([
      "members n5:eventi1:1",
      "members n6:markets1:m",
    ]);
    expect(attribute("OddsChanged", { marketId: "m" })).toEqual(["members n6:markets1:m"]);
  });

  test("a target that no rule names belongs to nobody; targets are exact", () => {
    expect(attribute("BetSettled", { eventId: 42 })).toEqual([]);
    expect(attribute("oddschanged", { eventId: 42 })).toEqual([]);
  });

  test("a message without a key belongs to nobody", () => {
    expect(attribute("OddsChanged", { eventId: null })).toEqual([]);
    expect(attribute("OddsChanged", { eventId: [42] })).toEqual([]);
    expect(attribute("OddsChanged", { other: { eventId: 42 } })).toEqual([]);
    expect(attribute("OddsChanged")).toEqual([]);
  });
});

describe.each(protocolNames)("a target without a key, over %s", (name) => {
  const own = rulesOf([
    {
      name: "chat",
      join: { method: "Enter", key: "{0}" },
      messages: [{ target: "Said" }, { target: "Topic", key: "{0.room}" }],
      upstream: "perKey",
    },
  ]);
  const key = "n4:chati1:7" as GroupKey;
  const place: LinePlace = { kind: "key", rule: onlyGroup(own).name, key };
  const keysOn = (where: LinePlace | undefined, target: string, ...values: readonly unknown[]): readonly string[] => {
    const { protocol, envelope, frame } = invocation(name, { target, arguments: values });
    return attributeFrame(own, protocol, envelope, frame, where).map((attribution) => attribution.key);
  };

  test("belongs to the key of its upstream, whatever its arguments", () => {
    expect(keysOn(place, "Said", "hello")).toEqual([key]);
    expect(keysOn(place, "Said")).toEqual([key]);
  });

  test("belongs to nobody on the upstream of a key of another rule, on one of many keys, and on a private one", () => {
    for (const where of [{ ...place, rule: "other" }, primaryPlace, undefined]) {
      expect(keysOn(where, "Said", "hello")).toEqual([]);
    }
  });

  test("stands beside targets that say their key, and then that is the key", () => {
    expect(keysOn(place, "Topic", { room: 8 })).toEqual(["n4:chati1:8"]);
  });
});
