/** Most latencies that a process keeps of one window. */
const maxSamples = 50_000;

/** What the clients of a process have in common: the clock, and what they have got since the window began. */
export class Window {
  delivered = 0;
  outOfOrder = 0;
  /** Of `performance.now`. */
  lastAtMs = 0;
  /** Unix time of the last message that was sampled. */
  lastSentAtMs = 0;
  #latenciesMs: number[] = [];
  #offsetMs = calibrate();

  begin(): void {
    this.delivered = 0;
    this.outOfOrder = 0;
    this.lastAtMs = 0;
    this.lastSentAtMs = 0;
    this.#latenciesMs = [];
    this.#offsetMs = calibrate();
  }

  /** Unix time of the last message to any client. */
  get lastAtUnixMs(): number {
    return this.lastAtMs + this.#offsetMs;
  }

  /** Now, with the resolution of the monotonic clock. */
  get unixMs(): number {
    return performance.now() + this.#offsetMs;
  }

  count(): void {
    this.delivered += 1;
    this.lastAtMs = performance.now();
  }

  /** `sentAt` in microseconds since the Unix epoch. */
  sample(sentAt: number): void {
    this.lastSentAtMs = sentAt / 1000;
    if (this.#latenciesMs.length < maxSamples) this.#latenciesMs.push(this.unixMs - this.lastSentAtMs);
  }

  get latenciesMs(): number[] {
    return this.#latenciesMs.sort((a, b) => a - b);
  }
}

/** Waits for the wall clock to step: at that moment it is exact. `performance.timeOrigin` drifts away from it. */
function calibrate(): number {
  const before = Date.now();
  for (;;) {
    const now = Date.now();
    if (now !== before) return now - performance.now();
  }
}
