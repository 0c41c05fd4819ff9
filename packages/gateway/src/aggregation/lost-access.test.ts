import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import type { HubRules } from "../config/hub-rules.ts";
import type { Identity } from "../identity.ts";
import { RuleSavings } from "../observe/savings.ts";
import type { Caller, CallTable } from "./call-table.ts";
import { rulesOf } from "./compiled-rules.testing.ts";
import { Group } from "./group.ts";
import type { GroupKey } from "./group-key.ts";
import type { GroupTable } from "./group-table.ts";
import { hasLostAccess } from "./lost-access.ts";
import { Membership } from "./membership.ts";
import type { HubClient } from "./ports.ts";
import { SharedStream } from "./shared-stream.ts";
import type { StreamTable } from "./stream-table.ts";
import { Subscription } from "./subscription.ts";

const jwt = { authentication: { jwt: { issuer: "i", audience: "a", jwksUrl: "https://keys.example/jwks" } } };
const vip = { claims: { tier: ["vip"] } };
const user: Identity = { subject: "u", claims: { tier: "basic" }, expiresAtMs: Number.POSITIVE_INFINITY };

/** Nothing is asked of it. */
const table = {} as GroupTable;

/** One group, one call and one stream, all with the same access. */
function rulesWith(access: unknown): HubRules {
  const group = {
    name: "event",
    access: access === "probe-group" ? "probe" : access,
    join: { method: "Subscribe", key: "{0}" },
    leave: { method: "Unsubscribe", key: "{0}" },
    messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
  };
  const query = access === "probe-group" ? "public" : access;
  return rulesOf([group], {
    ...jwt,
    calls: [{ method: "GetEvent", key: "{0}", access: query }],
    streams: [{ method: "Score", key: "{0}", access: query }],
  });
}

function clientIn(rules: HubRules, what: (membership: Membership, client: HubClient) => void, identity?: Identity) {
  const membership = new Membership();
  const client: HubClient = {
    protocol: hubProtocols.json,
    membership,
    partition: { key: "" as HubClient["partition"]["key"], query: [], headers: [] },
    owner: { identity, credential: "", credentialExpiresAtMs: Number.POSITIVE_INFINITY },
    write() {},
    letGo() {},
    complete() {},
    passThrough() {},
    close() {},
    invokePrivately() {},
  };
  what(membership, client);
  return (next: HubRules): boolean => hasLostAccess(client, rules, next);
}

const places: Readonly<Record<string, (rules: HubRules) => (membership: Membership, client: HubClient) => void>> = {
  "a group": (rules) => (membership) => membership.groups.add(groupOf(rules)),
  "a join that waits": (rules) => (membership, client) => {
    const group = groupOf(rules);
    const subscription = new Subscription("s", group.rule, [], [group]);
    membership.waiters.add({ client, table, subscription, invocationId: "1", wanted: new Set([group]), added: [] });
  },
  "a stream": () => (membership) => {
    membership.streams.set("1", { table: {} as StreamTable, stream: new SharedStream("s", "SCORE", []) });
  },
  "a call": (rules) => (membership, client) => {
    const rule = rules.calls.get("getevent");
    if (rule === undefined) throw new Error("no call");
    const state = { name: "queued" as const, callers: new Set<Caller>() };
    membership.callers.add({
      client,
      invocationId: "1",
      table: {} as CallTable,
      call: { id: "c", rule, rawArguments: [], state },
    });
  },
};

function groupOf(rules: HubRules): Group {
  const [rule] = rules.groups;
  if (rule === undefined) throw new Error("no group");
  return new Group(table, "k" as GroupKey, rule, undefined, new RuleSavings("group", rule.name));
}

for (const [place, enter] of Object.entries(places)) {
  describe(`a client in ${place}`, () => {
    const open = rulesWith("public");

    test("loses it where only others are let in, and not where it is let in", () => {
      expect(clientIn(open, enter(open))(rulesWith("authenticated"))).toBe(true);
      expect(clientIn(open, enter(open), user)(rulesWith("authenticated"))).toBe(false);
      expect(clientIn(open, enter(open), user)(rulesWith(vip))).toBe(true);
      expect(clientIn(open, enter(open), { ...user, claims: { tier: "vip" } })(rulesWith(vip))).toBe(false);
    });

    test("keeps it under rules that are the same or wider", () => {
      expect(clientIn(open, enter(open))(rulesWith("public"))).toBe(false);
      const narrow = rulesWith(vip);
      expect(clientIn(narrow, enter(narrow))(rulesWith(vip))).toBe(false);
      expect(clientIn(narrow, enter(narrow))(rulesWith("public"))).toBe(false);
    });
  });
}

test("a member under a rule that is probed from now on has not been asked about", () => {
  const open = rulesWith("public");
  const enter = places["a group"];
  if (enter === undefined) throw new Error("no place");
  expect(clientIn(open, enter(open), user)(rulesWith("probe-group"))).toBe(true);
  const probed = rulesWith("probe-group");
  expect(clientIn(probed, enter(probed), user)(rulesWith("probe-group"))).toBe(false);
});

test("a client that takes part in nothing has nothing to lose", () => {
  const open = rulesWith("public");
  expect(clientIn(open, () => {})(rulesWith(vip))).toBe(false);
});
