import type { HubConnection } from "@microsoft/signalr";
import { defaultWaitMs } from "./frame-log.ts";

/** What a real client received for one target, with promises of messages to come. Make it before the client starts. */
export class MessageLog<Arguments extends readonly unknown[] = readonly unknown[]> {
  /** The arguments of each message, in order. */
  readonly messages: Arguments[] = [];
  readonly #target: string;
  #waiters: (() => boolean)[] = [];

  constructor(connection: HubConnection, target: string) {
    this.#target = target;
    connection.on(target, (...args: unknown[]) => this.#add(args as unknown as Arguments));
  }

  /** Resolves with all messages as soon as there are `count`. */
  waitForCount(count: number, timeoutMs = defaultWaitMs): Promise<readonly Arguments[]> {
    return this.#until(() => (this.messages.length >= count ? this.messages : undefined), `${count}`, timeoutMs);
  }

  /** Resolves with the first message, past or to come, that fits. */
  waitFor(predicate: (args: Arguments) => boolean, timeoutMs = defaultWaitMs): Promise<Arguments> {
    return this.#until(() => this.messages.find(predicate), "a certain one", timeoutMs);
  }

  #until<T>(probe: () => T | undefined, what: string, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        const result = probe();
        if (result === undefined) return false;
        clearTimeout(timer);
        resolve(result);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((waiter) => waiter !== settle);
        const received = `${this.messages.length} ${this.#target} messages`;
        reject(new Error(`waited for ${what}: ${received} after ${timeoutMs} ms`));
      }, timeoutMs);
      if (!settle()) this.#waiters.push(settle);
    });
  }

  #add(args: Arguments): void {
    this.messages.push(args);
    this.#waiters = this.#waiters.filter((settle) => !settle());
  }
}
