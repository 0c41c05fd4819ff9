import { hourMs, type LimitDefinition } from "./limit-definition.ts";

/** How much a client may send by the second. Origins have no such bounds, so these are far above what hubs are used for. */
export const rateLimitDefinitions = {
  maxMessagesPerSecond: {
    default: 1_000,
    max: 10_000_000,
    description:
      "Most hub messages of one client per second, in the long run. A client that sends more is not read for a while.",
  },
  maxMessageBurst: {
    default: 5_000,
    max: 10_000_000,
    description: "Most hub messages of one client that may come at once, before maxMessagesPerSecond holds.",
  },
  maxPingsPerSecond: {
    default: 50,
    max: 10_000_000,
    description:
      "Most pings of one client per second, of the hub protocol and of WebSockets, and ten times as many at once. A client that sends more is not read for a while.",
  },
  maxPendingInvocations: {
    default: 5_000,
    max: 10_000_000,
    description:
      "Most invocations and streams of one client that its private upstream has not completed. A further one is answered with an error.",
  },
  maxConnectionsPerAddress: {
    default: 1_000,
    max: 1_000_000,
    description:
      "Most connections, and ids negotiated for one, of one client address in this process: of IPv6 the first 64 bits, behind trustedProxies the address that they name. A further one is answered with 429. Loopback is not bounded.",
  },
  maxGroupsPerAddress: {
    default: 50_000,
    max: 100_000_000,
    description:
      "Most memberships in groups of all clients of one such address. A further join is answered with an error.",
  },
  maxGroups: {
    default: 100_000,
    max: 100_000_000,
    description:
      "Most different groups of this process, over all hubs. A join of a further one is answered with an error.",
  },
  floodTimeoutMs: {
    default: 30_000,
    max: hourMs,
    description: "How long a client may go on sending more than these rates before it is closed.",
  },
} as const satisfies Readonly<Record<string, LimitDefinition>>;
