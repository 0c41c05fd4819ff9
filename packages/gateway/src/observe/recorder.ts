import type { EventLoop } from "./event-loop.ts";
import type { Sample } from "./history.ts";
import type { HubMetrics, Metrics } from "./metrics.ts";
import type { TurnLatency } from "./turn-latency.ts";

export interface RecorderParts {
  readonly metrics: Metrics;
  readonly latency: TurnLatency;
  readonly eventLoop: EventLoop;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Totals {
  readonly atMs: number;
  readonly originMessages: number;
  readonly originBytes: number;
  readonly clientMessages: number;
  readonly clientBytes: number;
}

/** Turns counters into a sample per call, about once a second. */
export class Recorder {
  readonly #parts: RecorderParts;
  #last: Totals;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#last = this.#totals();
  }

  sample(): Sample {
    const totals = this.#totals();
    const seconds = Math.max(0.001, (totals.atMs - this.#last.atMs) / 1000);
    const last = this.#last;
    this.#last = totals;
    const rate = (name: keyof Totals): number => rounded((totals[name] - last[name]) / seconds);
    const latency = this.#parts.latency.take();
    const { delayMs, busy } = this.#parts.eventLoop.take();
    return {
      time: Date.now(),
      clients: this.#sum((hub) => hub.clients),
      originConnections: this.#sum((hub) => hub.sharedUpstreams + hub.privateUpstreams),
      originMessages: rate("originMessages"),
      originBytes: rate("originBytes"),
      clientMessages: rate("clientMessages"),
      clientBytes: rate("clientBytes"),
      latencyP50Ms: rounded(latency.p50),
      latencyP99Ms: rounded(latency.p99),
      latencyMaxMs: rounded(latency.max),
      loopDelayMs: rounded(delayMs),
      loopBusy: rounded(busy),
      memoryBytes: process.memoryUsage.rss(),
      slowConsumers: this.#sum((hub) => hub.slowConsumers),
      gaps: this.#sum((hub) => hub.gaps),
      unattributed: this.#sum((hub) => hub.unattributed),
      dropped: this.#sum((hub) => hub.dropped + hub.conflated),
      joinErrors: this.#sum((hub) => hub.joinErrors),
      internalErrors: this.#sum((hub) => hub.internalErrors),
    };
  }

  #totals(): Totals {
    return {
      atMs: this.#parts.now(),
      originMessages: this.#sum(({ savings }) => savings.upstreamMessages),
      originBytes: this.#sum(({ savings }) => savings.upstreamBytes),
      clientMessages: this.#sum(({ savings }) => savings.directMessages),
      clientBytes: this.#sum(({ savings }) => savings.directBytes),
    };
  }

  #sum(value: (hub: HubMetrics) => number): number {
    let sum = 0;
    for (const hub of this.#parts.metrics.hubs.values()) sum += value(hub);
    return sum;
  }
}

/** Three places after the point are enough for rates and milliseconds; the history is sent as text. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
