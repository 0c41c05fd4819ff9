import { describe, expect, test } from "vitest";
import { refusal } from "./frames.testing.ts";
import type { AvailableTransport, NegotiateResponse } from "./negotiate.ts";
import {
  nonIntegerVersionError,
  parseNegotiateResponse,
  parseNegotiateVersion,
  writeNegotiateResponse,
} from "./negotiate.ts";

const transports: readonly AvailableTransport[] = [
  { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
  { transport: "ServerSentEvents", transferFormats: ["Text"] },
  { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
];
const transportsText =
  '[{"transport":"WebSockets","transferFormats":["Text","Binary"]},{"transport":"ServerSentEvents","transferFormats":["Text"]},{"transport":"LongPolling","transferFormats":["Text","Binary"]}]';

const connection = {
  kind: "connection",
  version: 1,
  connectionId: "i-_",
  connectionToken: "t-_",
  availableTransports: transports,
  useStatefulReconnect: false,
} as const;

const responses: [NegotiateResponse, string][] = [
  [
    connection,
    `{"negotiateVersion":1,"connectionId":"i-_","connectionToken":"t-_","availableTransports":${transportsText}}`,
  ],
  [
    { ...connection, useStatefulReconnect: true, availableTransports: [] },
    '{"useStatefulReconnect":true,"negotiateVersion":1,"connectionId":"i-_","connectionToken":"t-_","availableTransports":[]}',
  ],
  [
    { ...connection, version: 0, connectionToken: "i-_", availableTransports: [] },
    '{"negotiateVersion":0,"connectionId":"i-_","availableTransports":[]}',
  ],
  [
    { kind: "redirect", url: "https://x/h?a=b&c=é", accessToken: "t" },
    '{"negotiateVersion":0,"url":"https://x/h?a=b&c=é","accessToken":"t","availableTransports":[]}',
  ],
  [
    { kind: "redirect", url: "https://x/h", accessToken: undefined },
    '{"negotiateVersion":0,"url":"https://x/h","availableTransports":[]}',
  ],
  [{ kind: "error", error: 'e"<>' }, '{"error":"e\\"<>"}'],
];

describe("responses are those of ASP.NET Core, byte by byte", () => {
  test.each(responses)("%j is written", (response, text) => {
    expect(writeNegotiateResponse(response)).toBe(text);
  });

  test.each(responses)("%j is read", (response, text) => {
    expect(parseNegotiateResponse(text)).toStrictEqual(response);
  });
});

describe("reading is as tolerant as the clients are", () => {
  test("a missing or null version is 0, and the token is the id then", () => {
    for (const member of ["", '"negotiateVersion":null,', '"negotiateVersion":0,"connectionToken":"other",']) {
      expect(parseNegotiateResponse(`{${member}"connectionId":"i","availableTransports":[]}`)).toMatchObject({
        version: 0,
        connectionToken: "i",
      });
    }
  });

  test("unknown members, transports and formats are left out", () => {
    const text =
      '{"x":[1],"tokenLifetimeSeconds":5,"connectionId":"i","availableTransports":[{"transport":"Pigeon","transferFormats":[]},{"y":1,"transport":"WebSockets","transferFormats":["Text","Smoke",1]}]}';
    expect(parseNegotiateResponse(text)).toMatchObject({
      availableTransports: [{ transport: "WebSockets", transferFormats: ["Text"] }],
    });
  });

  test("an error goes before a redirect, a redirect before a connection, and empty ones count for nothing", () => {
    expect(parseNegotiateResponse('{"url":"u","error":"e"}')).toEqual({ kind: "error", error: "e" });
    expect(parseNegotiateResponse('{"connectionId":"i","url":"u"}')).toMatchObject({ kind: "redirect", url: "u" });
    const text = '{"error":"","url":null,"connectionId":"i","availableTransports":[]}';
    expect(parseNegotiateResponse(text)).toMatchObject({ kind: "connection" });
  });
});

describe("what is no negotiate response", () => {
  test.each([
    ["", "malformed"],
    ["<html>", "malformed"],
    ["[]", "malformed"],
    ["{}", "malformed"],
    ['{"connectionId":"i"}', "malformed"],
    ['{"availableTransports":[]}', "malformed"],
    ['{"connectionId":1,"availableTransports":[]}', "malformed"],
    ['{"negotiateVersion":1,"connectionId":"i","availableTransports":[]}', "malformed"],
    ['{"negotiateVersion":"1","connectionId":"i","availableTransports":[]}', "malformed"],
    ['{"connectionId":"i","availableTransports":{}}', "malformed"],
    ['{"connectionId":"i","availableTransports":[1]}', "malformed"],
    ['{"connectionId":"i","availableTransports":[{"transferFormats":[]}]}', "malformed"],
    ['{"connectionId":"i","availableTransports":[{"transport":"WebSockets"}]}', "malformed"],
    ['{"error":5}', "malformed"],
    [`{"x":${"[".repeat(100_000)}`, "tooDeep"],
    ['{"ProtocolVersion":"1.5","ConnectionToken":"x"}', "unsupported"],
  ])("%.60s", (text, code) => {
    expect(refusal(() => parseNegotiateResponse(text)).code).toBe(code);
  });
});

describe("the version that a client asks for", () => {
  test.each<[string | undefined, number | undefined]>([
    [undefined, 0],
    ["0", 0],
    ["1", 1],
    ["99", 99],
    ["-1", -1],
    ["+1", 1],
    [" 1 ", 1],
    ["abc", undefined],
    ["", undefined],
    ["1.0", undefined],
    ["0x1", undefined],
    ["1,0", undefined],
    ["99999999999", undefined],
  ])("%j is %j", (value, expected) => {
    expect(parseNegotiateVersion(value)).toBe(expected);
  });

  test("what is no integer is answered in the origin's words", () => {
    expect(nonIntegerVersionError).toBe("The client requested a non-integer protocol version.");
  });
});

test.each(["connectionId", "connectionToken", "url", "error"])("half a surrogate pair in %s is refused", (name) => {
  const text = `{"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":[],"${name}":"\\ud800"}`;
  expect(() => parseNegotiateResponse(text)).toThrow(`'${name}' holds half a surrogate pair.`);
});
