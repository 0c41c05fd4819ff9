import type { HubConnection } from "@microsoft/signalr";
import { createGateway, type Gateway, type LoadResult, loadConfig, type ReloadOutcome } from "@signalr-edge/gateway";
import { onTestFinished } from "vitest";
import { type HubPath, hubPaths, type Origin } from "../../support/origin.ts";
import { RawClient, type RawClientOptions } from "../../support/raw-client.ts";
import { buildRealClient, type RealClientOptions } from "../../support/real-client.ts";
import { startAspNetOrigin } from "../../support/start-origin.ts";
import { GatewayLog } from "./gateway-log.ts";

export interface EdgeOptions {
  /** Settings of hubs as in the file, `path` and `origin` left out. Default: every hub transparent. */
  readonly hubs?: Partial<Record<HubPath, object>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly admin?: Readonly<Record<string, unknown>>;
  /** Default: one of its own, which ends with the edge. */
  readonly origin?: Origin;
}

interface HubChoice {
  /** Default: the contract hub. */
  readonly hub?: HubPath;
  /** Query of the hub URL, without the question mark. */
  readonly query?: string;
}

export type EdgeClientOptions = Omit<RawClientOptions, "url"> & HubChoice;
export type EdgeRealClientOptions = Omit<RealClientOptions, "url"> & HubChoice;
export type HubState = ReturnType<Gateway["state"]>["hubs"][number];

/** An ASP.NET Core origin in a process of its own and a gateway in front of it, with clients that end with their test. */
export class Edge {
  readonly origin: Origin;
  readonly gateway: Gateway;
  readonly log: GatewayLog;
  readonly url: string;
  readonly adminUrl: string;
  #lastEventId = 0;

  readonly #ownsOrigin: boolean;

  private constructor(
    origin: Origin,
    ownsOrigin: boolean,
    gateway: Gateway,
    log: GatewayLog,
    address: Awaited<ReturnType<Gateway["start"]>>,
  ) {
    this.origin = origin;
    this.#ownsOrigin = ownsOrigin;
    this.gateway = gateway;
    this.log = log;
    this.url = address.url;
    this.adminUrl = address.adminUrl;
  }

  /** Whoever starts it stops it; in a test, `startForTest` does both. */
  static async start({ hubs = {}, limits = {}, admin = {}, origin: given }: EdgeOptions = {}): Promise<Edge> {
    const origin = given ?? (await startAspNetOrigin());
    const loaded = load(origin, { hubs, limits, admin });
    if (!loaded.ok) throw new Error(loaded.errors.map(({ path, message }) => `${path}: ${message}`).join("\n"));
    const log = new GatewayLog();
    const gateway = createGateway(loaded.config, { log, environment: {} });
    return new Edge(origin, given === undefined, gateway, log, await gateway.start());
  }

  /** As `start`, for one test that does to it what no other test should see. */
  static async startForTest(options: EdgeOptions = {}): Promise<Edge> {
    const edge = await Edge.start(options);
    onTestFinished(() => edge.stop());
    return edge;
  }

  /** Has the gateway take over another configuration. */
  reload(options: Omit<EdgeOptions, "origin">): ReloadOutcome {
    return this.gateway.reload(load(this.origin, options));
  }

  /** Rejects if the gateway met a bug of its own while serving a client, whatever the tests saw of it. */
  async stop(): Promise<void> {
    await this.gateway.stop();
    if (this.#ownsOrigin) await this.origin.stop();
    const failures = this.log.entriesOf("connection.failed");
    if (failures.length > 0) throw new Error(`the gateway had internal errors: ${JSON.stringify(failures)}`);
  }

  hubUrl(hub: HubPath = hubPaths.contract, query?: string): string {
    return withQuery(`${this.url}${hub}`, query);
  }

  /** An event that no other test of this edge uses, below 128. */
  newEventId(): number {
    this.#lastEventId += 1;
    if (this.#lastEventId > 127) throw new Error("too many events for one byte each");
    return this.#lastEventId;
  }

  newEventIds(count: number): number[] {
    return Array.from({ length: count }, () => this.newEventId());
  }

  /** A raw client of the gateway. */
  connect({ hub, query, ...options }: EdgeClientOptions = {}): Promise<RawClient> {
    return connectForTest({ ...options, url: this.hubUrl(hub, query) });
  }

  /** A raw client of the origin itself, to compare with. */
  connectDirectly({ hub, query, ...options }: EdgeClientOptions = {}): Promise<RawClient> {
    return connectForTest({ ...options, url: withQuery(this.origin.hubUrl(hub ?? hubPaths.contract), query) });
  }

  connectMany(count: number, options: EdgeClientOptions = {}): Promise<RawClient[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect(options)));
  }

  /** An official client of the gateway, not started. */
  buildRealClient({ hub, query, ...options }: EdgeRealClientOptions = {}): HubConnection {
    const connection = buildRealClient({ ...options, url: this.hubUrl(hub, query) });
    onTestFinished(() => connection.stop());
    return connection;
  }

  /** How often the origin has let somebody into the event's group, and out again. */
  async joinsAndLeaves(eventId: number): Promise<readonly [joins: number, leaves: number]> {
    const { joinsByGroup, leavesByGroup } = await this.origin.control.state();
    const group = `event:${eventId}`;
    return [joinsByGroup[group] ?? 0, leavesByGroup[group] ?? 0];
  }

  /** What `/api/state` shows of a hub. */
  hub(path: HubPath = hubPaths.contract): HubState {
    const state = this.gateway.state().hubs.find((hub) => hub.path === path);
    if (state === undefined) throw new Error(`the gateway has no hub ${path}`);
    return state;
  }

  counter(name: string, path: HubPath = hubPaths.contract): number {
    const value = this.hub(path).counters[name];
    if (value === undefined) throw new Error(`there is no counter ${name}`);
    return value;
  }
}

function load(origin: Origin, { hubs = {}, limits = {}, admin = {} }: Omit<EdgeOptions, "origin">): LoadResult {
  const config = {
    listen: { port: 0 },
    admin: { port: 0, ...admin },
    hubs: Object.values(hubPaths).map((path) => ({ path, origin: origin.hubUrl(path), ...hubs[path] })),
    limits: { drainTimeoutMs: 1000, gapSpreadMs: 100, ...limits },
  };
  return loadConfig(JSON.stringify(config), { format: "json", environment: {}, fileName: "test" });
}

async function connectForTest(options: RawClientOptions): Promise<RawClient> {
  const client = await RawClient.connect(options);
  onTestFinished(() => {
    // A test may have left it paused or ended; whatever its state, this is the end.
    client.socket.terminate();
  });
  return client;
}

function withQuery(url: string, query: string | undefined): string {
  return query === undefined ? url : `${url}?${query}`;
}
