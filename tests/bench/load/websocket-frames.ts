import { randomBytes } from "node:crypto";

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8 } as const;
const shortLength = 126;
const extendedLength = 127;

/** A frame of a client. The mask is all zeros, so that frames can be built once and shared (RFC 6455, 5.3). */
export function clientFrame(payload: Uint8Array, isBinary: boolean): Buffer {
  const header = headerOf(payload.length, isBinary, 0x80);
  return Buffer.concat([header, Buffer.alloc(4), payload]);
}

export function serverFrame(payload: Uint8Array, isBinary: boolean): Buffer {
  return Buffer.concat([headerOf(payload.length, isBinary, 0), payload]);
}

function headerOf(length: number, isBinary: boolean, maskBit: number): Buffer {
  const first = 0x80 | (isBinary ? opcodes.binary : opcodes.text);
  if (length < shortLength) return Buffer.from([first, maskBit | length]);
  if (length > 0xffff) throw new Error(`a frame of ${length} bytes is larger than the bench sends`);
  return Buffer.from([first, maskBit | shortLength, length >> 8, length & 0xff]);
}

export function upgradeRequest(url: URL): string {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "\r\n",
  ].join("\r\n");
}

/**
 * Cuts the bytes of a server into the payloads of its data frames. Knows no more of WebSockets than servers of the bench
 * use: it puts no fragments together and takes control frames for noise, except for a close.
 */
export class FrameReader {
  readonly #payload: (payload: Buffer) => void;
  readonly #closed: () => void;
  #rest: Buffer | undefined;

  constructor(payload: (payload: Buffer) => void, closed: () => void) {
    this.#payload = payload;
    this.#closed = closed;
  }

  /** `chunk` may be used again by the caller afterwards. Payloads are views of it. */
  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    for (;;) {
      const end = this.#readFrame(bytes, offset);
      if (end === undefined) break;
      offset = end;
    }
    this.#rest = offset === bytes.length ? undefined : Buffer.from(bytes.subarray(offset));
  }

  /** Returns where the frame ends; `undefined` if not all of it is there. */
  #readFrame(bytes: Buffer, offset: number): number | undefined {
    const [first, second] = [bytes[offset], bytes[offset + 1]];
    if (first === undefined || second === undefined) return undefined;
    let start = offset + 2;
    let length = second & 0x7f;
    if (length === shortLength) {
      if (bytes.length < start + 2) return undefined;
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === extendedLength) {
      if (bytes.length < start + 8) return undefined;
      length = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    const end = start + length;
    if (end > bytes.length) return undefined;
    const opcode = first & 0x0f;
    if (opcode <= opcodes.binary) this.#payload(bytes.subarray(start, end));
    else if (opcode === opcodes.close) this.#closed();
    return end;
  }
}
