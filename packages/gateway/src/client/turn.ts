/** Something that holds its writes back until the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Measures turns that had messages from shared upstreams. */
export interface TurnWatch {
  /** Monotonic milliseconds. */
  now(): number;
  /** Everything has been written, so long after the first message was read. */
  written(afterMs: number): void;
}

/**
 * The end of the current turn of the event loop. Whatever arrives from upstream sockets in one poll phase is written to
 * each client at once: the system call is the cost of a delivery, so this raises throughput with load and adds no
 * latency beyond the turn itself (tests/bench/micro/fan-out.bench.ts). One per gateway.
 */
export class Turn {
  readonly #watch: TurnWatch | undefined;
  /** When the first message from a shared upstream was read in this turn. */
  #readAtMs: number | undefined;
  #flushables: Flushable[] = [];
  #spare: Flushable[] = [];

  constructor(watch?: TurnWatch) {
    this.#watch = watch;
  }

  /** A message from a shared upstream has been read. */
  messageRead(): void {
    if (this.#watch === undefined || this.#readAtMs !== undefined) return;
    if (this.#flushables.length === 0) setImmediate(this.#flush);
    this.#readAtMs = this.#watch.now();
  }

  /** Calls `flushable.flush()` once, when this turn's input has been handled. */
  flushAtEnd(flushable: Flushable): void {
    if (this.#flushables.length === 0 && this.#readAtMs === undefined) setImmediate(this.#flush);
    this.#flushables.push(flushable);
  }

  readonly #flush = (): void => {
    const flushables = this.#flushables;
    const readAtMs = this.#readAtMs;
    this.#readAtMs = undefined;
    // What is written while flushing belongs to the next turn.
    this.#flushables = this.#spare;
    for (const flushable of flushables) flushable.flush();
    if (this.#watch !== undefined && readAtMs !== undefined && flushables.length > 0) {
      this.#watch.written(this.#watch.now() - readAtMs);
    }
    flushables.length = 0;
    this.#spare = flushables;
  };
}
