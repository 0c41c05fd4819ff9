import type { Socket } from "node:net";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { FrameLog } from "../../support/frame-log.ts";
import { askUpgrade } from "../../support/upgrade.ts";

const flushTail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** What stands in front of a payload (RFC 6455 section 5.2). */
export interface FrameHead {
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly opcode: number;
}

/** One WebSocket frame as the gateway sent it. */
export interface WireFrame extends Required<FrameHead> {
  /** All of it, with its header. */
  readonly bytes: Buffer;
  readonly payload: Buffer;
}

/** A client that sees and sends WebSocket frames, and knows nothing of extensions but what the test makes of them. */
export class FrameClient {
  /** The answer to the offer. */
  readonly extensions: string | undefined;
  readonly frames: WireFrame[] = [];
  readonly #log = new FrameLog((frame) => frame.toString("latin1"));
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket, extensions: string | undefined) {
    this.#socket = socket;
    this.extensions = extensions;
  }

  /** Opens a WebSocket without negotiate; it ends with the test. */
  static async open(hubUrl: string, offer?: string): Promise<FrameClient> {
    const headers: Record<string, string> = offer === undefined ? {} : { "sec-websocket-extensions": offer };
    const answer = await askUpgrade(hubUrl, headers);
    if (answer.socket === undefined) throw new Error(`the upgrade was answered with ${answer.status} ${answer.text}`);
    const client = new FrameClient(answer.socket, answer.headers["sec-websocket-extensions"]);
    onTestFinished(() => void answer.socket.destroy());
    client.#receive(answer.head);
    answer.socket.on("data", (chunk: Buffer) => client.#receive(chunk));
    answer.socket.on("close", () => client.#log.end("the socket closed"));
    return client;
  }

  send(head: FrameHead, payload: Uint8Array): void {
    this.#socket.write(maskedFrame(head, Buffer.from(payload)));
  }

  sendText(text: string): void {
    this.send({ opcode: 1 }, Buffer.from(text));
  }

  sendDeflated(bytes: Uint8Array | string): void {
    this.send({ opcode: 1, rsv1: true }, deflate(bytes));
  }

  /** The first frame, past or to come, that fits. */
  waitFor(fits: (frame: WireFrame) => boolean): Promise<WireFrame> {
    return this.#log.until(() => this.frames.find(fits), "a certain WebSocket frame");
  }

  /** The first frame whose payload, inflated where it says so, has this text. */
  waitForText(text: string): Promise<WireFrame> {
    return this.waitFor((frame) => frame.opcode < 8 && contentOf(frame).includes(text));
  }

  /** The code of the gateway's Close frame. */
  async closeCode(): Promise<number> {
    const frame = await this.waitFor(({ opcode }) => opcode === 8);
    return frame.payload.readUInt16BE(0);
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let frame = firstFrame(this.#received); frame !== undefined; frame = firstFrame(this.#received)) {
      this.#received = this.#received.subarray(frame.bytes.length);
      this.frames.push(frame);
      this.#log.add(frame.bytes);
    }
  }
}

/** What a compressed WebSocket message carries (RFC 7692 section 7.2.1). */
export function deflate(bytes: Uint8Array | string): Buffer {
  const flushed = deflateRawSync(bytes, { windowBits: 10, finishFlush: constants.Z_SYNC_FLUSH });
  return flushed.subarray(0, -flushTail.length);
}

/** The message in an unfragmented frame, inflated from nothing but itself. */
export function contentOf({ rsv1, payload }: WireFrame): Buffer {
  if (!rsv1) return payload;
  return inflateRawSync(Buffer.concat([payload, flushTail]), { finishFlush: constants.Z_SYNC_FLUSH });
}

function firstFrame(bytes: Buffer): WireFrame | undefined {
  if (bytes.length < 2) return undefined;
  const shortLength = bytes.readUInt8(1);
  const headerBytes = shortLength < 126 ? 2 : shortLength === 126 ? 4 : 10;
  if (bytes.length < headerBytes) return undefined;
  const length = lengthOf(bytes, headerBytes);
  if (bytes.length < headerBytes + length) return undefined;
  const first = bytes.readUInt8(0);
  const whole = Buffer.from(bytes.subarray(0, headerBytes + length));
  const [fin, rsv1] = [(first & 0x80) !== 0, (first & 0x40) !== 0];
  return { fin, rsv1, opcode: first & 0x0f, bytes: whole, payload: whole.subarray(headerBytes) };
}

function lengthOf(bytes: Buffer, headerBytes: number): number {
  if (headerBytes === 2) return bytes.readUInt8(1);
  return headerBytes === 4 ? bytes.readUInt16BE(2) : bytes.readUIntBE(4, 6);
}

/** Masked with zeros, which leave the payload as it is. */
function maskedFrame({ fin = true, rsv1 = false, opcode }: FrameHead, payload: Buffer): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const mask = [0, 0, 0, 0];
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | payload.length, ...mask]), payload]);
  const header = Buffer.alloc(14);
  header.set([first, 0x80 | 127]);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}
