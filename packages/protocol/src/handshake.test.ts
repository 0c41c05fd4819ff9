import { describe, expect, test } from "vitest";
import { json, refusal } from "./frames.testing.ts";
import {
  HandshakeSplitter,
  handshakeSuccess,
  readHandshakeRequest,
  readHandshakeResponse,
  writeHandshakeError,
  writeHandshakeRequest,
} from "./handshake.ts";

describe("requests", () => {
  test.each([
    ['{"protocol":"json","version":1}', "json", 1],
    [' { "x" : [[],{}] , "version" : 2 , "protocol" : "messagepack" } ', "messagepack", 2],
    ['{"protocol":"JSON","version":99}', "JSON", 99],
    ['{"\\u0070rotocol":"\\u006ason","version":1}', "json", 1],
    ['{"protocol":"a","protocol":"json","version":1}', "json", 1],
  ])("%s is read", (text, protocol, version) => {
    expect(readHandshakeRequest(json(text))).toEqual({ protocol, version });
    expect(readHandshakeRequest(Uint8Array.from(Buffer.from(text)))).toEqual({ protocol, version });
  });

  test.each([
    ["{}", "Missing required property 'protocol'."],
    ['{"protocol":"json"}', "Missing required property 'version'."],
    ['{"protocol":"json","version":null}', "Missing required property 'version'."],
    ['{"protocol":null,"version":1}', "Expected 'protocol' to be of type String."],
    ['{"protocol":"json","version":"1"}', "Expected 'version' to be of type Number."],
    ["[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ["", "Error reading JSON."],
    ["hello", "Error reading JSON."],
    ['{"protocol":"json","version":1}x', "Error reading JSON."],
    ['{"protocol":"json","version":1', "Error reading JSON."],
  ])("%s is refused", (text, message) => {
    expect(refusal(() => readHandshakeRequest(json(text)))).toMatchObject({ code: "malformed", message });
  });

  test.each(["1.5", "1e99", "2147483648"])("version %s is refused", (version) => {
    const record = json(`{"protocol":"json","version":${version}}`);
    expect(refusal(() => readHandshakeRequest(record)).code).toBe("malformed");
  });

  test("deep nesting is refused", () => {
    const record = json(`{"protocol":"json","version":1,"x":${"[".repeat(100_000)}`);
    expect(refusal(() => readHandshakeRequest(record)).code).toBe("tooDeep");
  });

  test("a name inherited by every object is not a member", () => {
    expect(refusal(() => readHandshakeRequest(json('{"__proto__":{"protocol":"json","version":1}}'))).code).toBe(
      "malformed",
    );
  });

  test("what is written is what the clients send", () => {
    expect(writeHandshakeRequest("json")).toEqual(json('{"protocol":"json","version":1}'));
    expect(writeHandshakeRequest("messagepack", 2)).toEqual(json('{"protocol":"messagepack","version":2}'));
  });
});

describe("responses", () => {
  test("success is exactly 7b 7d 1e", () => {
    expect(handshakeSuccess.toString("hex")).toBe("7b7d1e");
    expect(readHandshakeResponse(handshakeSuccess)).toEqual({ error: undefined });
  });

  test("an error survives writing and reading", () => {
    const record = writeHandshakeError("The protocol 'x\u001e\"é' is not supported.");
    expect(record.toString()).toBe('{"error":"The protocol \'x\\u001E\\"é\' is not supported."}\u001e');
    expect(readHandshakeResponse(record)).toEqual({ error: "The protocol 'x\u001e\"é' is not supported." });
  });

  test("members of earlier servers are ignored", () => {
    expect(readHandshakeResponse(json('{"minorVersion":0}'))).toEqual({ error: undefined });
  });

  test.each(['{"type":1}', '{"type":null}'])("%s is a hub message", (text) => {
    expect(refusal(() => readHandshakeResponse(json(text)))).toMatchObject({
      code: "malformed",
      message: "Expected a handshake response from the server.",
    });
  });

  test.each(['{"error":null}', '{"error":1}', "[]", "", "{"])("%s is refused", (text) => {
    expect(refusal(() => readHandshakeResponse(json(text))).code).toBe("malformed");
  });
});

describe("the splitter", () => {
  const record = json('{"protocol":"json","version":1}');
  const rest = Buffer.from("\u0091\u001e\u0006");

  test("yields the record and the rest, cut at any byte", () => {
    const stream = Buffer.concat([record, rest]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const splitter = new HandshakeSplitter(1000);
      const first = splitter.push(Uint8Array.from(stream.subarray(0, cut)));
      if (cut < record.length) {
        expect(first).toBeUndefined();
        expect(splitter.push(stream.subarray(cut))).toEqual({ record, rest });
      } else {
        expect(first).toEqual({ record, rest: stream.subarray(record.length, cut) });
      }
    }
  });

  test("yields it for single bytes too", () => {
    const splitter = new HandshakeSplitter(1000);
    for (const byte of record.subarray(0, -1)) expect(splitter.push(Uint8Array.of(byte))).toBeUndefined();
    expect(splitter.push(Uint8Array.of(0x1e))).toEqual({ record, rest: Buffer.alloc(0) });
  });

  test("takes a record of just the limit and refuses one byte more", () => {
    expect(new HandshakeSplitter(record.length).push(Buffer.concat([record, rest]))?.record).toEqual(record);
    const tight = (): HandshakeSplitter => new HandshakeSplitter(record.length - 1);
    expect(refusal(() => tight().push(record)).code).toBe("tooLarge");
    expect(refusal(() => tight().push(record.subarray(0, -1))).code).toBe("tooLarge");
    const splitter = tight();
    splitter.push(record.subarray(0, 5));
    expect(refusal(() => splitter.push(record.subarray(5, -1))).code).toBe("tooLarge");
  });
});
