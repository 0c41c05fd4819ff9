import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import { compileKeys } from "../config/compile.ts";
import type { HubRules } from "../config/hub-rules.ts";
import { HubMetrics } from "../observe/metrics.ts";
import { chooseRoute, type Route } from "./choose-route.ts";
import { type Invocation, invocation, protocolNames, type ReadFrame, rulesOf } from "./compiled-rules.testing.ts";
import { Membership } from "./membership.ts";
import type { GroupSource, Member } from "./ports.ts";
import { SharedStream } from "./shared-stream.ts";
import { StreamTable } from "./stream-table.ts";

const groupRules = rulesOf([
  {
    name: "event",
    join: { method: "SubscribeToEvents", key: "{0[]}" },
    leave: { method: "UnsubscribeFromEvents", key: "{0[]}" },
    messages: [{ target: "Changed", key: "{0.id}" }],
  },
  { name: "news", join: { method: "Follow", key: "{0}" }, messages: [{ target: "News", key: "{0}" }] },
]);
const access = { kind: "public" } as const;
const rules: HubRules = {
  ...groupRules,
  calls: new Map([["getodds", { method: "GetOdds", keys: compileKeys({ key: "{0}" }), access, ttlMs: 0 }]]),
  streams: new Map([["prices", { method: "Prices", keys: compileKeys({ key: "{0}" }), access }]]),
};

const closedSource: GroupSource = {
  isOpen: false,
  open() {},
  invoke() {},
  stream: () => ({ cancel() {} }),
  complete() {},
};

function route(
  { protocol, envelope, frame }: ReadFrame,
  hubRules = rules,
  membership: Member["membership"] = undefined,
): Route {
  return chooseRoute(hubRules, { protocol, membership }, envelope, frame);
}

function keysOf(chosen: Route): readonly string[] | undefined {
  return "keys" in chosen ? chosen.keys.map(({ key }) => key) : undefined;
}

