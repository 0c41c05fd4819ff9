import type { ScriptConnection } from "./script-connection.ts";

/** Dozens of clients share the processor. */
export const waitMs = 30_000;

/** What a connection received for one target: the arguments of each message, in order. Make it before `start`. */
export class Arrivals {
  readonly messages: (readonly unknown[])[] = [];
  readonly #target: string;
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(connection: ScriptConnection, target: string) {
    this.#target = target;
    connection.on(target, (...args) => this.#add(args));
  }

  /** Resolves with all messages as soon as there are `count`. */
  async waitForCount(count: number): Promise<readonly (readonly unknown[])[]> {
    if (this.messages.length >= count) return this.messages;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.messages.length} of ${count} ${this.#target} came in ${waitMs} ms`)),
        waitMs,
      );
      const settle = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiters.push({ count, resolve: settle });
    });
    return this.messages;
  }

  #add(args: readonly unknown[]): void {
    this.messages.push(args);
    for (const { resolve } of this.#waiters.filter(({ count }) => count <= this.messages.length)) resolve();
    this.#waiters = this.#waiters.filter(({ count }) => count > this.messages.length);
  }
}
