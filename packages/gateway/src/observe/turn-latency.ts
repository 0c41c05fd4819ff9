/** Of the turns of one second, milliseconds. NaN if there was none. */
export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const bucketsPerOctave = 8;
/** From 1 microsecond to 16 seconds. */
const octaves = 24;

/**
 * How long messages are in the gateway: one measurement for each turn of the event loop that had a message from a shared
 * upstream, from the read of the first one until every client's socket has been given what the turn brought. So it is the
 * longest time of that turn. It does not have what a message waited before it was read (the delay of the event loop) and
 * what it waits in a socket that takes no more. Percentiles are exact to 9 %, in memory that never grows.
 */
export class TurnLatency {
  readonly #counts = new Uint32Array(octaves * bucketsPerOctave);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const octave = Math.log2(Math.max(1, ms * 1000));
    const bucket = Math.min(this.#counts.length - 1, Math.floor(octave * bucketsPerOctave));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** What was added since the last call. */
  take(): LatencySummary {
    if (this.#count === 0) return { p50: Number.NaN, p99: Number.NaN, max: Number.NaN };
    const summary = { p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#maxMs };
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
    return summary;
  }

  #percentile(share: number): number {
    let left = Math.ceil(share * this.#count);
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return Math.min(this.#maxMs, 2 ** ((bucket + 1) / bucketsPerOctave) / 1000);
    }
    return this.#maxMs;
  }
}
