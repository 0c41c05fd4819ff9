import { SpreadCloser } from "./aggregation/spread-closer.ts";
import { ClientRegistry } from "./client/client-registry.ts";
import { Turn } from "./client/turn.ts";
import { type Clock, systemClock } from "./clock.ts";
import { closeReasons } from "./close-reasons.ts";
import { readTlsFiles } from "./config/read-files.ts";
import type { Config } from "./config/schema.ts";
import { AdminServer } from "./http/admin-server.ts";
import { ClientServer } from "./http/client-server.ts";
import { Connector } from "./http/connector.ts";
import { type ConnectTicket, NegotiateEndpoint } from "./http/negotiate-endpoint.ts";
import { RequestEndpoint } from "./http/request-endpoint.ts";
import { TrustedProxies } from "./http/trusted-proxies.ts";
import { WebSocketEndpoint } from "./http/websocket-endpoint.ts";
import { HubRuntime } from "./hub-runtime.ts";
import { KeepAlive } from "./keep-alive.ts";
import { type Logger, silentLogger } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { type GatewayState, hubState } from "./observe/state.ts";
import { version } from "./version.ts";

export interface GatewayOptions {
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** For `sharedUpstream.accessTokenEnv`. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
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
  state(): GatewayState;
  readonly metrics: Metrics;
}

/** Builds every long-lived object and connects them; there is no other place that does. */
export function createGateway(config: Config, options: GatewayOptions = {}): Gateway {
  return new WiredGateway(config, options.log ?? silentLogger, options.environment ?? process.env);
}

/** ASP.NET Core's PollTimeout. Stock clients wait 100 s or more for an answer. */
const pollTimeoutMs = 90_000;

/** Part of the drain time in which clients are told to go; the rest is for their sockets to close. */
const drainSpreadShare = 0.5;
const drainPollMs = 20;

class WiredGateway implements Gateway {
  readonly metrics = new Metrics();
  readonly #config: Config;
  readonly #log: Logger;
  readonly #clock: Clock = systemClock;
  readonly #startedAtMs = this.#clock.now();
  readonly #registry = new ClientRegistry<ConnectTicket>(this.#clock);
  readonly #runtimes: readonly HubRuntime[];
  readonly #clientServer: ClientServer;
  readonly #adminServer: AdminServer;
  readonly #keepAlive = new KeepAlive(() => this.#sweep());
  #phase: "created" | "listening" | "draining" | "stopped" = "created";

  constructor(config: Config, log: Logger, environment: Readonly<Record<string, string | undefined>>) {
    this.#config = config;
    this.#log = log;
    const clock = this.#clock;
    const { limits } = config;
    this.#runtimes = config.hubs.map(
      (hub) => new HubRuntime({ config: hub, limits, environment, clock, metrics: this.metrics.hub(hub.path), log }),
    );
    const registry = this.#registry;
    const metrics = this.metrics;
    const connector = new Connector({ registry, limits, turn: new Turn(), clock, metrics, log });
    this.#clientServer = new ClientServer({
      runtimes: this.#runtimes,
      negotiateEndpoint: new NegotiateEndpoint({
        registry,
        metrics,
        maxNegotiations: limits.maxNegotiations,
        disconnectTimeoutMs: limits.disconnectTimeoutMs,
      }),
      webSocketEndpoint: new WebSocketEndpoint(connector),
      requestEndpoint: new RequestEndpoint(connector, pollTimeoutMs),
      proxies: new TrustedProxies(config.trustedProxies),
      tls: config.listen.tls === undefined ? undefined : readTlsFiles(config.listen.tls),
      metrics,
      clock,
      log,
    });
    this.#adminServer = new AdminServer({
      metrics,
      state: () => this.state(),
      notReady: () => (this.#phase === "listening" ? undefined : this.#phase),
      token: config.admin.token,
    });
  }

  async start(): Promise<GatewayAddress> {
    const { listen, admin } = this.#config;
    try {
      const adminUrl = await this.#adminServer.listen(admin.host, admin.port);
      const url = await this.#clientServer.listen(listen.host, listen.port);
      this.#phase = "listening";
      this.#keepAlive.start();
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
    await this.#drainClients(this.#config.limits.drainTimeoutMs);
    this.#keepAlive.stop();
    await Promise.all(this.#runtimes.map((runtime) => runtime.close()));
    await this.#closeListeners();
    this.#phase = "stopped";
    this.#log.info("gateway.stopped");
  }

  state(): GatewayState {
    return {
      version,
      uptimeSeconds: Math.round(this.#clock.now() - this.#startedAtMs) / 1000,
      draining: this.#phase === "draining",
      hubs: this.#runtimes.map(hubState),
    };
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
    for (const runtime of this.#runtimes) runtime.sweep(nowMs);
    for (const connection of this.#registry.connections()) connection.sweep(nowMs);
  }
}

/** A few clients need no spreading: one millisecond each, up to the share of the drain time. */
function drainSpreadMs(clientCount: number, timeoutMs: number): number {
  return Math.min(clientCount, timeoutMs * drainSpreadShare);
}
