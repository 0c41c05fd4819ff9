/** Short byte strings are compared faster here than by a call into native code. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

const chunkBytes = 4096;

/** Memory in which bytes lie while the gateway looks at them, and which is used again for the next: as a socket's may be. */
export class Chunk {
  readonly #memory = Buffer.alloc(chunkBytes);
  readonly #views: (Buffer | undefined)[] = Array.from({ length: chunkBytes + 1 }, () => undefined);

  /** A copy in the chunk, or in its own memory if it is too large; valid until `spoil` or the next call. */
  place(bytes: Uint8Array): Buffer {
    if (bytes.length > chunkBytes) return Buffer.from(bytes);
    let view = this.#views[bytes.length];
    if (view === undefined) {
      view = this.#memory.subarray(0, bytes.length);
      this.#views[bytes.length] = view;
    }
    view.set(bytes);
    return view;
  }

  /** Whoever has kept a view has nothing left. */
  spoil(view: Buffer): void {
    // Buffer.prototype.fill looks for much that a number is not.
    Uint8Array.prototype.fill.call(view, 0);
  }
}
