import type { Logger } from "../observe/log.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { describePlace, type LinePlace, primaryPlace } from "./line-place.ts";
import type { HubClient } from "./ports.ts";
import type { SharedLine } from "./shared-line.ts";

/** What decides which shared upstreams serve a client. */
export type LineClient = Pick<HubClient, "partition" | "protocol">;

/** The connection below a line. */
export interface LineUpstream {
  readonly stateName: string;
  /** Called about once a second. */
  sweep(nowMs: number): void;
  /** Final. */
  close(): void;
}

export interface RunningLine {
  readonly client: LineClient;
  readonly line: SharedLine;
  readonly upstream: LineUpstream;
}

export interface LineTableParts {
  readonly metrics: HubMetrics;
  readonly log: Logger;
  /** For the log. */
  readonly hub: string;
  /** Most lines of single keys, over all partitions and hub protocols. Read at each new one: a reload changes it. */
  readonly limits: { readonly maxPerKeyUpstreams: number };
  /** How long a line is kept that nobody needs. */
  readonly idleMs: number;
  readonly create: (client: LineClient, place: LinePlace) => RunningLine;
}

interface Entry {
  readonly running: RunningLine;
  unusedSinceMs: number | undefined;
}

/** The shared upstreams of one hub: made when they are needed, and retired when nobody has needed them for a while. */
export class LineTable {
  readonly #parts: LineTableParts;
  /** By partition, hub protocol and place. */
  readonly #entries = new Map<string, Entry>();

  constructor(parts: LineTableParts) {
    this.#parts = parts;
  }

  get lines(): readonly RunningLine[] {
    return [...this.#entries.values()].map(({ running }) => running);
  }

  primary(client: LineClient): SharedLine {
    return this.find(client, primaryPlace) ?? this.#create(client, primaryPlace);
  }

  /** Makes the line if need be; `undefined` if it is that of a key, and there are too many of those. */
  at(client: LineClient, place: LinePlace): SharedLine | undefined {
    const found = this.find(client, place);
    if (found !== undefined) return found;
    if (place.kind === "key" && !this.#hasRoom()) return undefined;
    return this.#create(client, place);
  }

  /** Only if somebody has needed it lately. */
  find(client: LineClient, place: LinePlace): SharedLine | undefined {
    return this.#entries.get(idOf(client, place))?.running.line;
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    for (const [id, entry] of this.#entries) {
      entry.running.upstream.sweep(nowMs);
      if (entry.running.line.isWanted) entry.unusedSinceMs = undefined;
      else entry.unusedSinceMs ??= nowMs;
      if (entry.unusedSinceMs !== undefined && nowMs - entry.unusedSinceMs >= this.#parts.idleMs) {
        this.#retire(id, entry.running);
      }
    }
  }

  /** Nothing is asked of it any more. */
  close(): void {
    for (const { line, upstream } of this.lines) {
      upstream.close();
      // The counters are those of the hub, which may have been replaced by another one.
      if (line.place.kind === "key") this.#parts.metrics.perKeyUpstreams -= 1;
    }
    this.#entries.clear();
  }

  #create(client: LineClient, place: LinePlace): SharedLine {
    const running = this.#parts.create(client, place);
    this.#entries.set(idOf(client, place), { running, unusedSinceMs: undefined });
    if (place.kind === "key") this.#parts.metrics.perKeyUpstreams += 1;
    return running.line;
  }

  /** A line of a key that nobody needs makes room before its time. */
  #hasRoom(): boolean {
    const { metrics, limits } = this.#parts;
    if (metrics.perKeyUpstreams < limits.maxPerKeyUpstreams) return true;
    for (const [id, { running }] of this.#entries) {
      if (running.line.place.kind !== "key" || running.line.isWanted) continue;
      this.#retire(id, running);
      return true;
    }
    return false;
  }

  #retire(id: string, { client, line, upstream }: RunningLine): void {
    const { metrics, log, hub } = this.#parts;
    upstream.close();
    this.#entries.delete(id);
    if (line.place.kind === "key") metrics.perKeyUpstreams -= 1;
    log.info("upstream.retired", { hub, protocol: client.protocol.name, ...describePlace(line.place) });
  }
}

function idOf({ partition, protocol }: LineClient, place: LinePlace): string {
  const at = place.kind === "shard" ? String(place.shard) : `k${place.key}`;
  return `${protocol.name} ${partition.key.length}:${partition.key} ${at}`;
}
