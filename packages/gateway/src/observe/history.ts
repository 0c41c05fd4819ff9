/**
 * What is remembered for each second. Rates are per second, counters since start. `clientMessages` and `clientBytes` are
 * the `direct` figures of docs/SAVINGS.md, `originMessages` and `originBytes` the `upstream` ones.
 */
export const seriesNames = [
  /** Milliseconds since 1970. */
  "time",
  "clients",
  "originConnections",
  "originMessages",
  "originBytes",
  "clientMessages",
  "clientBytes",
  /** From the read of a message to the write to its clients; NaN if there was none. */
  "latencyP50Ms",
  "latencyP99Ms",
  "latencyMaxMs",
  /** Longest delay of a timer. */
  "loopDelayMs",
  /** Share of the time in which the event loop was not idle, 0 to 1. */
  "loopBusy",
  "memoryBytes",
  "slowConsumers",
  "gaps",
  "unattributed",
  "dropped",
  "joinErrors",
  "internalErrors",
] as const;

export type SeriesName = (typeof seriesNames)[number];
export type Sample = Readonly<Record<SeriesName, number>>;

/** Samples of the last `capacity` seconds in memory that never grows. */
export class History {
  readonly #capacity: number;
  readonly #columns: Readonly<Record<SeriesName, Float64Array>>;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    const columns = seriesNames.map((name) => [name, new Float64Array(capacity)] as const);
    this.#columns = Object.fromEntries(columns) as Record<SeriesName, Float64Array>;
  }

  add(sample: Sample): void {
    const at = this.#count % this.#capacity;
    for (const name of seriesNames) this.#columns[name][at] = sample[name];
    this.#count += 1;
  }

  /** By series, oldest first. */
  columns(): Readonly<Record<SeriesName, readonly number[]>> {
    const start = this.#count < this.#capacity ? 0 : this.#count % this.#capacity;
    const length = Math.min(this.#count, this.#capacity);
    const columns = seriesNames.map((name) => {
      const column = this.#columns[name];
      return [name, [...column.subarray(start, length), ...column.subarray(0, start)]] as const;
    });
    return Object.fromEntries(columns) as Record<SeriesName, readonly number[]>;
  }
}
