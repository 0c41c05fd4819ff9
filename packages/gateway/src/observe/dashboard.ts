import type { HubRuntime } from "../hub-runtime.ts";
import { History, type Sample } from "./history.ts";
import { type LargestGroups, largestGroups } from "./largest-groups.ts";
import { clipped, type LifecycleEvent, type LifecycleLog } from "./lifecycle-log.ts";
import type { Recorder } from "./recorder.ts";
import { type HubSummary, hubSummary } from "./state.ts";

export interface DashboardParts {
  readonly version: string;
  /** The hubs of the configuration in force. */
  readonly runtimes: () => readonly HubRuntime[];
  readonly recorder: Recorder;
  readonly lifecycle: LifecycleLog;
  readonly uptimeSeconds: () => number;
  readonly isDraining: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** First event of `GET /api/events`. */
export interface Hello {
  readonly version: string;
  readonly intervalMs: number;
  /** By series; all have the same length. */
  readonly history: Readonly<Record<string, readonly (number | null)[]>>;
  readonly events: readonly LifecycleEvent[];
}

/** Every further event. */
export interface Tick {
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  readonly sample: Readonly<Record<string, number | null>>;
  readonly hubs: readonly (HubSummary & { readonly sharedUpstreamCount: number })[];
  readonly largestGroups: LargestGroups;
  /** New since the last tick. */
  readonly events: readonly LifecycleEvent[];
}

export const tickIntervalMs = 1000;
const historySeconds = 600;
const [maxUpstreamsShown, maxGroupsShown, maxGroupsFound] = [50, 25, 100];
/** Looking through the groups may take this share of the time; with very many of them they are looked at less often. */
const groupsShare = 0.01;

/** What the dashboard shows: ten minutes of history, kept whether somebody looks or not, and the present. */
export class Dashboard {
  readonly #parts: DashboardParts;
  readonly #history = new History(historySeconds);
  #sample: Sample | undefined;
  #lastEventNumber = 0;
  #groups: LargestGroups = { groupCount: 0, matchCount: 0, groups: [] };
  #groupsDueAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: DashboardParts) {
    this.#parts = parts;
  }

  /** Called about once a second. */
  record(): void {
    this.#sample = this.#parts.recorder.sample();
    this.#history.add(this.#sample);
  }

  hello(): Hello {
    const { version, lifecycle } = this.#parts;
    return { version, intervalMs: tickIntervalMs, history: this.#history.columns(), events: lifecycle.since(0) };
  }

  /** The present, as of the last `record`. With events since the last call: one call for all who look. */
  tick(): Tick | undefined {
    const { runtimes, lifecycle, uptimeSeconds, isDraining } = this.#parts;
    if (this.#sample === undefined) return undefined;
    const events = lifecycle.since(this.#lastEventNumber);
    this.#lastEventNumber = lifecycle.lastNumber;
    return {
      uptimeSeconds: uptimeSeconds(),
      draining: isDraining(),
      sample: this.#sample,
      hubs: runtimes().map(shownHub),
      largestGroups: this.#largestGroups(),
      events,
    };
  }

  findGroups(search: string): LargestGroups {
    return largestGroups(this.#parts.runtimes(), maxGroupsFound, search);
  }

  #largestGroups(): LargestGroups {
    const { runtimes, now } = this.#parts;
    const startedAtMs = now();
    if (startedAtMs < this.#groupsDueAtMs) return this.#groups;
    this.#groups = largestGroups(runtimes(), maxGroupsShown);
    this.#groupsDueAtMs = startedAtMs + (now() - startedAtMs) / groupsShare;
    return this.#groups;
  }
}

/** Partitions come from queries and headers of clients: there may be many of them, with anything in them. */
function shownHub(runtime: HubRuntime): HubSummary & { readonly sharedUpstreamCount: number } {
  const summary = hubSummary(runtime);
  const sharedUpstreams = summary.sharedUpstreams.slice(0, maxUpstreamsShown).map((upstream) => ({
    ...upstream,
    partition: clipped(upstream.partition),
    ...("key" in upstream ? { key: clipped(upstream.key) } : {}),
  }));
  return { ...summary, sharedUpstreams, sharedUpstreamCount: summary.sharedUpstreams.length };
}
