import { joinRequests, leaveRequests, queryValues, streamValues, topics } from "./hub-contract.ts";
import type { Random } from "./random.ts";
import type { Setup } from "./setup.ts";
import type { Step } from "./steps.ts";

/** `joins` are the steps that a join takes, `shared` those of broadcasts, shared calls and streams, `slow` those of clients. */
type Theme = "joins" | "messages" | "shared" | "slow" | "others";

/** A kind of event: how often it comes before a seed's own factors, and how one is drawn. */
interface EventKind {
  readonly weight: number;
  readonly theme: Theme;
  /** Swarm testing: a seed may do without it. Nothing happens at all without the others. */
  readonly isOptional: boolean;
  readonly draw: (seed: StepDraw) => Step;
}

function kind(weight: number, theme: Theme, draw: EventKind["draw"]): EventKind {
  return { weight, theme, isOptional: true, draw };
}

/** To add an event: a member of `Step`, a line here, and what `World` does with it. */
const kinds: Readonly<Record<Step["do"], EventKind>> = {
  connect: always(6, "others", (seed) => {
    const client = seed.client();
    return seed.random.chance(0.3) ? { do: "connect", client, request: seed.request() } : { do: "connect", client };
  }),
  join: always(20, "joins", (seed) => {
    return { do: "join", client: seed.client(), request: seed.request(), answered: seed.random.chance(0.85) };
  }),
  leave: kind(10, "others", (seed) => {
    return { do: "leave", client: seed.client(), request: seed.leave(), answered: seed.random.chance(0.85) };
  }),
  vanish: kind(3, "others", (seed) => ({ do: "vanish", client: seed.client() })),
  query: kind(5, "shared", (seed) => {
    return { do: "query", client: seed.client(), query: seed.random.below(queryValues.length) };
  }),
  stream: kind(4, "shared", (seed) => {
    return { do: "stream", client: seed.client(), stream: seed.random.below(streamValues.length) };
  }),
  cancel: kind(2, "shared", (seed) => ({ do: "cancel", client: seed.client(), pick: seed.pick() })),
  broadcast: kind(5, "shared", () => ({ do: "broadcast" })),
  item: kind(5, "shared", (seed) => ({ do: "item", line: seed.line(), pick: seed.pick() })),
  endStream: kind(1, "shared", (seed) => {
    return { do: "endStream", line: seed.line(), pick: seed.pick(), failed: seed.random.chance(0.3) };
  }),
  private: kind(2, "others", (seed) => {
    const topic = seed.random.chance(0.2) ? topics.length : seed.topic();
    return { do: "private", client: seed.client(), topic };
  }),
  publish: always(16, "messages", (seed) => ({ do: "publish", topic: seed.topic() })),
  begin: always(14, "joins", (seed) => {
    return { do: "begin", line: seed.line(), pick: seed.pick(), refused: seed.refuses() };
  }),
  finish: always(14, "joins", (seed) => ({ do: "finish", line: seed.line(), pick: seed.pick() })),
  deliver: always(14, "joins", (seed) => {
    return { do: "deliver", line: seed.line(), count: seed.random.pick(deliveryCounts) };
  }),
  serve: kind(5, "others", (seed) => ({ do: "serve", line: seed.line(), refused: seed.refuses() })),
  up: always(6, "others", (seed) => ({ do: "up", line: seed.line() })),
  down: kind(2, "others", (seed) => ({ do: "down", line: seed.line() })),
  refuse: kind(0.7, "others", (seed) => ({ do: "refuse", line: seed.line() })),
  late: kind(4, "others", (seed) => ({ do: "late", line: seed.line(), pick: seed.pick() })),
  stray: kind(1, "others", (seed) => {
    return { do: "stray", line: seed.line(), wantsResult: seed.random.chance(0.5) };
  }),
  advance: kind(6, "others", (seed) => ({ do: "advance", ms: seed.random.pick(periods) })),
  stall: kind(8, "slow", (seed) => ({ do: "stall", client: seed.client() })),
  read: kind(8, "slow", (seed) => {
    const client = seed.client();
    return seed.random.chance(0.3)
      ? { do: "read", client }
      : { do: "read", client, bytes: seed.random.pick(readSizes) };
  }),
  sweep: kind(8, "slow", (seed) => ({ do: "sweep", ms: seed.random.pick(sweepPeriods) })),
};

function always(weight: number, theme: Theme, draw: EventKind["draw"]): EventKind {
  return { weight, theme, isOptional: false, draw };
}

const deliveryCounts = [1, 1, 2, 100] as const;
const sweepPeriods = [100, 300, 300, 1000, 3000] as const;
const readSizes = [60, 60, 300, 50_000] as const;
const periods = [0, 1, 19, 50, 500, 2000] as const;
const refusedShares = [0, 0, 0.1, 0.4] as const;

