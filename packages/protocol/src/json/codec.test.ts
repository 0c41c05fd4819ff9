import { describe, expect, test } from "vitest";
import { json, refusal } from "../frames.testing.ts";
import type { HubMessage } from "../messages.ts";
import { parseJson, writeJson } from "./codec.ts";

const messages: [HubMessage, string][] = [
  [{ type: 1, target: "Send", arguments: [42, "é", null] }, '{"type":1,"target":"Send","arguments":[42,"é",null]}'],
  [
    { type: 1, headers: { a: "b" }, invocationId: "1", target: "Send", arguments: [{ x: [] }], streamIds: ["s"] },
    '{"type":1,"headers":{"a":"b"},"invocationId":"1","target":"Send","arguments":[{"x":[]}],"streamIds":["s"]}',
  ],
  [
    { type: 4, invocationId: "2", target: "Counter", arguments: [] },
    '{"type":4,"invocationId":"2","target":"Counter","arguments":[]}',
  ],
  [{ type: 2, invocationId: "1", item: { a: 1 } }, '{"type":2,"invocationId":"1","item":{"a":1}}'],
  [{ type: 3, invocationId: "1", result: null }, '{"type":3,"invocationId":"1","result":null}'],
  [{ type: 3, invocationId: "1", error: "x" }, '{"type":3,"invocationId":"1","error":"x"}'],
  [{ type: 3, invocationId: "1" }, '{"type":3,"invocationId":"1"}'],
  [{ type: 5, invocationId: "1" }, '{"type":5,"invocationId":"1"}'],
  [{ type: 6 }, '{"type":6}'],
  [{ type: 7, error: "x", allowReconnect: true }, '{"type":7,"error":"x","allowReconnect":true}'],
  [{ type: 7 }, '{"type":7}'],
  [{ type: 8, sequenceId: 5 }, '{"type":8,"sequenceId":5}'],
  [{ type: 9, sequenceId: 5 }, '{"type":9,"sequenceId":5}'],
];

describe("messages and their frames", () => {
  test.each(messages)("%j is written", (message, text) => {
    expect(writeJson(message)).toEqual(json(text));
  });

  test.each(messages)("%j is read", (message, text) => {
    expect(parseJson(json(text))).toStrictEqual(message);
  });
});

test("an unknown type is no message", () => {
  expect(parseJson(json('{"type":10,"target":"x"}'))).toBeUndefined();
});

test("what peek refuses is refused", () => {
  expect(refusal(() => parseJson(json('{"type":1}'))).message).toBe("Missing required property 'target'.");
});

test("a member called __proto__ is data", () => {
  const message = parseJson(json('{"type":2,"invocationId":"1","item":{"__proto__":{"polluted":true}}}'));
  expect(JSON.stringify(message)).toContain('{"__proto__":{"polluted":true}}');
  expect(Object.prototype).not.toHaveProperty("polluted");
});

test("values that JSON has no form for become null", () => {
  expect(writeJson({ type: 1, target: "m", arguments: [undefined] })).toEqual(
    json('{"type":1,"target":"m","arguments":[null]}'),
  );
});
