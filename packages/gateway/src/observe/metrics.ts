import type { TransportName } from "@signalr-edge/protocol";
import { type CloseReason, closeReasons } from "../close-reasons.ts";
import { HubSavings, type RuleSavings } from "./savings.ts";

/** Limits that an invocation or a connection of a hub's client may meet, and the client is told so. */
export const refusingLimits = [
  "maxGroupsPerClient",
  "maxGroupsPerAddress",
  "maxGroups",
  "maxJoinsPerSecond",
  "maxWaitingJoins",
  "maxPendingInvocations",
  "maxPrivateUpstreams",
] as const;
export type RefusingLimit = (typeof refusingLimits)[number];

/** Counters and gauges of one hub. Plain fields: adding is one instruction, and exposition reads them on scrape only. */
export class HubMetrics {
  /** Clients whose handshake is done, now. */
  readonly clientsByTransport: Record<TransportName, number> = { WebSockets: 0, ServerSentEvents: 0, LongPolling: 0 };
  /** Clients since start. */
  clientsTotal = 0;
  /** Shared upstreams whose handshake is done, now. */
  sharedUpstreams = 0;
  /** Private upstreams open or opening, now. */
  privateUpstreams = 0;
  privateUpstreamsTotal = 0;
  /** Hub messages and their bytes received on shared upstreams. */
  originMessages = 0;
  originBytes = 0;
  /** Hub messages and their bytes received on private upstreams. */
  privateMessages = 0;
  privateBytes = 0;
  /** Group messages handed to clients: one message to N members counts N. */
  deliveries = 0;
  /** Bytes of hub messages handed to clients, all kinds, as they are on the transport: compressed, with WebSocket headers. */
  clientBytes = 0;
  /** Hub messages received from clients. */
  clientMessages = 0;
  /** Messages on a shared upstream that belong to no rule, no key or no group. */
  unattributed = 0;
  /** Group messages that arrived a second time on a private upstream; broadcasts on other than the primary one. */
  duplicatesDropped = 0;
  slowConsumers = 0;
  /** Times that a client was not read for a while because it sent more than its rates. */
  throttled = 0;
  /** Group messages that clients behind did not get: dropped, or replaced by a newer one of their key. */
  dropped = 0;
  conflated = 0;
  /** Group subscriptions interrupted by the end of a shared upstream. */
  gaps = 0;
  /** Joins by clients, and the hub invocations at the origin that served them. */
  joins = 0;
  originJoins = 0;
  originLeaves = 0;
  joinErrors = 0;
  /** Shared upstreams of single keys (`upstream: perKey`), now, and joins refused because there were too many. */
  perKeyUpstreams = 0;
  perKeyRefusals = 0;
  /** Shared calls: answered without an invocation of their own, and invocations at the origin. */
  sharedCalls = 0;
  originCalls = 0;
  /** Shared streams started at the origin. */
  originStreams = 0;
  /** Connections of shared upstreams that reached `open`. */
  sharedUpstreamConnects = 0;
  /** Bugs of the gateway met while serving a client. */
  internalErrors = 0;
  /** What clients would have cost the origin, and what they did. */
  readonly savings = new HubSavings();
  readonly closed: Record<string, number>;
  /** What clients asked for and did not get, by the name of the limit. */
  readonly refused: Record<RefusingLimit, number>;

  constructor() {
    this.refused = Object.fromEntries(refusingLimits.map((name) => [name, 0])) as Record<RefusingLimit, number>;
    this.closed = Object.fromEntries(Object.values(closeReasons).map((reason) => [reason.name, 0]));
  }

  get clients(): number {
    return Object.values(this.clientsByTransport).reduce((sum, count) => sum + count, 0);
  }

  /** A message of `payloadBytes` came on a shared upstream and went to `copies` clients, as `rule` says. */
  countFanOut(rule: RuleSavings, copies: number, payloadBytes: number): void {
    rule.countUpstream(payloadBytes);
    this.countCopies(rule, copies, payloadBytes);
  }

  /** For messages whose copies have another length than what came. */
  countCopies(rule: RuleSavings, copies: number, payloadBytes: number): void {
    this.deliveries += copies;
    this.savings.countDirect(copies, payloadBytes);
    rule.countDirect(copies, payloadBytes);
  }

  countClosed(reason: CloseReason): void {
    this.closed[reason.name] = (this.closed[reason.name] ?? 0) + 1;
  }
}

/** All counters of one gateway. Two gateways in one process share nothing. */
export class Metrics {
  /** By hub path as configured. */
  readonly hubs = new Map<string, HubMetrics>();
  negotiations = 0;
  negotiationsRefused = 0;
  /** Sent elsewhere by the origin, which the client was shown. */
  negotiationsRedirected = 0;
  upgradesRefused = 0;
  /** Negotiate requests and upgrades beyond limits.maxConnectionsPerAddress. */
  addressesRefused = 0;
  /** Requests over a limit of size, number or time (408, 414, 431). */
  requestsOverLimit = 0;
  /** Configurations taken over, and refused, since start. */
  reloads = 0;
  reloadsRefused = 0;

  hub(path: string): HubMetrics {
    let metrics = this.hubs.get(path);
    if (metrics === undefined) {
      metrics = new HubMetrics();
      this.hubs.set(path, metrics);
    }
    return metrics;
  }
}
