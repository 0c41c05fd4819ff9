import { HubException } from "./hub-definition.ts";

/** ASP.NET Core's StreamBufferCapacity (protocol.md 0.3). */
const capacity = 10;

type Ending = { readonly error: Error | undefined };

/**
 * Items that a client streams into a hub method. Holds at most 10 unread ones: while it `isFull`, the connection does
 * not read on (protocol.md 8.4).
 */
export class UploadStream implements AsyncIterable<unknown> {
  readonly #items: unknown[] = [];
  readonly #onRead: () => void;
  #ending: Ending | undefined;
  #wake: (() => void) | undefined;

  /** `onRead` is called after each item that the hub method took. */
  constructor(onRead: () => void) {
    this.#onRead = onRead;
  }

  get isFull(): boolean {
    return this.#items.length >= capacity;
  }

  push(item: unknown): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** `error` reaches the hub method as a `HubException`, behind the items that came before it. */
  end(error: string | undefined): void {
    this.#ending ??= { error: error === undefined ? undefined : new HubException(error) };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    while (true) {
      if (this.#items.length > 0) {
        const item = this.#items.shift();
        this.#onRead();
        yield item;
        continue;
      }
      if (this.#ending?.error !== undefined) throw this.#ending.error;
      if (this.#ending !== undefined) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
