import { type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import { namedKeys } from "../aggregation/group-key.ts";
import { compileHubRules } from "../config/compile.ts";
import type { GroupRule } from "../config/hub-rules.ts";
import { loadConfig } from "../config/load.ts";
import type { Membership } from "./client-view.ts";
import type { Sighting } from "./evidence.ts";
import { findTemplate } from "./find-template.ts";

function ruleWith(joinKey: string, more: object = {}): GroupRule {
  const group = {
    name: "event",
    access: "public",
    join: { method: "Join", key: joinKey },
    messages: [{ target: "Changed", key: "all" }],
    ...more,
  };
  const config = { hubs: [{ path: "/hub", origin: "http://127.0.0.1/hub", groups: [group] }] };
  const loaded = loadConfig(JSON.stringify(config), { format: "json", environment: {}, fileName: "test" });
  const [rule] = loaded.ok ? loaded.config.hubs.flatMap((hub) => compileHubRules(hub).groups) : [];
  if (rule === undefined) throw new Error("the rule does not load");
  return rule;
}

/** A message as a client got it that had joined with each of the lists of arguments. */
function sighting(
  rule: GroupRule,
  joined: readonly (readonly unknown[])[],
  message: readonly unknown[],
  protocolName: HubProtocolName = "json",
): Sighting {
  const protocol = hubProtocols[protocolName];
  const frameOf = (target: string, list: readonly unknown[]) => {
    const frame = protocol.write({ type: 1, target, arguments: list });
    return { frame, envelope: protocol.peek(frame) };
  };
  const memberships = joined.flatMap((list): Membership[] => {
    const { frame, envelope } = frameOf("Join", list);
    const named = namedKeys(rule, rule.join.keys[protocolName], protocol, envelope, frame) ?? [];
    return named.map((one) => ({ rule, named: one }));
  });
  const entry = { kind: "received", atMs: 0, ...frameOf("Changed", message) } as const;
  return { pair: 1, protocol, memberships, during: undefined, entry };
}

describe("the template of messages", () => {
  test("is the path at which every receiver finds what it joined with", () => {
    const rule = ruleWith("{0}");
    const seen = [
      // A number that happens to be the same once is not the key.
      sighting(rule, [[1]], [{ sequence: 1, match: { id: 1 } }]),
      sighting(rule, [[2], [3]], [{ sequence: 9, match: { id: 3 } }]),
    ];
    expect(findTemplate(seen, rule)).toEqual({ source: "{0.match.id}", needsKeyKindText: false });
  });

  test("is written with the names of JSON where there is some", () => {
    const rule = ruleWith("{0}");
    const seen = [
      sighting(rule, [[1]], [{ EventId: 1 }], "messagepack"),
      sighting(rule, [[2]], [{ eventId: 2 }], "json"),
    ];
    expect(findTemplate(seen, rule)?.source).toBe("{0.eventId}");
    expect(findTemplate(seen.slice(0, 1), rule)?.source).toBe("{0.EventId}");
  });

  test("keeps the text and the order of the join's", () => {
    const rule = ruleWith("{{{0}}}/{1}");
    const seen = [sighting(rule, [["uk", 7]], [7, { market: "uk" }])];
    expect(findTemplate(seen, rule)?.source).toBe("{{{1.market}}}/{0}");
  });

  test("is the constant of a join that has one", () => {
    const rule = ruleWith("all");
    expect(findTemplate([sighting(rule, [[]], [{ any: 1.5 }])], rule)?.source).toBe("all");
  });

  test("needs keyKind: text where one side is text and the other a number", () => {
    const rule = ruleWith("{0}");
    expect(findTemplate([sighting(rule, [["42"]], [{ id: 42 }])], rule)).toEqual({
      source: "{0.id}",
      needsKeyKindText: true,
    });
  });

  test("does not exist for what carries no such value, or came to somebody who had not joined", () => {
    const rule = ruleWith("{0}");
    expect(findTemplate([sighting(rule, [[1]], [{ id: 2 }])], rule)).toBeUndefined();
    const both = [sighting(rule, [[1]], [{ id: 1 }]), sighting(rule, [], [{ id: 1 }])];
    expect(findTemplate(both, rule)).toBeUndefined();
    expect(findTemplate([], rule)).toBeUndefined();
  });
});
