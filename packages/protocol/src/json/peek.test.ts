import { describe, expect, test } from "vitest";
import { json, refusal } from "../frames.testing.ts";
import { defaultPeekLimits } from "../hub-protocol.ts";
import { peekJson } from "./peek.ts";

function slices(frame: Buffer, ranges: readonly { start: number; end: number }[]): string[] {
  return ranges.map(({ start, end }) => frame.toString("utf8", start, end));
}

describe("envelopes of each type", () => {
  test("an invocation has a target, its arguments as ranges, an id and stream ids", () => {
    const frame = json(
      '{"type":1,"invocationId":"1","target":"Send","arguments":[42,{"a":[]} , "x"],"streamIds":["s1","s2"]}',
    );
    const envelope = peekJson(frame);
    expect(envelope).toMatchObject({ type: 1, target: "Send", invocationId: "1", streamIds: ["s1", "s2"] });
    expect(slices(frame, envelope.argumentRanges)).toEqual(["42", '{"a":[]}', '"x"']);
    expect(slices(frame, envelope.argumentsRange ? [envelope.argumentsRange] : [])).toEqual(['[42,{"a":[]} , "x"]']);
  });

  test("an invocation without an id, or with an empty one, wants no reply", () => {
    expect(peekJson(json('{"type":1,"target":"m","arguments":[]}')).invocationId).toBeUndefined();
    expect(peekJson(json('{"type":1,"target":"m","arguments":[],"invocationId":""}')).invocationId).toBeUndefined();
  });

  test("a stream invocation is like an invocation", () => {
    const envelope = peekJson(json('{"arguments":[1],"target":"Counter","invocationId":"7","type":4}'));
    expect(envelope).toMatchObject({ type: 4, target: "Counter", invocationId: "7" });
    expect(envelope.argumentRanges).toHaveLength(1);
  });

  test("a stream item has the range of its item", () => {
    const frame = json('{"type":2,"invocationId":"1","item": {"x" : 1} }');
    const { item } = peekJson(frame);
    expect(slices(frame, item ? [item] : [])).toEqual(['{"x" : 1}']);
  });

  test("a completion has a result, an error, or neither, and a null result is a result", () => {
    const withNull = json('{"type":3,"invocationId":"1","result":null}');
    const { result } = peekJson(withNull);
    expect(slices(withNull, result ? [result] : [])).toEqual(["null"]);
    expect(peekJson(json('{"type":3,"invocationId":"1","error":"a\\"b"}'))).toMatchObject({
      error: 'a"b',
      result: undefined,
    });
    expect(peekJson(json('{"type":3,"invocationId":"1"}'))).toMatchObject({ error: undefined, result: undefined });
  });

  test("cancel, ping, close, ack and sequence have their few members", () => {
    expect(peekJson(json('{"type":5,"invocationId":"x"}'))).toMatchObject({ type: 5, invocationId: "x" });
    expect(peekJson(json('{"type":6}'))).toMatchObject({ type: 6, target: undefined, allowReconnect: false });
    expect(peekJson(json('{"type":7}'))).toMatchObject({ type: 7, error: undefined, allowReconnect: false });
    expect(peekJson(json('{"type":7,"error":"x","allowReconnect":true}'))).toMatchObject({
      error: "x",
      allowReconnect: true,
    });
    expect(peekJson(json('{"type":8,"sequenceId":5}'))).toMatchObject({ type: 8, sequenceId: 5 });
    expect(peekJson(json('{"type":9,"sequenceId":9007199254740991}'))).toMatchObject({ sequenceId: 9007199254740991 });
  });

  test("members that mean nothing to the type do not get out", () => {
    const envelope = peekJson(
      json(
        '{"type":6,"target":"m","arguments":[1],"invocationId":"1","item":1,"error":"e","sequenceId":1,"allowReconnect":true}',
      ),
    );
    expect(envelope).toEqual({
      type: 6,
      target: undefined,
      invocationId: undefined,
      streamIds: [],
      argumentsRange: undefined,
      argumentRanges: [],
      item: undefined,
      result: undefined,
      error: undefined,
      allowReconnect: false,
      sequenceId: undefined,
    });
  });

  test.each([10, 0, -1, 2147483647])("unknown type %i yields its number and nothing else", (type) => {
    const envelope = peekJson(json(`{"type":${type},"invocationId":"1","arguments":[1]}`));
    expect(envelope).toMatchObject({ type, invocationId: undefined, argumentRanges: [] });
  });
});