/** Factors on the weights of one kind of event. */
const rates = [0.3, 1, 1, 3] as const;
const ratesOrNone = [0, 0.3, 1, 1, 1, 3] as const;

/** What a run is about: factors on the weights of its steps. Joins for one and the same group compete for it. */
interface Emphasis extends Readonly<Record<Theme, number>> {
  readonly haveOneGroup: boolean;
}

const emphases: readonly [Emphasis, ...Emphasis[]] = [
  { joins: 1, messages: 1, shared: 0, slow: 0, others: 1, haveOneGroup: false },
  { joins: 1, messages: 1, shared: 0, slow: 0, others: 1, haveOneGroup: false },
  { joins: 1, messages: 1, shared: 1, slow: 0, others: 1, haveOneGroup: false },
  { joins: 0.5, messages: 0.5, shared: 5, slow: 0, others: 0.5, haveOneGroup: false },
  { joins: 3, messages: 0.3, shared: 0, slow: 0, others: 0.3, haveOneGroup: true },
];

/** The same where clients may be slow. */
const slowEmphases: readonly [Emphasis, ...Emphasis[]] = [
  { joins: 0.7, messages: 2, shared: 0, slow: 1, others: 1, haveOneGroup: false },
  { joins: 1, messages: 2, shared: 0, slow: 1, others: 1, haveOneGroup: true },
  { joins: 0.5, messages: 1, shared: 2, slow: 1, others: 0.3, haveOneGroup: false },
  { joins: 0.5, messages: 2, shared: 1, slow: 3, others: 0.3, haveOneGroup: true },
];

/** Joins that have a group in common. */
const competingRequests: readonly [readonly number[], ...(readonly number[])[]] = [
  [0, 1],
  [4, 6, 7],
];

const allKinds = Object.values(kinds);

/** Draws the events of one seed: which kinds there are, how often, and among how few clients and groups. */
export class StepDraw {
  readonly random: Random;
  readonly clientCount: number;
  readonly maxLineCount: number;
  readonly #requests: readonly number[];
  readonly #refusedShare: number;
  /** Upper bounds of the kinds' shares, in the order of `allKinds`. */
  readonly #bounds = new Float64Array(allKinds.length);
  readonly #totalWeight: number;

  constructor(random: Random, setup: Setup) {
    this.random = random;
    const keyCount = topics.filter(({ rule }) => setup.perKey.includes(rule)).length;
    this.maxLineCount = setup.lines.length * (setup.shards + keyCount);
    const emphasis = random.pick(setup.slow === undefined ? emphases : slowEmphases);
    let total = 0;
    for (const [index, { weight, theme, isOptional }] of allKinds.entries()) {
      total += weight * emphasis[theme] * random.pick(isOptional ? ratesOrNone : rates);
      this.#bounds[index] = total;
    }
    this.#totalWeight = total;
    this.clientCount = 2 + random.below(5);
    // Few different joins meet more often.
    this.#requests = emphasis.haveOneGroup
      ? random.pick(competingRequests)
      : Array.from({ length: 1 + random.below(4) }, () => random.below(joinRequests.length));
    this.#refusedShare = random.pick(refusedShares);
  }

  next(): Step {
    const point = this.random.next() * this.#totalWeight;
    let index = 0;
    while (index < allKinds.length - 1 && (this.#bounds[index] ?? 0) <= point) index += 1;
    return (allKinds[index] ?? kinds.publish).draw(this);
  }

  client(): number {
    return this.random.below(this.clientCount);
  }

  line(): number {
    return this.random.below(this.maxLineCount);
  }

  /** For whoever has a few to choose from. */
  pick(): number {
    return this.random.below(3);
  }

  request(): number {
    return this.#requests[this.random.below(this.#requests.length)] ?? 0;
  }

  refuses(): boolean {
    return this.random.chance(this.#refusedShare);
  }

  /** Mostly a topic that somebody may be in. */
  topic(): number {
    if (this.random.chance(0.1)) return this.random.below(topics.length);
    const named = joinRequests[this.request()]?.topics ?? [];
    return named[this.random.below(named.length)] ?? 0;
  }

  /** Mostly one that means a group which is joined in this run. */
  leave(): number {
    const start = this.random.below(leaveRequests.length);
    for (let offset = 0; offset < leaveRequests.length; offset += 1) {
      const index = (start + offset) % leaveRequests.length;
      const rule = leaveRequests[index]?.rule;
      if (this.#requests.some((request) => joinRequests[request]?.rule === rule)) return index;
    }
    return start;
  }
}
