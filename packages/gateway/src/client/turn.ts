/** Something that holds its writes back until the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * The end of the current turn of the event loop. Whatever arrives from upstream sockets in one poll phase is written to
 * each client at once: the system call is the cost of a delivery, so this raises throughput with load and adds no
 * latency beyond the turn itself (tests/bench/micro/fan-out.bench.ts). One per gateway.
 */
export class Turn {
  #flushables: Flushable[] = [];
  #spare: Flushable[] = [];

  /** Calls `flushable.flush()` once, when this turn's input has been handled. */
  flushAtEnd(flushable: Flushable): void {
    if (this.#flushables.length === 0) setImmediate(this.#flush);
    this.#flushables.push(flushable);
  }

  readonly #flush = (): void => {
    const flushables = this.#flushables;
    // What is written while flushing belongs to the next turn.
    this.#flushables = this.#spare;
    for (const flushable of flushables) flushable.flush();
    flushables.length = 0;
    this.#spare = flushables;
  };
}