describe("spelling of members", () => {
  test("order, white space and unknown members do not matter", () => {
    const frame = json(
      ' {\t"arguments" : [ 1 , 2 ] ,\r\n"x":{"type":9},"headers":{"a":"b"},"target": "Add", "type" :1 } ',
    );
    const envelope = peekJson(frame);
    expect(envelope).toMatchObject({ type: 1, target: "Add" });
    expect(slices(frame, envelope.argumentRanges)).toEqual(["1", "2"]);
  });

  test("names are compared after their escapes are decoded", () => {
    expect(peekJson(json('{"\\u0074ype":1,"t\\u0061rget":"m","argument\\u0073":[]}'))).toMatchObject({
      type: 1,
      target: "m",
    });
  });

  test("case matters", () => {
    expect(refusal(() => peekJson(json('{"Type":6}'))).message).toBe("Missing required property 'type'.");
  });

  test("of scalar members the last one wins", () => {
    const frame = json('{"type":6,"type":1,"target":"a","target":"b","arguments":[]}');
    expect(peekJson(frame)).toMatchObject({ type: 1, target: "b" });
  });

  test.each(["arguments", "item", "result"])(
    "a second '%s' is refused, because readers differ on which one counts",
    (member) => {
      const error = refusal(() => peekJson(json(`{"type":3,"invocationId":"1","${member}":[1],"${member}":[2]}`)));
      expect(error).toMatchObject({ code: "malformed", message: `Duplicate property '${member}'.` });
    },
  );

  test("escapes in target, ids and error are decoded", () => {
    const frame = json(
      '{"type":1,"target":"\\u00e9\\ud83d\\ude00\\n","arguments":[],"invocationId":"\\"","streamIds":["\\/"]}',
    );
    expect(peekJson(frame)).toMatchObject({ target: "é😀\n", invocationId: '"', streamIds: ["/"] });
  });
});

describe("what the origin refuses, in its words", () => {
  test.each([
    ["{}", "Missing required property 'type'."],
    ['{"type":1,"arguments":[]}', "Missing required property 'target'."],
    ['{"type":1,"target":"x"}', "Missing required property 'arguments'."],
    ['{"type":4,"target":"x","arguments":[]}', "Missing required property 'invocationId'."],
    ['{"type":4,"invocationId":"","target":"x","arguments":[]}', "Missing required property 'invocationId'."],
    ['{"type":4,"invocationId":"1","arguments":[]}', "Missing required property 'target'."],
    ['{"type":2,"item":1}', "Missing required property 'invocationId'."],
    ['{"type":2,"invocationId":"1"}', "Missing required property 'item'."],
    ['{"type":3,"invocationId":""}', "Missing required property 'invocationId'."],
    ['{"type":5}', "Missing required property 'invocationId'."],
    ['{"type":8}', "Missing required property 'sequenceId'."],
    ['{"type":9,"sequenceId":null}', "Missing required property 'sequenceId'."],
    [
      '{"type":3,"invocationId":"1","error":"","result":1}',
      "The 'error' and 'result' properties are mutually exclusive.",
    ],
    ['{"type":null}', "Expected 'type' to be of type Number."],
    ['{"type":"1"}', "Expected 'type' to be of type Number."],
    ['{"type":6,"target":null}', "Expected 'target' to be of type String."],
    ['{"type":1,"target":"x","arguments":[],"invocationId":null}', "Expected 'invocationId' to be of type String."],
    ['{"type":1,"target":"x","arguments":null}', "Expected 'arguments' to be of type Array."],
    ['{"type":1,"target":"x","arguments":{}}', "Expected 'arguments' to be of type Array."],
    ['{"type":7,"error":null}', "Expected 'error' to be of type String."],
    ['{"type":7,"allowReconnect":1}', "Expected 'allowReconnect' to be true or false."],
    ['{"type":6,"streamIds":{}}', "Expected 'streamIds' to be of type Array."],
    ['{"type":6,"streamIds":[null]}', "Null value for 'streamIds' is not valid."],
    ['{"type":6,"headers":[]}', "Expected 'headers' to be of type StartObject."],
    ['{"type":6,"headers":{"a":1}}', "Expected header 'a' to be of type String."],
    ["[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ["1", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."],
    ['"x"', "Unexpected JSON Token Type 'String'. Expected a JSON Object."],
    ["null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."],
    ["true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."],
    ["", "Error reading JSON."],
    ["   ", "Error reading JSON."],
    ['{"type":6', "Error reading JSON."],
    ["hello", "Error reading JSON."],
  ])("%s", (text, message) => {
    expect(refusal(() => peekJson(json(text)))).toMatchObject({ code: "malformed", message });
  });

  test.each(["1.0", "1e0", "2147483648", "99999999999999999999999999"])("%s is no type", (number) => {
    expect(refusal(() => peekJson(json(`{"type":${number}}`))).message).toMatch(/out of bounds for an Int32/);
  });
});

