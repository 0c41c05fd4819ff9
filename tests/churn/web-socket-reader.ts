const opcodes = { continuation: 0, close: 8 } as const;
const endOfHead = Buffer.from("\r\n\r\n");

/** The client's side of RFC 6455 as far as a gateway uses it: whole, unmasked messages behind the upgrade's answer. */
export class WebSocketReader {
  #rest: Buffer = Buffer.alloc(0);
  #isUpgraded = false;
  #isClosed = false;

  get isUpgraded(): boolean {
    return this.#isUpgraded;
  }

  /** True after a Close frame. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The payloads of the messages that this chunk completes. Throws for a refused upgrade. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const payloads: Buffer[] = [];
    let start = this.#isUpgraded ? 0 : this.#readHead(bytes);
    while (this.#isUpgraded) {
      const frame = readFrame(bytes, start);
      if (frame === undefined) break;
      start = frame.end;
      if (frame.opcode === opcodes.close) this.#isClosed = true;
      else if (frame.opcode < opcodes.close) payloads.push(frame.payload);
    }
    this.#rest = bytes.subarray(start);
    return payloads;
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(endOfHead);
    if (end === -1) return 0;
    const status = bytes.toString("latin1", 0, bytes.indexOf("\r\n"));
    if (!status.startsWith("HTTP/1.1 101 ")) throw new Error(`refused with ${status}`);
    this.#isUpgraded = true;
    return end + endOfHead.length;
  }
}

interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

function readFrame(bytes: Buffer, start: number): WebSocketFrame | undefined {
  if (bytes.length < start + 2) return undefined;
  const [head, short] = [bytes.readUInt8(start), bytes.readUInt8(start + 1)];
  if ((head & 0x80) === 0 || (head & 0x0f) === opcodes.continuation) throw new Error("a fragmented message");
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const payloadStart = start + 2 + lengthBytes;
  if (bytes.length < payloadStart) return undefined;
  const length =
    lengthBytes === 0 ? short : bytes.readUIntBE(payloadStart - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6));
  const end = payloadStart + length;
  if (bytes.length < end) return undefined;
  return { opcode: head & 0x0f, payload: bytes.subarray(payloadStart, end), end };
}

/** A frame as clients send them, with a mask of zeros. */
export function maskedFrame(payload: Buffer, binary: boolean, opcode = binary ? 2 : 1): Buffer {
  if (payload.length > 65_535) throw new Error(`${payload.length} bytes do not fit into a frame of two length bytes`);
  const isShort = payload.length < 126;
  const frame = Buffer.alloc((isShort ? 6 : 8) + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) frame.writeUInt16BE(payload.length, 2);
  payload.copy(frame, frame.length - payload.length);
  return frame;
}
