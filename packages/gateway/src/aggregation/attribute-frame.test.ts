import { describe, expect, test } from "vitest";
import { attributeFrame } from "./attribute-frame.ts";
import { invocation, protocolNames, type ReadFrame, rulesOf } from "./compiled-rules.testing.ts";

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
  return attributeFrame(rules, protocol, envelope, frame).map(({ rule, key }) => `${rule.to} ${key}`);
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
