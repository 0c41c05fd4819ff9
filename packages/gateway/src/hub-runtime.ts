import { Agent } from "undici";
import { describeKey } from "./aggregation/group-key.ts";
import { Hub } from "./aggregation/hub.ts";
import { describePlace, type LinePlace } from "./aggregation/line-place.ts";
import { type LineClient, LineTable, type RunningLine } from "./aggregation/line-table.ts";
import { hasLostAccess } from "./aggregation/lost-access.ts";
import type { HubClient } from "./aggregation/ports.ts";
import type { Deflate } from "./aggregation/shared-frame.ts";
import { SharedLine } from "./aggregation/shared-line.ts";
import { SpreadCloser } from "./aggregation/spread-closer.ts";
import type { Clock } from "./clock.ts";
import { closeReasons } from "./close-reasons.ts";
import { compileHubRules } from "./config/compile.ts";
import type { HubRules } from "./config/hub-rules.ts";
import { readAuthorities } from "./config/read-files.ts";
import type { Config, HubConfig } from "./config/schema.ts";
import type { Logger } from "./observe/log.ts";
import type { HubMetrics } from "./observe/metrics.ts";
import { type DialOutcome, dial } from "./upstream/dial.ts";
import { loopStatus, refusalReason, writeChain } from "./upstream/gateway-chain.ts";
import {
  type LazyConnectOutcome,
  type LazyPrivateUpstreamParts,
  noRoomForUpstream,
} from "./upstream/lazy-private-upstream.ts";
import { SharedUpstream } from "./upstream/shared-upstream.ts";
import {
  type NegotiateOptions,
  type NegotiateOutcome,
  negotiate,
  negotiateShowing,
  type ShownNegotiateOutcome,
  type UpstreamTicket,
} from "./upstream/upstream-negotiate.ts";
import type { UpstreamRequest } from "./upstream/upstream-request.ts";

/** Origins may nest and number more than clients are allowed to. */
const upstreamPeekLimits = { maxDepth: 1024, maxArguments: 65_536 };

/** Between two log lines about an origin that is not where clients are sent, or leads back here. */
const reportIntervalMs = 10_000;

/** How long a shared upstream is kept that nobody needs. */
const idleUpstreamMs = 30_000;

/** Sums over all hubs of the gateway. */
export interface HubTotals {
  readonly groupCount: () => number;
  readonly privateUpstreamCount: () => number;
}

export interface HubRuntimeParts {
  readonly config: HubConfig;
  readonly limits: Config["limits"];
  readonly totals: HubTotals;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names this gateway among others. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  /** Told of each hub message from a shared upstream. */
  readonly messageRead: () => void;
  /** For messages to many clients; `undefined`: they are not compressed. */
  readonly deflate: Deflate | undefined;
}

