import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import { chooseRoute, type Route } from "./choose-route.ts";
import { type Invocation, invocation, protocolNames, type ReadFrame, rulesOf } from "./compiled-rules.testing.ts";

const rules = rulesOf([
  {
    name: "event",
    join: { method: "SubscribeToEvents", key: "{0[]}" },
    leave: { method: "UnsubscribeFromEvents", key: "{0[]}" },
    messages: [{ target: "Changed", key: "{0.id}" }],
  },
  { name: "news", join: { method: "Follow", key: "{0}" }, messages: [{ target: "News", key: "{0}" }] },
]);

function route({ protocol, envelope, frame }: ReadFrame, hubRules = rules): Route {
  return chooseRoute(hubRules, protocol, envelope, frame);
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
    const frame = protocol.write({ type: 4, target: "Prices", invocationId: "1", arguments: [] });
    expect(route({ protocol, envelope: protocol.peek(frame), frame })).toEqual({ kind: "passThrough" });
  });

  test("in a hub without rules everything passes through", () => {
    const read = invocation(name, { target: "SubscribeToEvents", arguments: [[1]] });
    expect(route(read, rulesOf([]))).toEqual({ kind: "passThrough" });
  });
});
