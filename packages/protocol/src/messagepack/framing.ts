import { asBuffer } from "../as-buffer.ts";
import { FrameTail } from "../frame-tail.ts";
import type { Frame, FrameSplitter } from "../hub-protocol.ts";
import { messageTooLarge } from "../message-too-large.ts";
import { messageLength, prefixLength } from "./length-prefix.ts";

/** Cuts by the length prefix, and refuses a frame as soon as its prefix declares too much. */
export class MessagePackFrameSplitter implements FrameSplitter {
  readonly #maxFrameBytes: number;
  readonly #tail = new FrameTail();

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  get bufferedBytes(): number {
    return this.#tail.length;
  }

  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    const bytes = asBuffer(chunk);
    let start = this.#tail.length > 0 ? this.#completeTail(bytes, onFrame) : 0;
    while (start < bytes.length) {
      const frameBytes = this.#frameBytes(bytes, start);
      if (frameBytes === undefined || frameBytes > bytes.length - start) {
        this.#tail.append(bytes.subarray(start));
        return;
      }
      onFrame(bytes.subarray(start, start + frameBytes));
      start += frameBytes;
    }
  }

  /** Returns the position in `bytes` behind what the incomplete frame took. */
  #completeTail(bytes: Buffer, onFrame: (frame: Frame) => void): number {
    let position = 0;
    let frameBytes = this.#frameBytes(this.#tail.content, 0);
    while (frameBytes === undefined) {
      if (position === bytes.length) return position;
      this.#tail.append(bytes.subarray(position, position + 1));
      position += 1;
      frameBytes = this.#frameBytes(this.#tail.content, 0);
    }
    const piece = bytes.subarray(position, position + frameBytes - this.#tail.length);
    this.#tail.append(piece);
    if (this.#tail.length === frameBytes) onFrame(this.#tail.take());
    return position + piece.length;
  }

  /** Whole length of the frame at `start`, `undefined` if its prefix is incomplete. */
  #frameBytes(bytes: Buffer, start: number): number | undefined {
    const prefixBytes = prefixLength(bytes, start);
    if (prefixBytes < 0) return undefined;
    const frameBytes = prefixBytes + messageLength(bytes, start, prefixBytes);
    if (frameBytes > this.#maxFrameBytes) throw messageTooLarge(this.#maxFrameBytes);
    return frameBytes;
  }
}
