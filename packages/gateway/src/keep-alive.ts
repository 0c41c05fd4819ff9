const sweepIntervalMs = 1000;

/**
 * One timer for everything that is due by the clock: pings, silence, expired ids, deadlines. Connections have no timers
 * of their own; what they wait for is checked here about once a second, which is how the origin does it too.
 */
export class KeepAlive {
  readonly #sweep: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(sweep: () => void) {
    this.#sweep = sweep;
  }

  start(): void {
    this.#timer ??= setInterval(this.#sweep, sweepIntervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
