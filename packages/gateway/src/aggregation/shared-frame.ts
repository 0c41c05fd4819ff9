import type { Frame, HubProtocol } from "@signalr-edge/protocol";
import { webSocketHeaderBytes } from "../observe/savings.ts";

const textFrame = 0x81;
const binaryFrame = 0x82;

/** What a client that is behind does with a message, instead of queueing it (aggregation.md 7). */
export type WhenBehind =
  | { readonly kind: "drop" }
  /** Only the newest message of a key is kept until the client has caught up. */
  | { readonly kind: "conflate"; readonly key: string };

/**
 * One hub message on its way to any number of clients: its bytes, and each transport's form of them, built on first use
 * and then shared by all. Holds a view of the bytes; the forms are copies.
 */
export class SharedFrame {
  readonly bytes: Frame;
  /** Absent: it is queued, and a client too far behind is cut. */
  readonly whenBehind: WhenBehind | undefined;
  readonly #protocol: HubProtocol;
  #webSocketFrame: Buffer | undefined;
  #serverSentEvent: Buffer | undefined;
  #detached: Buffer | undefined;

  constructor(protocol: HubProtocol, bytes: Frame, whenBehind?: WhenBehind) {
    this.#protocol = protocol;
    this.bytes = bytes;
    this.whenBehind = whenBehind;
  }

  /** A complete, unfragmented, unmasked WebSocket frame: text for JSON, binary for MessagePack (protocol.md 2.1). */
  get webSocketFrame(): Buffer {
    this.#webSocketFrame ??= encodeWebSocketFrame(
      this.#protocol.transferFormat === "Text" ? textFrame : binaryFrame,
      this.bytes,
    );
    return this.#webSocketFrame;
  }

  /** One event, in exactly ASP.NET Core's form (protocol.md 2.2). Text only. */
  get serverSentEvent(): Buffer {
    this.#serverSentEvent ??= encodeServerSentEvent(this.bytes);
    return this.#serverSentEvent;
  }

  /** The bytes in memory of their own, for whoever keeps them beyond this turn. */
  get detached(): Buffer {
    this.#detached ??= Buffer.from(this.bytes);
    return this.#detached;
  }
}

/** RFC 6455 section 5.2: FIN set, no mask, payload length in its shortest form. */
function encodeWebSocketFrame(firstByte: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const headerBytes = webSocketHeaderBytes(length);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = firstByte;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, headerBytes);
  return frame;
}

const dataPrefix = Buffer.from("data: ");
const lineEnd = Buffer.from("\r\n");
const lineFeed = 0x0a;

/** A line break in the payload would end the event: every line gets a prefix of its own, and CR LF as its only end. */
function encodeServerSentEvent(payload: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start <= payload.length; ) {
    const found = payload.indexOf(lineFeed, start);
    const end = found < 0 ? payload.length : found;
    const line = payload.subarray(start, end);
    parts.push(dataPrefix, line.at(-1) === 0x0d ? line.subarray(0, -1) : line, lineEnd);
    start = end + 1;
  }
  parts.push(lineEnd);
  return Buffer.concat(parts);
}
