import { asBuffer } from "../as-buffer.ts";
import { FrameTail } from "../frame-tail.ts";
import type { Frame, FrameSplitter } from "../hub-protocol.ts";
import { messageTooLarge } from "../message-too-large.ts";
import { recordSeparator } from "./scan.ts";

/** Cuts behind each 0x1E. JSON escapes control characters, so the byte occurs nowhere else in a valid message. */
export class JsonFrameSplitter implements FrameSplitter {
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
    let start = 0;
    for (;;) {
      const separator = bytes.indexOf(recordSeparator, start);
      if (separator < 0) break;
      const end = separator + 1;
      if (this.#tail.length + end - start > this.#maxFrameBytes) throw messageTooLarge(this.#maxFrameBytes);
      onFrame(this.#complete(bytes.subarray(start, end)));
      start = end;
    }
    this.#keep(bytes, start);
  }

  #complete(piece: Buffer): Frame {
    if (this.#tail.length === 0) return piece;
    this.#tail.append(piece);
    return this.#tail.take();
  }

  #keep(bytes: Buffer, start: number): void {
    if (start === bytes.length) return;
    // The separator still to come would be one byte too many, so waiting for it is pointless.
    if (this.#tail.length + bytes.length - start >= this.#maxFrameBytes) throw messageTooLarge(this.#maxFrameBytes);
    this.#tail.append(bytes.subarray(start));
  }
}
