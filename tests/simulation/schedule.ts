import type { HubProtocolName } from "@signalr-edge/protocol";
import {
  type GapPolicies,
  joinRequests,
  leaveRequests,
  queryValues,
  type RuleName,
  streamValues,
  topics,
} from "./hub-contract.ts";
import { Random } from "./random.ts";

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
}

/**
 * One event. All but `advance` name a slot or a line, by its number among those that there are; where nothing is there to
 * act on, the step does nothing.
 */
export type Step =
  /** `request` is joined as soon as the client is let in. */
  | { readonly do: "connect"; readonly client: number; readonly request?: number }
  | { readonly do: "vanish"; readonly client: number }
  | { readonly do: "join"; readonly client: number; readonly request: number; readonly answered: boolean }
  | { readonly do: "leave"; readonly client: number; readonly request: number; readonly answered: boolean }
  | { readonly do: "query"; readonly client: number; readonly query: number }
  | { readonly do: "stream"; readonly client: number; readonly stream: number }
  | { readonly do: "cancel"; readonly client: number; readonly pick: number }
  /** A copy of a message on the client's own upstream; a topic that does not exist stands for a broadcast. */
  | { readonly do: "private"; readonly client: number; readonly topic: number }
  | { readonly do: "publish"; readonly topic: number }
  | { readonly do: "broadcast" }
  /** A running stream of the origin gives an item, or ends. */
  | { readonly do: "item"; readonly line: number; readonly pick: number }
  | { readonly do: "endStream"; readonly line: number; readonly pick: number; readonly failed: boolean }
  /** The origin starts one of the calls that may run, and refuses it or puts the connection into the groups. */
  | { readonly do: "begin"; readonly line: number; readonly pick: number; readonly refused: boolean }
  /** The origin completes one of the running calls. */
  | { readonly do: "finish"; readonly line: number; readonly pick: number }
  /** The origin completes or refuses everything that the gateway has asked for, and the gateway receives it all. */
  | { readonly do: "serve"; readonly line: number; readonly refused: boolean }
  /** The gateway receives what the origin has sent, `count` messages of it. */
  | { readonly do: "deliver"; readonly line: number; readonly count: number }
  /** Up: the connection that the gateway wants is open. Down: it breaks. Refuse: the origin does not want it. */
  | { readonly do: "up" | "down" | "refuse"; readonly line: number }
  /** A completion of an earlier connection. */
  | { readonly do: "late"; readonly line: number; readonly pick: number }
  /** A message that belongs to no group, or that asks the gateway for a client result. */
  | { readonly do: "stray"; readonly line: number; readonly wantsResult: boolean }
  | { readonly do: "advance"; readonly ms: number };

export interface Schedule {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

const lineChoices = [["json"], ["messagepack"], ["json", "json"], ["json", "messagepack"]] as const;
/** A join of several keys cannot have an upstream for each. */
const perKeyChoices = [[], [], [], [], ["event"], ["forever"], ["event", "forever"]] as const;
const gapPolicies = ["close", "rejoin", "ignore"] as const;
const lingers = [0, 20, 500] as const;
const minSteps = 50;
const maxExtraSteps = 40;

/** Everything that a seed stands for. Each seed draws its own mix of events, so that rare ones meet each other too. */
export function drawSchedule(seed: number): Schedule {
  const random = new Random(seed);
  const setup: Setup = {
    lines: random.pick<readonly HubProtocolName[]>(lineChoices),
    shards: random.pick([1, 1, 1, 2, 3]),
    perKey: random.pick<readonly RuleName[]>(perKeyChoices),
    onGap: { event: random.pick(gapPolicies), list: random.pick(gapPolicies), forever: random.pick(gapPolicies) },
    lingerMs: random.pick(lingers),
    gapSpreadMs: random.pick([1, 100, 1000]),
    maxJoinsInFlight: random.pick([1, 2, 32]),
    maxWaitingJoins: random.chance(0.1) ? 2 : 100,
    maxGroupsPerClient: random.chance(0.1) ? 4 : 256,
    parallelCalls: random.pick([1, 1, 3]),
    snapshotEarly: random.chance(0.5),
    broadcast: random.pick([undefined, undefined, "close", "ignore"]),
    queryTtlMs: random.pick([0, 100]),
    endsDown: random.chance(0.2),
  };
  const draw = new StepDraw(random, setup);
  const steps = Array.from({ length: minSteps + random.below(maxExtraSteps) }, () => draw.next());
  return { setup, steps: [...draw.opening(), ...steps] };
}

/** How often each event is drawn before a seed's own factors. */
const weights: Readonly<Record<Step["do"], number>> = {
  connect: 6,
  join: 20,
  leave: 10,
  vanish: 3,
  query: 5,
  stream: 4,
  cancel: 2,
  broadcast: 5,
  item: 5,
  endStream: 1,
  private: 2,
  publish: 16,
  begin: 14,
  finish: 14,
  deliver: 14,
  serve: 5,
  up: 6,
  down: 2,
  refuse: 0.7,
  late: 4,
  stray: 1,
  advance: 6,
};

type StepKind = "joins" | "shared" | "others";

/** `joins` are the steps that a join takes, `shared` those of broadcasts, shared calls and shared streams. */
const stepKinds: Readonly<Partial<Record<Step["do"], StepKind>>> = {
  join: "joins",
  begin: "joins",
  finish: "joins",
  deliver: "joins",
  query: "shared",
  stream: "shared",
  cancel: "shared",
  item: "shared",
  endStream: "shared",
  broadcast: "shared",
};

/** What a run is about: factors on the weights of its steps. Joins for one and the same group compete for it. */
const emphases: readonly [Emphasis, ...Emphasis[]] = [
  { joins: 1, shared: 0, others: 1, haveOneGroup: false },
  { joins: 1, shared: 0, others: 1, haveOneGroup: false },
  { joins: 1, shared: 1, others: 1, haveOneGroup: false },
  { joins: 0.5, shared: 5, others: 0.5, haveOneGroup: false },
  { joins: 3, shared: 0, others: 0.3, haveOneGroup: true },
];

interface Emphasis extends Readonly<Record<StepKind, number>> {
  readonly haveOneGroup: boolean;
}

/** Joins that have a group in common. */
const competingRequests: readonly [readonly [number, ...number[]], ...(readonly [number, ...number[]])[]] = [
  [0, 1],
  [4, 6, 7],
];

class StepDraw {
  readonly #random: Random;
  readonly #weights: readonly (readonly [Step["do"], number])[];
  readonly #totalWeight: number;
  readonly #clientCount: number;
  readonly #maxLineCount: number;
  readonly #requests: readonly [number, ...number[]];
  readonly #refusedShare: number;

