import { hubProtocols } from "@signalr-edge/protocol";
import { describe, expect, test } from "vitest";
import { SharedFrame } from "./shared-frame.ts";

/** RFC 6455 section 5.2: one byte, two bytes or eight bytes of length. */
const lengths = [
  { bytes: 0, header: "00" },
  { bytes: 1, header: "01" },
  { bytes: 125, header: "7d" },
  { bytes: 126, header: "7e007e" },
  { bytes: 65_535, header: "7effff" },
  { bytes: 65_536, header: "7f0000000000010000" },
];

describe.each([
  { name: "json", firstByte: "81" },
  { name: "messagepack", firstByte: "82" },
] as const)("a frame of $name", ({ name, firstByte }) => {
  test.each(lengths)(
    "of $bytes bytes is one unmasked WebSocket frame with the shortest length",
    ({ bytes, header }) => {
      const payload = Buffer.alloc(bytes, "x");
      const { webSocketFrame } = new SharedFrame(hubProtocols[name], payload);
      const head = Buffer.from(firstByte + header, "hex");
      expect(webSocketFrame.subarray(0, head.length).toString("hex")).toBe(head.toString("hex"));
      expect(webSocketFrame.subarray(head.length).equals(payload)).toBe(true);
    },
  );

  test("is encoded once for all who write it", () => {
    const frame = new SharedFrame(hubProtocols[name], hubProtocols[name].pingFrame);
    expect(frame.webSocketFrame).toBe(frame.webSocketFrame);
  });

  test("is encoded as a copy: the chunk that it came in may be used again", () => {
    const chunk = Buffer.from(hubProtocols[name].pingFrame);
    const frame = new SharedFrame(hubProtocols[name], chunk);
    const before = Buffer.from(frame.webSocketFrame);
    chunk.fill(0);
    expect(frame.webSocketFrame.equals(before)).toBe(true);
  });
});

describe("as a server-sent event", () => {
  const eventOf = (text: string): string =>
    new SharedFrame(hubProtocols.json, Buffer.from(text)).serverSentEvent.toString();

  test("a message is one data line with its separator, and an empty line", () => {
    expect(eventOf('{"type":6}\u001e')).toBe('data: {"type":6}\u001e\r\n\r\n');
  });

  test("line breaks in the message do not end the event", () => {
    expect(eventOf('{"type":\n6,\r\n"x":1}\u001e')).toBe('data: {"type":\r\ndata: 6,\r\ndata: "x":1}\u001e\r\n\r\n');
    expect(eventOf("{\n\n}")).toBe("data: {\r\ndata: \r\ndata: }\r\n\r\n");
    expect(eventOf("{}\n")).toBe("data: {}\r\ndata: \r\n\r\n");
  });
});

test("the detached bytes outlive the chunk that they came in", () => {
  const chunk = Buffer.from('{"type":6}\u001e');
  const frame = new SharedFrame(hubProtocols.json, chunk);
  const { detached } = frame;
  chunk.fill(0);
  expect(detached.toString()).toBe('{"type":6}\u001e');
  expect(frame.detached).toBe(detached);
});
