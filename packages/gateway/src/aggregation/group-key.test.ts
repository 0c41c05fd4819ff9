import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import type { HubRules, KeyTemplate } from "../config/hub-rules.ts";
import { invocation, jsonFrame, onlyGroup, protocolNames, type ReadFrame, rulesOf } from "./compiled-rules.testing.ts";
import { describeKey, type GroupKey, groupKey, namedKeys } from "./group-key.ts";

function rulesWithKey(key: string, more: object = {}): HubRules {
  const messages = [{ target: "Changed", key: "{0.id}" }];
  return rulesOf([{ name: "event", join: { method: "Subscribe", key }, messages, ...more }]);
}

/** The keys that a join names under `key`. */
function keysOf(key: string, read: ReadFrame, more: object = {}): readonly GroupKey[] | undefined {
  const rule = onlyGroup(rulesWithKey(key, more));
  const template: KeyTemplate = rule.join.keys[read.protocol.name];
  return namedKeys(rule, template, read.protocol, read.envelope, read.frame)?.map((named) => named.key);
}

function subscribe(...values: readonly unknown[]) {
  return protocolNames.map((name) => invocation(name, { target: "Subscribe", arguments: values }));
}

test.each([
  ["an integer", 42, "i2:42"],
  ["a negative integer", -7, "i2:-7"],
  ["text", "42", "s2:42"],
  ["empty text", "", "s0:"],
  ["a boolean", true, "b4:true"],
])("%s is a key of its own kind, the same in both hub protocols", (_name, value, part) => {
  for (const read of subscribe(value)) expect(keysOf("{0}", read)).toEqual([`n5:event${part}`]);
});

test("an integer beyond 2^53 is not rounded", () => {
  for (const name of protocolNames) {
    const protocol = hubProtocols[name];
    const raw = protocol.writeScalar({ kind: "integer", text: "9007199254740993" });
    const frame = protocol.writeInvocation({ target: "Subscribe", arguments: [raw] });
    expect(keysOf("{0}", { protocol, envelope: protocol.peek(frame), frame })).toEqual([
      "n5:eventi16:9007199254740993",
    ]);
  }
});

test.each([
  ["an object", { id: 1 }],
  ["an array", [1]],
  ["a fraction", 1.5],
  ["null", null],
])("%s is no key", (_name, value) => {
  for (const read of subscribe(value)) expect(keysOf("{0}", read)).toBeUndefined();
});

test("an argument that is not there is no key", () => {
  for (const read of subscribe(1)) expect(keysOf("{1}", read)).toBeUndefined();
});

test("escapes in JSON text do not make another key", () => {
  const plain = jsonFrame('{"type":1,"target":"Subscribe","arguments":["Aé/"]}');
  const escaped = jsonFrame('{"type":1,"target":"Subscribe","arguments":["\\u0041\\u00e9\\/"]}');
  expect(keysOf("{0}", escaped)).toEqual(keysOf("{0}", plain));
});

test("literal text and several references are parts of one key", () => {
  for (const read of subscribe("a", { id: 3 })) {
    expect(keysOf("x{0}/{1.id}", read)).toEqual(["n5:eventl1:xs1:al1:/i1:3"]);
  }
});

test("an array argument names one key per element, the same element once", () => {
  for (const read of subscribe([3, "3", 3])) {
    expect(keysOf("{0[]}", read)).toEqual(["n5:eventi1:3", "n5:events1:3"]);
  }
});

test("what stands beside an array argument is part of each of its keys", () => {
  for (const read of subscribe("uk", [1, 2])) {
    expect(keysOf("{0}:{1[]}", read)).toEqual(["n5:events2:ukl1::i1:1", "n5:events2:ukl1::i1:2"]);
  }
});

test.each([
  ["an empty array", []],
  ["an array with an element that is no key", [1, null]],
  ["no array", 1],
])("%s names no keys at all", (_name, value) => {
  for (const read of subscribe(value)) expect(keysOf("{0[]}", read)).toBeUndefined();
});

test('keyKind text makes 42 and "42" one key', () => {
  for (const number of subscribe(42)) {
    for (const text of subscribe("42")) {
      expect(keysOf("{0}", number, { keyKind: "text" })).toEqual(keysOf("{0}", text, { keyKind: "text" }));
      expect(keysOf("{0}", number)).not.toEqual(keysOf("{0}", text));
    }
  }
});

describe("the key of a message", () => {
  function messageKey(read: ReadFrame, key = "{0.id}"): GroupKey | undefined {
    const rules = rulesOf([
      { name: "event", join: { method: "Subscribe", key: "{0}" }, messages: [{ target: "Changed", key }] },
    ]);
    const rule = onlyGroup(rules);
    const template = rule.messages[0]?.keys?.[read.protocol.name];
    if (template === undefined) throw new Error("no message rule");
    return groupKey(rule, template, read.protocol, read.envelope, read.frame);
  }

  test("is that of the join with the same value, wherever either finds it", () => {
    for (const [index, name] of protocolNames.entries()) {
      const read = invocation(name, { target: "Changed", arguments: [{ odds: [1, 2], id: 42 }] });
      const join = subscribe(42)[index];
      if (join === undefined) throw new Error("no join");
      expect([messageKey(read)]).toEqual(keysOf("{0}", join));
    }
  });

  test("is found under the property name in another case, as MessagePack origins write it", () => {
    const read = invocation("messagepack", { target: "Changed", arguments: [{ Id: 42 }] });
    expect(messageKey(read)).toBe("n5:eventi2:42");
  });

  test("does not exist if the message has no such value", () => {
    for (const name of protocolNames) {
      for (const value of [{}, { id: null }, { id: {} }, "text", null]) {
        expect(messageKey(invocation(name, { target: "Changed", arguments: [value] }))).toBeUndefined();
      }
      expect(messageKey(invocation(name, { target: "Changed", arguments: [] }))).toBeUndefined();
    }
  });
});

test("a key is shown to people as its rule and its values", () => {
  for (const read of subscribe("uk:1", [7])) {
    const [key] = keysOf("market {0}/{1[]}", read) ?? [];
    expect(key === undefined ? undefined : describeKey(key)).toBe("event:market uk:1/7");
  }
});