describe.each(protocolNames)("over %s", (name) => {
  const routeOf = (message: Invocation): Route => route(invocation(name, message));

  test("a join names its rule and its keys", () => {
    const chosen = routeOf({ target: "SubscribeToEvents", arguments: [[1, 2]], invocationId: "7" });
    expect(chosen).toMatchObject({ kind: "join", rule: { name: "event" } });
    expect(keysOf(chosen)).toEqual(["n5:eventi1:1", "n5:eventi1:2"]);
  });

  test("a leave names the keys of the join with the same values", () => {
    const chosen = routeOf({ target: "UnsubscribeFromEvents", arguments: [[2]], invocationId: "8" });
    expect(chosen.kind).toBe("leave");
    expect(keysOf(chosen)).toEqual(["n5:eventi1:2"]);
  });

  test("hub methods are found in any case, as at the origin", () => {
    expect(routeOf({ target: "subscribetoEVENTS", arguments: [[1]] }).kind).toBe("join");
    expect(routeOf({ target: "FOLLOW", arguments: ["a"] }).kind).toBe("join");
  });

  test("whatever no rule names goes to the private upstream", () => {
    expect(routeOf({ target: "PlaceBet", arguments: [1], invocationId: "1" })).toEqual({ kind: "passThrough" });
    // A target of the rule is no hub method.
    expect(routeOf({ target: "Changed", arguments: [{ id: 1 }] })).toEqual({ kind: "passThrough" });
  });

  test("a join without a key is refused in the words that the origin has for wrong arguments", () => {
    const error = "Failed to invoke 'SubscribeToEvents' due to an error on the server.";
    for (const values of [[], [1], [[]], [[{}]], [null]]) {
      expect(routeOf({ target: "SubscribeToEvents", arguments: values })).toEqual({ kind: "reject", error });
    }
  });

  test("a join that brings upload streams is refused", () => {
    const chosen = routeOf({ target: "SubscribeToEvents", arguments: [[1]], streamIds: ["s1", "s2"] });
    expect(chosen).toMatchObject({ kind: "reject", error: expect.stringContaining("Client sent 2 stream(s)") });
  });

  test("a join as a stream invocation is refused", () => {
    const protocol = hubProtocols[name];
    const frame = protocol.write({ type: 4, target: "Follow", invocationId: "1", arguments: ["a"] });
    expect(route({ protocol, envelope: protocol.peek(frame), frame })).toEqual({
      kind: "reject",
      error: "The client attempted to invoke the non-streaming 'Follow' method with a streaming invocation.",
    });
  });

  test("a stream invocation of another method passes through", () => {
    const protocol = hubProtocols[name];
    const frame = protocol.write({ type: 4, target: "Scores", invocationId: "1", arguments: [] });
    expect(route({ protocol, envelope: protocol.peek(frame), frame })).toEqual({ kind: "passThrough" });
  });

  test("a shared call is one whose answer somebody waits for and whose key is there; others go to the origin", () => {
    const call = (message: Omit<Invocation, "target">): Route => routeOf({ target: "getOdds", ...message });
    expect(call({ arguments: [42], invocationId: "1" })).toMatchObject({ kind: "call", rule: { method: "GetOdds" } });
    expect(call({ arguments: [42] })).toEqual({ kind: "passThrough" });
    expect(call({ arguments: [{}], invocationId: "1" })).toEqual({ kind: "passThrough" });
    expect(call({ arguments: [42], invocationId: "1", streamIds: ["s"] }).kind).toBe("reject");
  });

  describe("a shared stream", () => {
    const protocol = hubProtocols[name];
    const streamInvocation = (invocationId: string, ...values: readonly unknown[]): ReadFrame => {
      const frame = protocol.write({ type: 4, target: "prices", invocationId, arguments: values });
      return { protocol, envelope: protocol.peek(frame), frame };
    };
    const cancel = (invocationId: string): ReadFrame => {
      const frame = protocol.writeCancelInvocation(invocationId);
      return { protocol, envelope: protocol.peek(frame), frame };
    };

    test("is found by its method, if its key is there", () => {
      expect(route(streamInvocation("1", 42))).toMatchObject({ kind: "stream", rule: { method: "Prices" } });
      expect(route(streamInvocation("1", null))).toEqual({ kind: "passThrough" });
    });

    test("cannot be invoked as if it were no stream", () => {
      expect(routeOf({ target: "Prices", arguments: [42], invocationId: "1" })).toEqual({
        kind: "reject",
        error: "The client attempted to invoke the streaming 'Prices' method with a non-streaming invocation.",
      });
    });

    test("is ended by a cancel with its id; any other cancel goes to the origin", () => {
      const stream = new SharedStream("id", "Prices", []);
      const membership = new Membership();
      const table = new StreamTable({ source: closedSource, metrics: new HubMetrics(), maxStreams: 1 });
      membership.streams.set("1", { table, stream });
      expect(route(cancel("1"), rules, membership)).toEqual({ kind: "cancelStream", invocationId: "1", table, stream });
      expect(route(cancel("2"), rules, membership)).toEqual({ kind: "passThrough" });
      expect(route(cancel("1"))).toEqual({ kind: "passThrough" });
    });

    test("does not take an invocation id that one is open under", () => {
      const membership = new Membership();
      const table = new StreamTable({ source: closedSource, metrics: new HubMetrics(), maxStreams: 1 });
      membership.streams.set("1", { table, stream: new SharedStream("id", "Prices", []) });
      expect(route(streamInvocation("1", 42), rules, membership)).toEqual({
        kind: "reject",
        error: "Invocation ID '1' is already in use.",
      });
      expect(route(streamInvocation("2", 42), rules, membership).kind).toBe("stream");
    });
  });

  test("in a hub without rules everything passes through", () => {
    const read = invocation(name, { target: "SubscribeToEvents", arguments: [[1]] });
    expect(route(read, rulesOf([]))).toEqual({ kind: "passThrough" });
  });
});
