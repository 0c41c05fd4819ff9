import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import { invocation, onlyGroup, protocolNames, rulesOf } from "./compiled-rules.testing.ts";
import { namedKeys } from "./group-key.ts";
import { leaveArguments } from "./leave-arguments.ts";

const messages = [{ target: "Changed", key: "{0.id}" }];

describe.each(protocolNames)("over %s", (name) => {
  const protocol = hubProtocols[name];

  /** What the gateway would invoke the leave method with for each key of a join, decoded. */
  function leavesOf(joinKey: string, leaveKey: string, ...values: readonly unknown[]): readonly unknown[] {
    const join = { method: "Subscribe", key: joinKey };
    const leave = { method: "Unsubscribe", key: leaveKey };
    const rule = onlyGroup(rulesOf([{ name: "event", join, leave, messages }]));
    const read = invocation(name, { target: "Subscribe", arguments: values });
    const named = namedKeys(rule, rule.join.keys[name], protocol, read.envelope, read.frame) ?? [];
    return named.map(({ scalars }) => {
      const rawArguments = leaveArguments(rule, protocol, scalars) ?? [];
      const message = protocol.parse(protocol.writeInvocation({ target: "Unsubscribe", arguments: rawArguments }));
      return message?.type === 1 ? message.arguments : undefined;
    });
  }

  test("a key is left with the values that it was joined with", () => {
    expect(leavesOf("{0}", "{0}", "a")).toEqual([["a"]]);
    expect(leavesOf("{0}", "{0}", true)).toEqual([[true]]);
  });

  test("values from inside an argument become whole arguments", () => {
    expect(leavesOf("{0.market}/{0.event}", "{0}/{1}", { market: "uk", event: "e7" })).toEqual([["uk", "e7"]]);
  });

  test("the n-th reference of the leave takes the value of the n-th of the join", () => {
    expect(leavesOf("{0}/{1}", "{1}/{0}", "first", "second")).toEqual([["second", "first"]]);
  });

  test("each key of an array is left by itself, in an array of one if the method takes an array", () => {
    expect(leavesOf("{0[]}", "{0[]}", ["a", "b"])).toEqual([[["a"]], [["b"]]]);
  });

  test("an integer beyond 2^53 keeps its value", () => {
    const rule = onlyGroup(
      rulesOf([{ name: "event", join: { method: "S", key: "{0}" }, leave: { method: "U", key: "{0}" }, messages }]),
    );
    const scalar = { kind: "integer", text: "9007199254740993" } as const;
    const [raw] = leaveArguments(rule, protocol, [scalar]) ?? [];
    const frame = protocol.writeInvocation({ target: "U", arguments: raw === undefined ? [] : [raw] });
    const [range] = protocol.peek(frame).argumentRanges;
    expect(range && protocol.readScalar(frame, range, [])).toEqual(scalar);
  });

  test("without a leave method there is nothing to invoke", () => {
    const rule = onlyGroup(rulesOf([{ name: "event", join: { method: "Subscribe", key: "{0}" }, messages }]));
    expect(leaveArguments(rule, protocol, [{ kind: "string", text: "a" }])).toBeUndefined();
  });
});