/** One configured hub at work: its rules, its aggregation, and every connection to its origin. */
export class HubRuntime {
  readonly hub: Hub;
  readonly metrics: HubMetrics;
  readonly privateUpstreams: LazyPrivateUpstreamParts;
  readonly #parts: HubRuntimeParts;
  #config: HubConfig;
  #rules: HubRules;
  readonly #dispatcher: Agent;
  readonly #negotiateOptions: NegotiateOptions;
  readonly #gapCloser: SpreadCloser;
  readonly #lines: LineTable;
  readonly #sharedHeaders: Readonly<Record<string, string>>;
  #reportableAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: HubRuntimeParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.metrics = parts.metrics;
    this.#rules = compileHubRules(parts.config);
    const ca = readAuthorities(parts.config.originCaFile);
    const trust = ca === undefined ? {} : { ca };
    const timeout = parts.limits.upstreamConnectTimeoutMs;
    this.#dispatcher = new Agent({ connect: { timeout, ...(ca === undefined ? {} : { ca: [...ca] }) } });
    this.#negotiateOptions = {
      dispatcher: this.#dispatcher,
      timeoutMs: parts.limits.negotiateTimeoutMs,
      redirectHosts: parts.config.redirectHosts,
      ...trust,
    };
    this.#gapCloser = new SpreadCloser(parts.clock, closeReasons.gap, parts.limits.gapSpreadMs);
    this.#sharedHeaders = {
      ...sharedUpstreamHeaders(parts.config, parts.environment),
      ...writeChain([], parts.instanceId),
    };
    const { metrics, clock, log, limits, deflate } = parts;
    this.privateUpstreams = {
      get limits() {
        return upstreamLimits(limits);
      },
      get maxPendingInvocations() {
        return limits.maxPendingInvocations;
      },
      get privateQueueMaxBytes() {
        return limits.privateQueueMaxBytes;
      },
      clock,
      metrics,
      connect: (as, signal) => this.connectPrivate(as, signal),
    };
    this.#lines = new LineTable({
      metrics,
      log,
      hub: parts.config.path,
      limits,
      idleMs: idleUpstreamMs,
      create: (client, place) => this.#createLine(client, place),
    });
    const { groupCount } = parts.totals;
    this.hub = new Hub({ rules: this.#rules, metrics, clock, limits, groupCount, lines: this.#lines, deflate });
  }

  get instanceId(): string {
    return this.#parts.instanceId;
  }

  get config(): HubConfig {
    return this.#config;
  }

  get rules(): HubRules {
    return this.#rules;
  }

  /** Follows a configuration that routes every frame as before (`planReload`). */
  adjust(config: HubConfig): void {
    this.#config = config;
    this.#rules = compileHubRules(config);
    this.hub.useRules(this.#rules);
    for (const { line } of this.#lines.lines) line.groups.useRules(this.#rules.groups);
  }

  /** Closes the clients that may not have what they are in under the rules of `next`. */
  closeWithoutAccess(next: HubConfig, clients: Iterable<HubClient>): void {
    const rules = compileHubRules(next);
    for (const client of clients) {
      if (hasLostAccess(client, this.#rules, rules)) client.close(closeReasons.reloaded);
    }
  }

  /** Follows redirects. */
  async negotiate(as: UpstreamRequest): Promise<NegotiateOutcome> {
    const outcome = await negotiate(this.config.origin, as, this.#negotiateOptions);
    this.#reportMisrouted(outcome);
    return outcome;
  }

  /** Leaves redirects to the client that asks at `clientUrl`. */
  async negotiateShowing(as: UpstreamRequest, clientUrl: string | undefined): Promise<ShownNegotiateOutcome> {
    const outcome = await negotiateShowing(this.config.origin, as, this.#negotiateOptions, clientUrl);
    this.#reportMisrouted(outcome);
    return outcome;
  }

  /** Opens a client's own WebSocket to the origin and counts it for as long as it lives. */
  async dialPrivate(as: UpstreamRequest, ticket: UpstreamTicket, signal: AbortSignal): Promise<DialOutcome> {
    const { limits } = this.#parts;
    if (!this.#hasPrivateRoom())
      return { kind: "refused", status: 503, contentType: "text/plain", body: Buffer.from(noRoomForUpstream) };
    this.metrics.privateUpstreams += 1;
    const dialed = await dial(this.config.origin, as, ticket, limits, signal);
    if (dialed.kind !== "opened") {
      this.metrics.privateUpstreams -= 1;
      return dialed;
    }
    this.metrics.privateUpstreamsTotal += 1;
    dialed.webSocket.once("close", () => {
      this.metrics.privateUpstreams -= 1;
    });
    return dialed;
  }

  /** Negotiates and dials in one step, for a private upstream that is opened on demand. */
  async connectPrivate(as: UpstreamRequest, signal: AbortSignal): Promise<LazyConnectOutcome> {
    if (!this.#hasPrivateRoom()) return "full";
    const negotiated = await this.negotiate(as);
    if (negotiated.kind !== "accepted" || signal.aborted) return "unavailable";
    const dialed = await this.dialPrivate(as, negotiated.ticket, signal);
    return dialed.kind === "opened" ? dialed.webSocket : "unavailable";
  }

  get groupCount(): number {
    return this.#lines.lines.reduce((sum, { line }) => sum + line.groups.groups.size, 0);
  }

  #hasPrivateRoom(): boolean {
    if (this.#parts.totals.privateUpstreamCount() < this.#parts.limits.maxPrivateUpstreams) return true;
    this.metrics.refused.maxPrivateUpstreams += 1;
    return false;
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    this.#lines.sweep(nowMs);
  }

  async close(): Promise<void> {
    this.#lines.close();
    await this.#dispatcher.destroy();
  }

  /** For `/api/state`. */
  get sharedUpstreams() {
    return this.#lines.lines.map(({ client, line, upstream }) => ({
      partition: client.partition.key as string,
      protocol: line.protocol.name,
      state: upstream.stateName,
      groups: line.groups.groups.size,
      ...describePlace(line.place),
    }));
  }

  /** Members by key over all partitions and protocols, as people read keys. */
  get groupSizes(): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    for (const { line } of this.#lines.lines) {
      for (const group of line.groups.groups.values()) {
        const key = describeKey(group.key);
        sizes.set(key, (sizes.get(key) ?? 0) + group.members.size);
      }
    }
    return sizes;
  }

  /** Every client is sent there, and one line says so. */
  #reportMisrouted(outcome: ShownNegotiateOutcome): void {
    const { clock, log } = this.#parts;
    const hub = this.config.path;
    const isLoop = outcome.kind === "refused" && outcome.status === loopStatus;
    const redirectHost = outcome.kind === "unreachable" ? outcome.redirectHost : undefined;
    if ((!isLoop && redirectHost === undefined) || clock.now() < this.#reportableAtMs) return;
    this.#reportableAtMs = clock.now() + reportIntervalMs;
    if (outcome.kind === "refused") log.warn("upstream.refused", { hub, reason: refusalReason(outcome) });
    else if (outcome.kind === "unreachable") {
      log.warn("upstream.redirect-refused", { hub, host: redirectHost, reason: outcome.reason });
    }
  }

  /** A line keeps its partition and protocol, not its first client, which it outlives. */
  #createLine({ partition, protocol }: LineClient, place: LinePlace): RunningLine {
    const { clock, metrics, log, limits, messageRead } = this.#parts;
    const upstream = new SharedUpstream({
      origin: this.config.origin,
      as: {
        query: new URLSearchParams(Object.fromEntries(partition.query)).toString(),
        headers: { ...Object.fromEntries(partition.headers), ...this.#sharedHeaders },
      },
      protocol,
      limits: upstreamLimits(limits),
      negotiateOptions: this.#negotiateOptions,
      clock,
      metrics,
      log,
      messageRead,
      labels: { hub: this.config.path, partition: partition.key, protocol: protocol.name, ...describePlace(place) },
    });
    const line = new SharedLine(protocol, {
      place,
      source: upstream,
      clock,
      metrics,
      log,
      gapCloser: this.#gapCloser,
      maxJoinsInFlight: limits.maxJoinsInFlight,
      maxWaitingJoins: limits.maxWaitingJoins,
      broadcastRules: [...this.#rules.broadcasts.values()],
      maxCalls: limits.maxSharedCalls,
      maxStreams: limits.maxSharedStreams,
    });
    upstream.listen({
      sourceUp: () => line.sourceUp(),
      sourceDown: () => line.sourceDown(),
      sourceRefused: () => line.sourceRefused(),
      sourceInvocation: (envelope, frame) => this.hub.receiveFromUpstream(line, envelope, frame),
      get isWanted() {
        return line.isWanted;
      },
    });
    return { client: { partition, protocol }, line, upstream };
  }
}

/** Bounds for a connection to the origin, as they are when it is made: a reload changes them. */
function upstreamLimits(limits: Config["limits"]): Config["limits"] {
  return { ...limits, ...upstreamPeekLimits };
}

/** The gateway's own identity towards the origin; anonymous unless configured (aggregation.md 5). */
function sharedUpstreamHeaders(
  { sharedUpstream }: HubConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const { accessTokenEnv, headers } = sharedUpstream;
  if (accessTokenEnv === undefined) return headers;
  const token = environment[accessTokenEnv];
  if (token === undefined || token === "") {
    throw new Error(`sharedUpstream.accessTokenEnv names ${accessTokenEnv}, which is not set in the environment`);
  }
  return { ...headers, authorization: `Bearer ${token}` };
}