  constructor(random: Random, setup: Setup) {
    this.#random = random;
    const names = Object.keys(weights) as Step["do"][];
    const emphasis = random.pick(emphases);
    this.#weights = names.map((name) => {
      const factor = emphasis[stepKinds[name] ?? "others"];
      return [name, weights[name] * factor * random.pick([0.3, 1, 1, 3])] as const;
    });
    this.#totalWeight = this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    this.#clientCount = 2 + random.below(5);
    const keyCount = topics.filter(({ rule }) => setup.perKey.includes(rule)).length;
    this.#maxLineCount = setup.lines.length * (setup.shards + keyCount);
    // Few different joins meet more often.
    this.#requests = emphasis.haveOneGroup
      ? random.pick(competingRequests)
      : [random.below(joinRequests.length), ...this.#drawRequests(random.below(4))];
    this.#refusedShare = random.pick([0, 0, 0.1, 0.4]);
  }

  /** Most runs start with everybody connected and some groups joined. */
  opening(): readonly Step[] {
    const clients = Array.from({ length: this.#clientCount }, (_, client) => client);
    const connects = clients.map((client): Step => ({ do: "connect", client }));
    if (this.#random.chance(0.2)) return connects;
    const joins = clients.map(
      (client): Step => ({ do: "join", client, request: this.#random.pick(this.#requests), answered: true }),
    );
    const lines = Array.from({ length: this.#maxLineCount }, (_, line): Step[] => [
      { do: "up", line },
      { do: "serve", line, refused: false },
    ]);
    return [...connects, ...joins, ...lines.flat()];
  }

  next(): Step {
    const random = this.#random;
    const client = random.below(this.#clientCount);
    const line = random.below(this.#maxLineCount);
    const pick = random.below(3);
    const name = this.#drawName();
    switch (name) {
      case "connect":
        return random.chance(0.3) ? { do: name, client, request: random.pick(this.#requests) } : { do: name, client };
      case "vanish":
        return { do: name, client };
      case "query":
        return { do: name, client, query: random.below(queryValues.length) };
      case "stream":
        return { do: name, client, stream: random.below(streamValues.length) };
      case "cancel":
        return { do: name, client, pick };
      case "broadcast":
        return { do: name };
      case "endStream":
        return { do: name, line, pick, failed: random.chance(0.3) };
      case "join":
        return { do: name, client, request: random.pick(this.#requests), answered: random.chance(0.85) };
      case "leave":
        return { do: name, client, request: this.#drawLeave(), answered: random.chance(0.85) };
      case "private":
        return { do: name, client, topic: random.chance(0.2) ? topics.length : this.#drawTopic() };
      case "publish":
        return { do: name, topic: this.#drawTopic() };
      case "serve":
        return { do: name, line, refused: random.chance(this.#refusedShare) };
      case "begin":
        return { do: name, line, pick, refused: random.chance(this.#refusedShare) };
      case "finish":
      case "item":
      case "late":
        return { do: name, line, pick };
      case "deliver":
        return { do: name, line, count: random.pick([1, 1, 2, 100]) };
      case "up":
      case "down":
      case "refuse":
        return { do: name, line };
      case "stray":
        return { do: name, line, wantsResult: random.chance(0.5) };
      case "advance":
        return { do: name, ms: random.pick([0, 1, 19, 50, 500, 2000]) };
    }
  }

  #drawName(): Step["do"] {
    let left = this.#random.next() * this.#totalWeight;
    for (const [name, weight] of this.#weights) {
      left -= weight;
      if (left < 0) return name;
    }
    return "publish";
  }

  /** Mostly a topic that somebody may be in. */
  #drawTopic(): number {
    const request = joinRequests[this.#random.pick(this.#requests)];
    const index = this.#random.below(request?.topics.length ?? 0);
    return this.#random.chance(0.9) ? (request?.topics[index] ?? 0) : this.#random.below(topics.length);
  }

  /** Mostly one that means a group which is joined in this run. */
  #drawLeave(): number {
    const index = this.#random.below(leaveRequests.length);
    const rules = this.#requests.map((request) => joinRequests[request]?.rule);
    const later = [...leaveRequests.slice(index), ...leaveRequests].findIndex(({ rule }) => rules.includes(rule));
    return (index + Math.max(later, 0)) % leaveRequests.length;
  }

  #drawRequests(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.#random.below(joinRequests.length));
  }
}
