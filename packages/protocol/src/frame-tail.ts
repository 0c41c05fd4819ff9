const smallestCapacity = 256;
/** Shared: most tails of idle connections are empty. */
const nothing = Buffer.alloc(0);

/**
 * The bytes of a frame that has not arrived completely. Capacity doubles, so that a peer that sends single bytes
 * causes amortised work, and follows what has arrived: a declared length allocates nothing.
 */
export class FrameTail {
  #bytes: Buffer = nothing;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view of the content, until the next `append` or `take`. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies; `piece` may be reused by the caller. */
  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (this.#bytes.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(smallestCapacity, needed, 2 * this.#length));
      grown.set(this.content);
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }

  /** The whole content. The tail is empty afterwards and never writes to these bytes again. */
  take(): Buffer {
    const whole = this.content;
    this.#bytes = nothing;
    this.#length = 0;
    return whole;
  }
}
