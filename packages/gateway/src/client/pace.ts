import type { Flushable, Turn } from "./turn.ts";

/**
 * When what is written to the clients of a hub leaves: at the end of the turn, or, as far as it may wait, when
 * `flushIntervalMs` are over. One per hub.
 */
export class Pace {
  readonly #turn: Turn;
  /** 0: nothing waits longer than the turn. */
  readonly intervalMs: number;
  #gathering: Flushable[] = [];

  constructor(turn: Turn, intervalMs: number) {
    this.#turn = turn;
    this.intervalMs = intervalMs;
  }

  /** Calls `flushable.flush()` when this turn's input has been handled. */
  flushAtEnd(flushable: Flushable): void {
    this.#turn.flushAtEnd(flushable);
  }

  /** The same, but it may wait for more: one timer for all who do, not one for each. */
  flushLater(flushable: Flushable): void {
    if (this.intervalMs === 0) return this.#turn.flushAtEnd(flushable);
    if (this.#gathering.length === 0) setTimeout(this.#flush, this.intervalMs);
    this.#gathering.push(flushable);
  }

  readonly #flush = (): void => {
    const flushables = this.#gathering;
    // What is written while flushing waits for the next time.
    this.#gathering = [];
    for (const flushable of flushables) flushable.flush();
  };
}