describe("syntax (RFC 8259)", () => {
  const wrap = (value: string): Buffer => json(`{"type":6,"x":${value}}`);

  test.each([
    "0",
    "-0",
    "10",
    "1.5",
    "-1.25e10",
    "1E+2",
    "1e-2",
    "true",
    "false",
    "null",
    '""',
    '"\\u0000\\b\\f\\n\\r\\t\\/\\\\\\""',
    '"\\ud800"',
    '"é😀\u007f\u2028"',
    "[]",
    "{}",
    "[[],{},[1,2]]",
    '{"":""}',
    '{"a":1,"a":2}',
    ' [ 1 , { "a" : 2 } ] ',
  ])("%s is accepted", (value) => {
    expect(peekJson(wrap(value)).type).toBe(6);
  });

  test.each([
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1.e1",
    "1e",
    "1e+",
    "0x1",
    "1_0",
    "NaN",
    "Infinity",
    "tru",
    "True",
    "nul",
    "falsey",
    "'a'",
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\\u123g"',
    '"\t"',
    '"\u0000"',
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1",
    "]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{,}",
    "{a:1}",
    "{1:1}",
    '{"a" 1}',
    "[}",
    "{]",
    "[1}",
    '{"a":1]',
    "",
    "1 1",
    "/* */ 1",
    "1 //",
  ])("%s is refused", (value) => {
    expect(refusal(() => peekJson(wrap(value)))).toMatchObject({ code: "malformed", message: "Error reading JSON." });
  });

  test.each([
    '"arguments":[1,]',
    '"arguments":[,1]',
    '"arguments":[1 2]',
    '"arguments":[1',
    '"streamIds":["a",]',
    '"streamIds":["a" "b"]',
    '"headers":{"a":"b",}',
    '"headers":{"a" "b"}',
    '"headers":{"a":"b" "c":"d"}',
    '"headers":{a:"b"}',
    '"target":"a',
    '"allowReconnect":tru',
    '"sequenceId":1.',
    '"x":1,',
    '"x"',
    "x:1",
  ])("the member %s is refused", (member) => {
    expect(refusal(() => peekJson(json(`{"type":6,${member}}`)))).toMatchObject({
      code: "malformed",
      message: "Error reading JSON.",
    });
  });

  test.each(["x", " 1", "{}", ",", "\u001e"])("%j behind the object is refused", (trailer) => {
    expect(refusal(() => peekJson(json(`{"type":6}${trailer}`))).code).toBe("malformed");
  });

  test.each(["c0 80", "ed a0 80", "ff", "c3"])("the bytes %s in a payload are refused", (bytes) => {
    const frame = Buffer.concat([
      Buffer.from('{"type":6,"x":"'),
      Buffer.from(bytes.replace(" ", ""), "hex"),
      json('"}'),
    ]);
    expect(refusal(() => peekJson(frame)).code).toBe("malformed");
  });

  test("a byte order mark is refused", () => {
    expect(refusal(() => peekJson(json('\ufeff{"type":6}'))).code).toBe("malformed");
  });

  test("a frame without its separator is refused, at any length", () => {
    const frame = json('{"type":1,"target":"m","arguments":[1,"x",{"a":null}]}');
    for (let length = 0; length < frame.length; length += 1) {
      expect(refusal(() => peekJson(frame.subarray(0, length))).code).toBe("malformed");
    }
  });

  test("a frame cut short in front of its separator is refused, at any length", () => {
    const text = '{"type":1,"target":"mé","arguments":[1,"x\\u0041",{"a":null}]}';
    const whole = Buffer.from(text);
    for (let length = 0; length < whole.length; length += 1) {
      const frame = Buffer.concat([whole.subarray(0, length), Buffer.from([0x1e])]);
      expect(refusal(() => peekJson(frame)).code).toBe("malformed");
    }
  });

  test("a lone surrogate may stand in a payload, but not in what the gateway reads", () => {
    expect(peekJson(json('{"type":1,"target":"m","arguments":["\\ud800"]}')).target).toBe("m");
    for (const member of ["target", "invocationId", "error"]) {
      expect(refusal(() => peekJson(json(`{"type":6,"${member}":"\\udc00"}`))).code).toBe("malformed");
    }
    expect(refusal(() => peekJson(json('{"type":6,"streamIds":["\\ud800x"]}'))).code).toBe("malformed");
  });

  test("the cause names the byte that was not expected", () => {
    expect(refusal(() => peekJson(json('{"type":6;}'))).cause).toBe("byte 0x3b at 9 not expected");
  });
});

