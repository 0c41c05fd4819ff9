import type { HubProtocolName } from "@signalr-edge/protocol";
import type { GapPolicies, SlowPolicies } from "./compile-rules.ts";
import type { RuleName } from "./hub-contract.ts";
import type { Random } from "./random.ts";

/** What holds for a whole run. */
export interface Setup {
  /** Partitions with one hub protocol each. */
  readonly lines: readonly HubProtocolName[];
  /** Shared upstreams of each, besides those of single keys. */
  readonly shards: number;
  /** Groups whose keys have an upstream each. */
  readonly perKey: readonly RuleName[];
  readonly onGap: GapPolicies;
  readonly lingerMs: number;
  readonly gapSpreadMs: number;
  readonly maxJoinsInFlight: number;
  readonly maxWaitingJoins: number;
  readonly maxGroupsPerClient: number;
  /** Hub methods that the origin runs at a time on one connection. */
  readonly parallelCalls: number;
  /** The hub reads the state that a join returns as soon as it is in the group, or just before it returns. */
  readonly snapshotEarly: boolean;
  readonly broadcast: "close" | "ignore" | undefined;
  readonly queryTtlMs: number;
  /** The origin stays away in the end. */
  readonly endsDown: boolean;
  /** Absent: clients read everything at once, and what leaves for them is not simulated. */
  readonly slow?: SlowSetup;
}

/** What clients have to read may wait. */
export interface SlowSetup {
  readonly onSlow: SlowPolicies;
  readonly outboxMaxBytes: number;
  readonly outboxMaxAgeMs: number;
  /** What the socket of a client takes when it does not read. */
  readonly socketBytes: number;
  /** Messages are so large that a few of them are over the high-water mark. */
  readonly isPadded: boolean;
}

const lineChoices = [["json"], ["messagepack"], ["json", "json"], ["json", "messagepack"]] as const;
const shardCounts = [1, 1, 1, 2, 3] as const;
/** A join of several keys cannot have an upstream for each. */
const perKeyChoices = [[], [], [], [], ["event"], ["forever"], ["event", "forever"]] as const;
const gapPolicies = ["close", "rejoin", "ignore"] as const;
const lingers = [0, 20, 500] as const;
const spreads = [1, 100, 1000] as const;
const joinBounds = [1, 2, 32] as const;
const parallelChoices = [1, 1, 3] as const;
const broadcastChoices = [undefined, undefined, "close", "ignore"] as const;
const ttls = [0, 100] as const;
const slowPolicies = ["close", "drop", "conflate"] as const;
/** Of a few messages, and of messages that are padded. */
const outboxBounds = [30, 100, 100, 250, 1000] as const;
const paddedOutboxBounds = [100_000, 200_000] as const;
const maxAges = [500, 2000, 10_000] as const;
const socketSizes = [0, 100, 1000] as const;

export function drawSetup(random: Random): Setup {
  return {
    lines: random.pick<readonly HubProtocolName[]>(lineChoices),
    shards: random.pick(shardCounts),
    perKey: random.pick<readonly RuleName[]>(perKeyChoices),
    onGap: { event: random.pick(gapPolicies), list: random.pick(gapPolicies), forever: random.pick(gapPolicies) },
    lingerMs: random.pick(lingers),
    gapSpreadMs: random.pick(spreads),
    maxJoinsInFlight: random.pick(joinBounds),
    maxWaitingJoins: random.chance(0.1) ? 2 : 100,
    maxGroupsPerClient: random.chance(0.1) ? 4 : 256,
    parallelCalls: random.pick(parallelChoices),
    snapshotEarly: random.chance(0.5),
    broadcast: random.pick(broadcastChoices),
    queryTtlMs: random.pick(ttls),
    endsDown: random.chance(0.2),
    ...(random.chance(0.3) ? { slow: drawSlow(random) } : {}),
  };
}

function drawSlow(random: Random): SlowSetup {
  const isPadded = random.chance(0.1);
  return {
    onSlow: { event: random.pick(slowPolicies), list: random.pick(slowPolicies), forever: random.pick(slowPolicies) },
    outboxMaxBytes: isPadded ? random.pick(paddedOutboxBounds) : random.pick(outboxBounds),
    outboxMaxAgeMs: random.pick(maxAges),
    socketBytes: random.pick(socketSizes),
    isPadded,
  };
}
