import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { SpreadCloser } from "./aggregation/spread-closer.ts";
import type { ClientConnection } from "./client/client-connection.ts";
import { ClientRegistry } from "./client/client-registry.ts";
import { Turn } from "./client/turn.ts";
import { type Clock, systemClock } from "./clock.ts";
import { closeReasons } from "./close-reasons.ts";
import { formatConfigError } from "./config/config-error.ts";
import type { LoadResult } from "./config/load.ts";
import { readTlsFiles, type TlsIdentity } from "./config/read-files.ts";
import { planReload, type ReloadOutcome } from "./config/reload-plan.ts";
import type { Config } from "./config/schema.ts";
import { AddressTable } from "./http/address-table.ts";
import { AdminServer } from "./http/admin-server.ts";
import { type Admissions, ClientServer } from "./http/client-server.ts";
import { Connector } from "./http/connector.ts";
import { type ConnectTicket, NegotiateEndpoint } from "./http/negotiate-endpoint.ts";
import { RequestEndpoint } from "./http/request-endpoint.ts";
import { TrustedProxies } from "./http/trusted-proxies.ts";
import { WebSocketEndpoint } from "./http/websocket-endpoint.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Dashboard } from "./observe/dashboard.ts";
import { EventLoop } from "./observe/event-loop.ts";
import { LifecycleLog } from "./observe/lifecycle-log.ts";
import { type Logger, silentLogger } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { Recorder } from "./observe/recorder.ts";
import { type GatewayState, hubState } from "./observe/state.ts";
import { TurnLatency } from "./observe/turn-latency.ts";
import { type PreparedReload, RunningHubs } from "./running-hubs.ts";
import { version } from "./version.ts";

export interface GatewayOptions {
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** For `sharedUpstream.accessTokenEnv`. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What `POST /api/reload` of the admin listener does: reads the configuration again and reloads it. Default: 404. */
  readonly onReloadAsked?: () => Promise<ReloadOutcome>;
}

/** Base URLs of the two listeners. */
export interface GatewayAddress {
  readonly url: string;
  readonly adminUrl: string;
}

/** A running gateway. `start` once, `stop` once. */
export interface Gateway {
  /** Resolves when clients can connect; rejects, with nothing left running, if a port is taken. */
  start(): Promise<GatewayAddress>;
  /**
   * Takes nobody new, closes every client so that it reconnects elsewhere, spread over `limits.drainTimeoutMs`, then
   * everything else.
   */
  stop(): Promise<void>;
  /**
   * Takes over what `loadConfig` returned, whole or not at all; errors are reported and change nothing. Hubs that are the same are not touched; where only access or
   * policies changed, clients stay unless they have lost access; clients of hubs that share something else than before
   * reconnect. Certificates are read again. Limits hold for what is made from now on.
   */
  reload(loaded: LoadResult): ReloadOutcome;
  state(): GatewayState;
  readonly metrics: Metrics;
}

/** Builds every long-lived object and connects them; there is no other place that does. */
export function createGateway(config: Config, options: GatewayOptions = {}): Gateway {
  return new WiredGateway(config, options);
}

/** ASP.NET Core's PollTimeout. Stock clients wait 100 s or more for an answer. */
const pollTimeoutMs = 90_000;

/** A restart of all clients of a hub after a reload is spread over at most this. */
const reloadSpreadMs = 10_000;

/** Part of the drain time in which clients are told to go; the rest is for their sockets to close. */
const drainSpreadShare = 0.5;
const drainPollMs = 20;

class WiredGateway implements Gateway {
  readonly metrics = new Metrics();
  #config: Config;
  /** One object for everybody, which a reload fills anew. */
  readonly #limits: Config["limits"];
  readonly #log: LifecycleLog;
  readonly #clock: Clock = systemClock;
  readonly #startedAtMs = this.#clock.now();
  readonly #registry: ClientRegistry<ConnectTicket>;
  readonly #hubs: RunningHubs;
  readonly #latency = new TurnLatency();
  readonly #eventLoop = new EventLoop();
  readonly #dashboard: Dashboard;
  readonly #clientServer: ClientServer;
  readonly #adminServer: AdminServer;
  readonly #keepAlive = new KeepAlive(() => this.#sweep());
  #phase: "created" | "listening" | "draining" | "stopped" = "created";

