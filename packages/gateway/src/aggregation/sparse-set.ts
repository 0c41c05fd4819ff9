const noItems: ReadonlySet<never> = new Set<never>();

/** A set that is empty most of the time, and takes no memory for its table then. */
export class SparseSet<Item> implements Iterable<Item> {
  #items: Set<Item> | undefined;

  get size(): number {
    return this.#items?.size ?? 0;
  }

  has(item: Item): boolean {
    return this.#items?.has(item) ?? false;
  }

  add(item: Item): void {
    this.#items ??= new Set();
    this.#items.add(item);
  }

  /** False if it was not there. */
  delete(item: Item): boolean {
    if (this.#items?.delete(item) !== true) return false;
    if (this.#items.size === 0) this.#items = undefined;
    return true;
  }

  clear(): void {
    this.#items = undefined;
  }

  [Symbol.iterator](): Iterator<Item> {
    return (this.#items ?? noItems).values();
  }
}
