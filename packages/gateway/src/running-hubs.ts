import { SpreadCloser } from "./aggregation/spread-closer.ts";
import type { ClientConnection } from "./client/client-connection.ts";
import { sharedDeflate } from "./client/shared-deflate.ts";
import { closeReasons } from "./close-reasons.ts";
import type { HubChange } from "./config/reload-plan.ts";
import type { Config, HubConfig } from "./config/schema.ts";
import { HubRuntime, type HubRuntimeParts, type HubTotals } from "./hub-runtime.ts";
import type { Metrics } from "./observe/metrics.ts";

export interface RunningHubsParts extends Omit<HubRuntimeParts, "config" | "metrics" | "deflate" | "totals"> {
  readonly metrics: Metrics;
  /** All clients of the gateway. */
  readonly connections: () => Iterable<ClientConnection>;
}

/** A change that is decided, with everything made that could have failed. */
export interface PreparedReload {
  readonly hubs: readonly { readonly runtime: HubRuntime; readonly config: HubConfig }[];
  readonly changes: readonly HubChange[];
}

/**
 * The hubs at work, and those that a reload has replaced while clients are still on their way to the new ones. One
 * client sees one configuration: it stays with the `HubRuntime` that it came to.
 */
export class RunningHubs {
  readonly #parts: RunningHubsParts;
  /** Each with the time by which its clients are to be gone. */
  readonly #retired = new Map<HubRuntime, number>();
  readonly #totals: HubTotals = {
    groupCount: () => [...this.#current, ...this.#retired.keys()].reduce((sum, hub) => sum + hub.groupCount, 0),
    privateUpstreamCount: () =>
      [...this.#parts.metrics.hubs.values()].reduce((sum, hub) => sum + hub.privateUpstreams, 0),
  };
  #current: readonly HubRuntime[] = [];

  constructor(config: Config, parts: RunningHubsParts) {
    this.#parts = parts;
    this.#current = config.hubs.map((hub) => this.#create(hub));
  }

  get current(): readonly HubRuntime[] {
    return this.#current;
  }

  /** Changes nothing yet. Throws an `Error` if a file or a variable that the configuration names is not there. */
  prepare(changes: readonly HubChange[]): PreparedReload {
    const byPath = new Map(this.#current.map((runtime) => [runtime.config.path.toLowerCase(), runtime]));
    const hubs: { runtime: HubRuntime; config: HubConfig }[] = [];
    for (const { kind, hub } of changes) {
      if (kind === "removed") continue;
      const running = kind === "kept" || kind === "adjusted" ? byPath.get(hub.path.toLowerCase()) : undefined;
      hubs.push({ runtime: running ?? this.#create(hub), config: hub });
    }
    return { hubs, changes };
  }

  /** Every decision after it is made by the new configuration. */
  commit({ hubs, changes }: PreparedReload, spreadMs: number): void {
    const before = new Map(this.#current.map((runtime) => [runtime.config.path.toLowerCase(), runtime]));
    this.#current = hubs.map(({ runtime }) => runtime);
    for (const { kind, hub } of changes) {
      const running = before.get(hub.path.toLowerCase());
      if (running === undefined || kind === "kept") continue;
      running.closeWithoutAccess(hub, this.#clientsOf(running));
      if (kind === "adjusted") running.adjust(hub);
      else this.#retire(running, spreadMs);
    }
  }

  sweep(nowMs: number): void {
    for (const runtime of this.#current) runtime.sweep(nowMs);
    for (const [runtime, endsAtMs] of this.#retired) {
      runtime.sweep(nowMs);
      const clients = this.#clientsOf(runtime);
      if (nowMs < endsAtMs) continue;
      // Some were still connecting when their hub was replaced.
      for (const client of clients) client.close(closeReasons.reloaded);
      if (clients.length > 0) continue;
      this.#retired.delete(runtime);
      void this.#dispose(runtime);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#current, ...this.#retired.keys()].map((runtime) => runtime.close()));
  }

  #create(config: HubConfig): HubRuntime {
    const { metrics, connections: _connections, ...parts } = this.#parts;
    const { enabled, minBytes } = config.compression;
    const deflate = enabled ? sharedDeflate(minBytes) : undefined;
    return new HubRuntime({ ...parts, config, metrics: metrics.hub(config.path), totals: this.#totals, deflate });
  }

  /** It works on until its last client is gone; they go one after another, so that they do not come back all at once. */
  #retire(runtime: HubRuntime, spreadMs: number): void {
    const { clock } = this.#parts;
    const clients = this.#clientsOf(runtime);
    this.#retired.set(runtime, clock.now() + spreadMs);
    const closer = new SpreadCloser(clock, closeReasons.reloaded, Math.min(clients.length, spreadMs));
    for (const client of clients) closer.close(client);
  }

  async #dispose(runtime: HubRuntime): Promise<void> {
    try {
      await runtime.close();
    } catch (error) {
      this.#parts.log.error("connection.failed", { hub: runtime.config.path, error: String(error) });
    }
  }

  #clientsOf(runtime: HubRuntime): readonly ClientConnection[] {
    return [...this.#parts.connections()].filter(({ hub }) => hub === runtime.hub);
  }
}