  constructor(
    config: Config,
    { log: logger = silentLogger, environment = process.env, onReloadAsked }: GatewayOptions,
  ) {
    this.#config = config;
    this.#log = new LifecycleLog(logger);
    const log = this.#log;
    const clock = this.#clock;
    this.#limits = { ...config.limits };
    const limits = this.#limits;
    const metrics = this.metrics;
    const addresses = new AddressTable({ limits, metrics, clock, log });
    this.#registry = new ClientRegistry<ConnectTicket>(clock, (token) => addresses.release(token));
    const registry = this.#registry;
    const connections = (): Iterable<ClientConnection> => registry.connections();
    const turn = new Turn({ now: () => clock.now(), written: (afterMs) => this.#latency.add(afterMs) });
    this.#hubs = new RunningHubs(config, {
      limits,
      environment,
      instanceId: randomUUID(),
      clock,
      metrics,
      log,
      connections,
      messageRead: () => turn.messageRead(),
    });
    const connector = new Connector({ registry, addresses, limits, turn, clock, metrics, log });
    this.#clientServer = new ClientServer({
      hubs: this.#hubs.current.map((runtime) => ({ runtime, config: runtime.config })),
      negotiateEndpoint: new NegotiateEndpoint({
        registry,
        addresses,
        metrics,
        limits,
      }),
      webSocketEndpoint: new WebSocketEndpoint(connector),
      requestEndpoint: new RequestEndpoint(connector, pollTimeoutMs),
      proxies: new TrustedProxies(config.trustedProxies),
      limits,
      tls: config.listen.tls === undefined ? undefined : readTlsFiles(config.listen.tls),
      metrics,
      clock,
      log,
    });
    this.#dashboard = this.#createDashboard();
    this.#adminServer = new AdminServer({
      metrics,
      dashboard: this.#dashboard,
      state: () => this.state(),
      notReady: () => (this.#phase === "listening" ? undefined : this.#phase),
      token: config.admin.token,
      onReloadAsked,
    });
  }

  async start(): Promise<GatewayAddress> {
    const { listen, admin } = this.#config;
    try {
      const adminUrl = await this.#adminServer.listen(admin.host, admin.port);
      const url = await this.#clientServer.listen(listen.host, listen.port);
      this.#phase = "listening";
      this.#keepAlive.start();
      this.#eventLoop.start();
      this.#log.info("gateway.started", { url, adminUrl, version });
      return { url, adminUrl };
    } catch (error) {
      await this.#closeListeners();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#phase === "stopped" || this.#phase === "draining") return;
    this.#phase = "draining";
    this.#log.info("gateway.draining", { clients: this.#registry.connectedCount });
    this.#clientServer.drain();
    // A dashboard would see it within a second; there may not be one left.
    this.#adminServer.publish();
    await this.#drainClients(this.#limits.drainTimeoutMs);
    this.#keepAlive.stop();
    this.#eventLoop.stop();
    await this.#hubs.close();
    await this.#closeListeners();
    this.#phase = "stopped";
    this.#log.info("gateway.stopped");
  }

  reload(loaded: LoadResult): ReloadOutcome {
    const outcome = this.#reload(loaded);
    if (outcome.kind === "refused") {
      this.metrics.reloadsRefused += 1;
      this.#log.error("config.reload-refused", { errors: outcome.errors.join("\n") });
    } else if (outcome.kind === "unchanged") this.#log.info("config.unchanged");
    else {
      this.metrics.reloads += 1;
      this.#log.info("config.reloaded", { changes: outcome.changes.join(", ") });
    }
    return outcome;
  }

  state(): GatewayState {
    return {
      version,
      uptimeSeconds: this.#uptimeSeconds(),
      draining: this.#phase === "draining",
      hubs: this.#hubs.current.map(hubState),
    };
  }

  #createDashboard(): Dashboard {
    const now = (): number => this.#clock.now();
    return new Dashboard({
      version,
      runtimes: () => this.#hubs.current,
      recorder: new Recorder({ metrics: this.metrics, latency: this.#latency, eventLoop: this.#eventLoop, now }),
      lifecycle: this.#log,
      uptimeSeconds: () => this.#uptimeSeconds(),
      isDraining: () => this.#phase === "draining",
      now,
    });
  }

  #uptimeSeconds(): number {
    return Math.round(this.#clock.now() - this.#startedAtMs) / 1000;
  }

  #reload(loaded: LoadResult): ReloadOutcome {
    if (this.#phase !== "listening") return refusedReload(`the gateway is ${this.#phase}`);
    if (!loaded.ok) return { kind: "refused", errors: loaded.errors.map(formatConfigError) };
    const { config } = loaded;
    const plan = planReload(this.#config, config);
    if (!plan.ok) return { kind: "refused", errors: plan.errors };
    const { tls } = config.listen;
    let prepared: PreparedReload;
    let admissions: Admissions;
    let identity: TlsIdentity | undefined;
    try {
      identity = tls === undefined ? undefined : readTlsFiles(tls);
      prepared = this.#hubs.prepare(plan.hubs);
      admissions = this.#clientServer.prepare(prepared.hubs, new TrustedProxies(config.trustedProxies));
    } catch (error) {
      return refusedReload(error instanceof Error ? error.message : String(error));
    }
    const isNewIdentity = this.#clientServer.useIdentity(identity);
    if (isDeepStrictEqual(this.#config, config) && !isNewIdentity) return { kind: "unchanged" };
    Object.assign(this.#limits, config.limits);
    this.#config = config;
    this.#hubs.commit(prepared, reloadSpreadMs);
    this.#clientServer.use(admissions);
    this.#clientServer.useLimits();
    const changes = plan.hubs.filter(({ kind }) => kind !== "kept").map(({ kind, hub }) => `${kind} ${hub.path}`);
    return { kind: "reloaded", changes };
  }

  /** Spread, because every stock client comes back to somewhere at once; cut at the deadline. */
  async #drainClients(timeoutMs: number): Promise<void> {
    const deadlineMs = this.#clock.now() + timeoutMs;
    const closer = new SpreadCloser(
      this.#clock,
      closeReasons.drained,
      drainSpreadMs(this.#registry.connectedCount, timeoutMs),
    );
    for (const connection of this.#registry.connections()) closer.close(connection);
    while (this.#registry.connectedCount > 0 && this.#clock.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs));
    }
    for (const connection of this.#registry.connections()) connection.terminate();
  }

  async #closeListeners(): Promise<void> {
    await Promise.all([this.#clientServer.close(), this.#adminServer.close()]);
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    this.#registry.sweep(nowMs);
    this.#hubs.sweep(nowMs);
    for (const connection of this.#registry.connections()) connection.sweep(nowMs);
    this.#dashboard.record();
    this.#adminServer.publish();
  }
}

function refusedReload(reason: string): ReloadOutcome {
  return { kind: "refused", errors: [reason] };
}

/** A few clients need no spreading: one millisecond each, up to the share of the drain time. */
function drainSpreadMs(clientCount: number, timeoutMs: number): number {
  return Math.min(clientCount, timeoutMs * drainSpreadShare);
}
