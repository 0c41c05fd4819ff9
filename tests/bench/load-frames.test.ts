import { expect, test } from "vitest";
import { clientFrame, FrameReader, serverFrame } from "./load/websocket-frames.ts";

const payloads = ["", "{}\u001e", "x".repeat(125), "x".repeat(126), "x".repeat(70_000)].map((text) =>
  Buffer.from(text),
);
const ping = Buffer.from([0x89, 0]);
const close = Buffer.from([0x88, 2, 0x03, 0xe8]);

/** As a server may send it; `serverFrame` has no 64-bit lengths. */
function longFrame(payload: Buffer): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0x827f);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

function read(...chunks: readonly Buffer[]): { payloads: Buffer[]; closes: number } {
  const seen: Buffer[] = [];
  let closes = 0;
  const reader = new FrameReader(
    (payload) => seen.push(Buffer.from(payload)),
    () => {
      closes += 1;
    },
  );
  for (const chunk of chunks) reader.push(chunk);
  return { payloads: seen, closes };
}

test("frames of every length come out whole, control frames between them do not", () => {
  const frames = payloads.map((payload) =>
    payload.length > 0xffff ? longFrame(payload) : serverFrame(payload, false),
  );
  const seen = read(Buffer.concat(frames.flatMap((frame) => [frame, ping])));
  expect(seen.payloads.map(String)).toEqual(payloads.map(String));
});

test("frames that are cut anywhere come out the same", () => {
  const [, handshake = ping, short = ping, medium = ping] = payloads;
  const bytes = Buffer.concat([
    serverFrame(handshake, false),
    ping,
    serverFrame(short, true),
    serverFrame(medium, true),
  ]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    // The reader may keep nothing of a chunk: sockets read the next one into the same memory.
    const first = Buffer.from(bytes.subarray(0, cut));
    const seen: string[] = [];
    const reader = new FrameReader(
      (payload) => seen.push(payload.toString()),
      () => undefined,
    );
    reader.push(first);
    first.fill(0);
    reader.push(bytes.subarray(cut));
    expect(seen).toEqual([handshake, short, medium].map(String));
  }
});

test("a close frame is told", () => {
  expect(read(close).closes).toBe(1);
});

test("a frame of a client is masked with zeros, so its payload stands in it as it is", () => {
  const frame = clientFrame(Buffer.from("{}\u001e"), false);
  expect([...frame]).toEqual([0x81, 0x83, 0, 0, 0, 0, 0x7b, 0x7d, 0x1e]);
});
