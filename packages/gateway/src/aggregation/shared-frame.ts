import type { Frame, HubProtocol } from "@signalr-edge/protocol";
import { webSocketHeaderBytes } from "../observe/savings.ts";

const textFrame = 0x81;
const binaryFrame = 0x82;
/** RSV1, "Per-Message Compressed" (RFC 7692 section 6). */
const compressed = 0x40;

/** What a client that is behind does with a message, instead of queueing it (aggregation.md 7). */
export type WhenBehind =
  | { readonly kind: "drop" }
  /** Only the newest message of a target and a group is kept until the client has caught up. */
  | { readonly kind: "conflate"; readonly target: string; readonly group: string };

/**
 * The payload of a compressed WebSocket message that inflates to these bytes by itself (RFC 7692 section 7.2.1), or
 * `undefined` if they are not worth it.
 */
export type Deflate = (bytes: Frame) => Buffer | undefined;

/**
 * One hub message on its way to any number of clients: its bytes, and each transport's form of them, built on first use
 * and then shared by all. Holds a view of the bytes; the forms are copies.
 */
export class SharedFrame {
  /** Absent: it is queued, and a client too far behind is cut. */
  readonly whenBehind: WhenBehind | undefined;
  readonly #protocol: HubProtocol;
  /** Absent: the message is for one client alone, or the hub has no compression (docs/adr/0010). */
  readonly #deflate: Deflate | undefined;
  #bytes: Frame;
  #webSocketFrame: Buffer | undefined;
  #deflatedWebSocketFrame: Buffer | undefined;
  #serverSentEvent: Buffer | undefined;
  #detached: Buffer | undefined;

  constructor(protocol: HubProtocol, bytes: Frame, whenBehind?: WhenBehind, deflate?: Deflate) {
    this.#protocol = protocol;
    this.#bytes = bytes;
    this.whenBehind = whenBehind;
    this.#deflate = deflate;
  }

  get bytes(): Frame {
    return this.#bytes;
  }

  /** Puts the bytes into memory of their own, once for all who keep the message beyond this turn. */
  keep(): this {
    this.#bytes = this.detached;
    return this;
  }

  /** A complete, unfragmented, unmasked WebSocket frame: text for JSON, binary for MessagePack (protocol.md 2.1). */
  get webSocketFrame(): Buffer {
    this.#webSocketFrame ??= encodeWebSocketFrame(this.#firstByte, this.#bytes);
    return this.#webSocketFrame;
  }

  /** For clients that negotiated permessage-deflate: compressed once for all of them, or as it is. */
  get deflatedWebSocketFrame(): Buffer {
    this.#deflatedWebSocketFrame ??= this.#deflateWebSocketFrame();
    return this.#deflatedWebSocketFrame;
  }

  /** One event, in exactly ASP.NET Core's form (protocol.md 2.2). Text only. */
  get serverSentEvent(): Buffer {
    this.#serverSentEvent ??= encodeServerSentEvent(this.#bytes);
    return this.#serverSentEvent;
  }

  /** The bytes in memory of their own, for whoever keeps them beyond this turn. */
  get detached(): Buffer {
    this.#detached ??= Buffer.from(this.#bytes);
    return this.#detached;
  }

  get #firstByte(): number {
    return this.#protocol.transferFormat === "Text" ? textFrame : binaryFrame;
  }

  #deflateWebSocketFrame(): Buffer {
    const payload = this.#deflate?.(this.#bytes);
    return payload === undefined ? this.webSocketFrame : encodeWebSocketFrame(this.#firstByte | compressed, payload);
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
