import { ProtocolError, type TransferFormat } from "@signalr-edge/protocol";
import { expect, test } from "vitest";
import { acceptHandshake, type HandshakeVerdict } from "./accept-handshake.ts";

function accept(text: string, formats: readonly TransferFormat[] = ["Text", "Binary"]): HandshakeVerdict {
  return acceptHandshake(Buffer.from(text), formats);
}

test.each([
  ['{"protocol":"json","version":1}', "json", 1],
  ['{"protocol":"messagepack","version":2}', "messagepack", 2],
  ['{"protocol":"JSON","version":1}', "json", 1],
  ['{"version":1,"protocol":"MessagePack","extra":[1]}', "messagepack", 1],
])("%s is accepted", (text, name, version) => {
  expect(accept(text)).toMatchObject({ kind: "accepted", protocol: { name }, version });
});

test("an unknown protocol is refused with the origin's text, the name as the client wrote it", () => {
  expect(accept('{"protocol":"blazorpack","version":1}')).toEqual({
    kind: "refused",
    error: "The protocol 'blazorpack' is not supported.",
  });
});

test("a version from the future is refused with the origin's text", () => {
  expect(accept('{"protocol":"Json","version":3}')).toEqual({
    kind: "refused",
    error: "The server does not support version 3 of the 'json' protocol.",
  });
});

test.each(["{}", '{"protocol":"json"}', '{"version":1}', '{"protocol":1,"version":1}', "[]", "nonsense", ""])(
  "%s is a protocol error, not a refusal",
  (text) => {
    expect(() => accept(text)).toThrow(ProtocolError);
  },
);

test("a binary protocol on a text transport is refused with the origin's text", () => {
  expect(accept('{"protocol":"messagepack","version":1}', ["Text"])).toEqual({
    kind: "refused",
    error:
      "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.",
  });
});
