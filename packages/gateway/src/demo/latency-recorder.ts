import { createHistogram } from "node:perf_hooks";
import { sentAtNow } from "./odds-feed.ts";

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const highestMicroseconds = 60_000_000;

/** Ages of messages, from the origin's clock to the client that reads them: one machine, one clock. */
export class LatencyRecorder {
  readonly #histogram = createHistogram({ lowest: 1, highest: highestMicroseconds, figures: 3 });

  /** `sentAt` in microseconds since the Unix epoch. */
  record(sentAt: number): void {
    this.#histogram.record(Math.min(highestMicroseconds, Math.max(1, sentAtNow() - sentAt)));
  }

  read(): Latency {
    if (this.#histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    const milliseconds = (microseconds: number): number => Math.round(microseconds) / 1000;
    return {
      p50: milliseconds(this.#histogram.percentile(50)),
      p99: milliseconds(this.#histogram.percentile(99)),
      max: milliseconds(this.#histogram.max),
    };
  }
}
