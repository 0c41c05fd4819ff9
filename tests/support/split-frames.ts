import type { HubProtocolName } from "@signalr-edge/protocol";

const recordSeparator = 0x1e;

/**
 * Cuts what one WebSocket message (event, poll) brought into frames. Servers must not split a frame over two of them
 * (protocol.md 2.1), so an incomplete frame is an error here. Written apart from `packages/protocol`, so that a test
 * client does not share the mistakes of what it tests.
 */
export function splitFrames(protocol: HubProtocolName, bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = protocol === "json" ? endOfText(bytes, start) : endOfBinary(bytes, start);
    if (end > bytes.length)
      throw new Error(`the server sent part of a frame: ${bytes.subarray(start).toString("hex")}`);
    frames.push(bytes.subarray(start, end));
    start = end;
  }
  return frames;
}

function endOfText(bytes: Buffer, start: number): number {
  const separator = bytes.indexOf(recordSeparator, start);
  return separator === -1 ? Number.POSITIVE_INFINITY : separator + 1;
}

function endOfBinary(bytes: Buffer, start: number): number {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return start + index + 1 + length;
  }
  return Number.POSITIVE_INFINITY;
}
