import { doorLimitDefinitions } from "./door-limits.ts";
import { hourMs, kibibyte, type LimitDefinition, mebibyte } from "./limit-definition.ts";
import { rateLimitDefinitions } from "./rate-limits.ts";

/**
 * Everything a peer can make grow or wait, with the unit in the name. The smallest value of each is 1: "no limit" cannot
 * be configured.
 */
export const limitDefinitions = {
  maxMessageBytes: {
    default: 32 * kibibyte,
    max: 64 * mebibyte,
    description: "Largest hub message from a client. A larger one closes that client, as at the origin.",
  },
  maxDepth: {
    default: 64,
    max: 1024,
    description: "Deepest nesting of a hub message. A deeper one closes the connection it came from.",
  },
  maxArguments: {
    default: 1024,
    max: 65_536,
    description: "Most arguments, stream ids or headers of one hub message.",
  },
  handshakeTimeoutMs: {
    default: 15_000,
    max: hourMs,
    description: "Time for a connected client to send its handshake request.",
  },
  keepAliveIntervalMs: {
    default: 15_000,
    max: hourMs,
    description: "Time between two pings to a client and to the origin.",
  },
  clientTimeoutMs: {
    default: 30_000,
    max: hourMs,
    description:
      "Longest silence of a client that pings, before it is taken for gone. Clients ping every 15 s by default.",
  },
  disconnectTimeoutMs: {
    default: 15_000,
    max: hourMs,
    description:
      "How long a negotiated connection, or a long polling client between two polls, is kept without a transport.",
  },
  closeTimeoutMs: {
    default: 5_000,
    max: hourMs,
    description: "Time for a peer to answer a WebSocket close before its socket is destroyed.",
  },
  outboxMaxBytes: {
    default: 256 * kibibyte,
    max: 1024 * mebibyte,
    description: "Most unread bytes of one client. Over it, it is too slow and its onSlow rule applies.",
  },
  outboxMaxAgeMs: {
    default: 10_000,
    max: hourMs,
    description:
      "Longest time in which a client reads nothing of what it is sent. Over it, it is too slow and its onSlow rule applies.",
  },
  resumeBufferMaxBytes: {
    default: 4 * mebibyte,
    max: 1024 * mebibyte,
    description:
      "Most bytes that a client with stateful reconnect may leave unacknowledged. The bytes of group messages are shared between clients.",
  },
  maxGroupsPerClient: {
    default: 256,
    max: 1_000_000,
    description: "Most group keys that one client may be a member of. A further join is answered with an error.",
  },
  maxJoinsPerSecond: {
    default: 50,
    max: 1_000_000,
    description:
      "Most group keys that one client may ask to join per second, besides maxGroupsPerClient at once. A further join is answered with an error.",
  },
  maxConnections: {
    default: 15_000,
    max: 1_000_000,
    description: "Most connected clients of this process. A further one is refused.",
  },
  maxNegotiations: {
    default: 20_000,
    max: 1_000_000,
    description: "Most negotiated connections that have no transport yet. A further negotiate is refused.",
  },
  maxPrivateUpstreams: {
    default: 10_000,
    max: 1_000_000,
    description: "Most private upstreams of this process. A client that needs a further one gets an error.",
  },
  privateQueueMaxBytes: {
    default: 64 * kibibyte,
    max: 1024 * mebibyte,
    description: "Most bytes from one client that wait for its private upstream to open.",
  },
  upstreamMaxMessageBytes: {
    default: 64 * mebibyte,
    max: 1024 * mebibyte,
    description: "Largest hub message from the origin. A larger one closes the upstream it came on.",
  },
  upstreamConnectTimeoutMs: {
    default: 5_000,
    max: hourMs,
    description: "Time to open a connection to the origin.",
  },
  negotiateTimeoutMs: {
    default: 10_000,
    max: hourMs,
    description: "Time for the origin to answer a negotiate request.",
  },
  upstreamHandshakeTimeoutMs: {
    default: 15_000,
    max: hourMs,
    description: "Time for the origin to answer the handshake.",
  },
  upstreamTimeoutMs: {
    default: 30_000,
    max: hourMs,
    description:
      "Longest silence of the origin before an upstream is taken for dead. Origins ping every 15 s by default.",
  },
  joinTimeoutMs: {
    default: 30_000,
    max: hourMs,
    description: "Time for the origin to answer a join. After it the waiting clients get an error.",
  },
  maxJoinsInFlight: {
    default: 32,
    max: 10_000,
    description: "Most joins that one shared upstream has sent and the origin has not answered.",
  },
  maxWaitingJoins: {
    default: 100_000,
    max: 10_000_000,
    description:
      "Most client joins that wait for an answer on one shared upstream. A further one is answered with an error.",
  },
  maxPerKeyUpstreams: {
    default: 256,
    max: 10_000,
    description:
      "Most shared upstreams of one hub that serve a single key (upstream: perKey). A join that needs a further one is answered with an error.",
  },
  maxSharedCalls: {
    default: 10_000,
    max: 1_000_000,
    description: "Most different shared calls of one shared upstream: waiting, in flight, or kept for their ttlMs.",
  },
  maxSharedStreams: {
    default: 1_000,
    max: 1_000_000,
    description: "Most different shared streams of one shared upstream.",
  },
  gapSpreadMs: {
    default: 2_000,
    max: hourMs,
    description:
      "Clients that are closed because of a gap are closed over this time, so that they do not return at once.",
  },
  drainTimeoutMs: {
    default: 15_000,
    max: hourMs,
    description: "Time for clients to go away after SIGTERM before the rest is cut off.",
  },
  ...doorLimitDefinitions,
  ...rateLimitDefinitions,
} as const satisfies Readonly<Record<string, LimitDefinition>>;

export type LimitName = keyof typeof limitDefinitions;
export type Limits = Readonly<Record<LimitName, number>>;