describe("limits", () => {
  const nested = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

  test("64 levels pass and 65 do not, the message being the first", () => {
    expect(peekJson(json(`{"type":6,"x":${nested(63, "[", "]")}}`)).type).toBe(6);
    expect(refusal(() => peekJson(json(`{"type":6,"x":${nested(64, "[", "]")}}`))).code).toBe("tooDeep");
  });

  test("arguments are the second level", () => {
    const invocation = (levels: number): Buffer =>
      json(`{"type":1,"target":"m","arguments":[${nested(levels, "[", "]")}]}`);
    expect(peekJson(invocation(62)).argumentRanges).toHaveLength(1);
    expect(refusal(() => peekJson(invocation(63))).code).toBe("tooDeep");
    expect(
      refusal(() => peekJson(json('{"type":1,"target":"m","arguments":[]}'), { ...defaultPeekLimits, maxDepth: 1 }))
        .code,
    ).toBe("tooDeep");
  });

  test.each([10_000, 1_000_000])("%i nested arrays are refused without a stack overflow", (levels) => {
    const frame = json(`{"type":1,"target":"m","arguments":[${"[".repeat(levels)}`);
    expect(refusal(() => peekJson(frame)).code).toBe("tooDeep");
  });

  test("a deeper limit is honoured, with every container closed by its own kind", () => {
    const limits = { ...defaultPeekLimits, maxDepth: 200 };
    const isObject = (level: number): boolean => level % 3 === 0;
    const value = (levels: number, wrongLevel = -1): string => {
      const numbers = [...Array(levels).keys()];
      const opening = numbers.map((level) => (isObject(level) ? '{"a":' : "["));
      const closing = numbers.map((level) => (isObject(level) !== (level === wrongLevel) ? "}" : "]"));
      return `${opening.join("")}1${closing.reverse().join("")}`;
    };
    for (const levels of [1, 31, 32, 33, 63, 64, 65, 96, 97, 199]) {
      expect(peekJson(json(`{"type":6,"x":${value(levels)}}`), limits).type).toBe(6);
      for (const wrongLevel of [0, levels >> 1, levels - 1]) {
        const frame = json(`{"type":6,"x":${value(levels, wrongLevel)}}`);
        expect(refusal(() => peekJson(frame, limits)).code).toBe("malformed");
      }
    }
    expect(refusal(() => peekJson(json(`{"type":6,"x":${value(200)}}`), limits)).code).toBe("tooDeep");
  });

  test("a limit on arguments, stream ids and headers is honoured", () => {
    const limits = { maxDepth: 64, maxArguments: 2 };
    expect(
      peekJson(
        json('{"type":1,"target":"m","arguments":[1,2],"streamIds":["a","b"],"headers":{"a":"1","b":"2"}}'),
        limits,
      ).target,
    ).toBe("m");
    for (const member of ['"arguments":[1,2,3]', '"streamIds":["a","b","c"]', '"headers":{"a":"1","b":"2","c":"3"}']) {
      expect(refusal(() => peekJson(json(`{"type":6,${member}}`), limits)).code).toBe("tooLarge");
    }
  });
});
