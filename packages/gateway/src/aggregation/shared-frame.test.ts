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

describe.each([
  { name: "json", firstByte: 0xc1 },
  { name: "messagepack", firstByte: 0xc2 },
] as const)("a frame of $name for clients with compression", ({ name, firstByte }) => {
  const payload = Buffer.alloc(300, "x");
  const deflated = Buffer.alloc(200, "d");

  test("is deflated once, and has RSV1 set", () => {
    let count = 0;
    const deflate = (): Buffer => {
      count += 1;
      return deflated;
    };
    const frame = new SharedFrame(hubProtocols[name], payload, undefined, deflate);
    const { deflatedWebSocketFrame } = frame;
    expect(deflatedWebSocketFrame.subarray(0, 4).toString("hex")).toBe(`${firstByte.toString(16)}7e00c8`);
    expect(deflatedWebSocketFrame.subarray(4).equals(deflated)).toBe(true);
    expect(frame.deflatedWebSocketFrame).toBe(deflatedWebSocketFrame);
    expect(frame.webSocketFrame.subarray(4).equals(payload)).toBe(true);
    expect(count).toBe(1);
  });

  test("is the plain one if it is not worth it, or for this client alone", () => {
    const worthless = new SharedFrame(hubProtocols[name], payload, undefined, () => undefined);
    expect(worthless.deflatedWebSocketFrame).toBe(worthless.webSocketFrame);
    const alone = new SharedFrame(hubProtocols[name], payload);
    expect(alone.deflatedWebSocketFrame).toBe(alone.webSocketFrame);
  });
});

test("a frame that is kept is the same for all who keep it, and outlives its chunk", () => {
  const chunk = Buffer.from('{"type":6}\u001e');
  const frame = new SharedFrame(hubProtocols.json, chunk);
  expect(frame.keep().bytes).toBe(frame.keep().bytes);
  chunk.fill(0);
  expect(frame.bytes.toString()).toBe('{"type":6}\u001e');
  expect(frame.webSocketFrame.subarray(2).toString()).toBe('{"type":6}\u001e');
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
