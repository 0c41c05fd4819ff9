import { describe, expect, test } from "vitest";
import { json } from "../frames.testing.ts";
import { quoteString } from "./text.ts";
import * as writers from "./writers.ts";

const raw = (text: string): Buffer => Buffer.from(text);

describe("frames are those of ASP.NET Core, byte by byte", () => {
  test.each([
    ["ping", writers.pingFrame, '{"type":6}'],
    ["close", writers.writeClose({}), '{"type":7}'],
    ["close with an error", writers.writeClose({ error: "x" }), '{"type":7,"error":"x"}'],
    ["close that invites back", writers.writeClose({ allowReconnect: true }), '{"type":7,"allowReconnect":true}'],
    [
      "close with both",
      writers.writeClose({ error: "x", allowReconnect: true }),
      '{"type":7,"error":"x","allowReconnect":true}',
    ],
    ["close that does not invite back", writers.writeClose({ allowReconnect: false }), '{"type":7}'],
    [
      "result",
      writers.writeCompletion("1", { kind: "result", raw: raw("[1.0, 9007199254740993]") }),
      '{"type":3,"invocationId":"1","result":[1.0, 9007199254740993]}',
    ],
    [
      "null result",
      writers.writeCompletion("1", { kind: "result", raw: writers.nullValue }),
      '{"type":3,"invocationId":"1","result":null}',
    ],
    ["error", writers.writeCompletion("1", { kind: "error", error: "é" }), '{"type":3,"invocationId":"1","error":"é"}'],
    ["empty error", writers.writeCompletion("1", { kind: "error", error: "" }), '{"type":3,"invocationId":"1"}'],
    ["void", writers.writeCompletion("1", { kind: "void" }), '{"type":3,"invocationId":"1"}'],
    [
      "non-blocking invocation",
      writers.writeInvocation({ target: "Send", arguments: [raw("42"), raw('{"a" : 1}')] }),
      '{"type":1,"target":"Send","arguments":[42,{"a" : 1}]}',
    ],
    [
      "blocking invocation with streams",
      writers.writeInvocation({ target: "Send", invocationId: "1", arguments: [raw("42")], streamIds: ["s1", "s2"] }),
      '{"type":1,"invocationId":"1","target":"Send","arguments":[42],"streamIds":["s1","s2"]}',
    ],
    [
      "invocation with an empty id and no streams",
      writers.writeInvocation({ target: "Send", invocationId: "", arguments: [], streamIds: [] }),
      '{"type":1,"target":"Send","arguments":[]}',
    ],
    [
      "stream invocation",
      writers.writeStreamInvocation({ target: "Counter", invocationId: "2", arguments: [] }),
      '{"type":4,"invocationId":"2","target":"Counter","arguments":[]}',
    ],
    ["stream item", writers.writeStreamItem("1", raw("42")), '{"type":2,"invocationId":"1","item":42}'],
    ["cancel", writers.writeCancelInvocation("1"), '{"type":5,"invocationId":"1"}'],
    ["ack", writers.writeAck(5), '{"type":8,"sequenceId":5}'],
    ["sequence", writers.writeSequence(5), '{"type":9,"sequenceId":5}'],
    [
      "headers right behind the type",
      writers.writeCancelInvocation("1", { a: "b", c: '"' }),
      '{"type":5,"headers":{"a":"b","c":"\\""},"invocationId":"1"}',
    ],
  ])("%s", (_, frame, expected) => {
    expect(frame).toEqual(json(expected));
  });
});

test("strings are escaped as System.Text.Json does with its relaxed encoder", () => {
  const text = "a\"\\\b\t\n\f\r\u0001\u001e\u007f\u00a0\u00e9<>&'+/\u2028\u2029\u3000\ue000😀\ud800x\ufeff\u0378";
  const expected =
    '"a\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001E\\u007F\\u00A0é<>&\'+/\\u2028\\u2029\\u3000\\uE000\\uD83D\\uDE00\\uFFFDx\\uFEFF\\u0378"';
  expect(quoteString(text)).toBe(expected);
});

test("an escaped string is JSON for the same string", () => {
  for (let code = 0; code < 0x10000; code += 1) {
    const text = String.fromCharCode(code);
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (JSON.parse(quoteString(text)) !== (isSurrogate ? "\ufffd" : text)) expect.fail(`U+${code.toString(16)}`);
  }
});

test("scalars and arrays are values of the protocol", () => {
  expect(writers.writeScalar({ kind: "string", text: 'a"é' }).toString()).toBe('"a\\"é"');
  expect(writers.writeScalar({ kind: "integer", text: "-9007199254740993" }).toString()).toBe("-9007199254740993");
  expect(writers.writeScalar({ kind: "boolean", text: "true" }).toString()).toBe("true");
  expect(writers.writeArray([]).toString()).toBe("[]");
  expect(writers.writeArray([raw("1"), raw('"é"'), raw("[]")]).toString()).toBe('[1,"é",[]]');
});
