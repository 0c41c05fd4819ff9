const noEntries: ReadonlyMap<never, never> = new Map<never, never>();

/** A map that is empty most of the time, and takes no memory for its table then. */
export class SparseMap<Key, Value> implements Iterable<[Key, Value]> {
  #entries: Map<Key, Value> | undefined;

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  has(key: Key): boolean {
    return this.#entries?.has(key) ?? false;
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries ??= new Map();
    this.#entries.set(key, value);
  }

  /** False if it was not there. */
  delete(key: Key): boolean {
    if (this.#entries?.delete(key) !== true) return false;
    if (this.#entries.size === 0) this.#entries = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    return (this.#entries ?? noEntries).entries();
  }
}
