import { expect, test } from "vitest";
import { core } from "./core.ts";
import type { Setup, SlowSetup } from "./setup.ts";
import { describeFailure, Simulation } from "./simulate.ts";
import type { Step } from "./steps.ts";

const setup: Setup = {
  lines: ["json"],
  shards: 1,
  perKey: [],
  onGap: { event: "close", list: "close", forever: "close" },
  lingerMs: 500,
  gapSpreadMs: 100,
  maxJoinsInFlight: 32,
  maxWaitingJoins: 100,
  maxGroupsPerClient: 256,
  parallelCalls: 1,
  snapshotEarly: true,
  broadcast: undefined,
  queryTtlMs: 0,
  endsDown: false,
};

/** One message fits, and not another one. */
const slow: SlowSetup = {
  onSlow: { event: "conflate", list: "conflate", forever: "drop" },
  outboxMaxBytes: 100,
  outboxMaxAgeMs: 10_000,
  socketBytes: 0,
  isPadded: false,
};

const up: Step = { do: "up", line: 0 };
const down: Step = { do: "down", line: 0 };
const serveAll: Step = { do: "serve", line: 0, refused: false };
/** The origin serves the next call, and the gateway receives its answer. */
const serveOne: readonly Step[] = [
  { do: "begin", line: 0, pick: 0, refused: false },
  { do: "finish", line: 0, pick: 0 },
  { do: "deliver", line: 0, count: 100 },
];

function connect(...clients: readonly number[]): readonly Step[] {
  return clients.map((client) => ({ do: "connect", client }));
}

function publish(topic: number, times = 1): readonly Step[] {
  return Array.from({ length: times }, () => ({ do: "publish", topic }));
}

const stall: Step = { do: "stall", client: 0 };
const deliverAll: Step = { do: "deliver", line: 0, count: 100 };

/** `request` is an index of `joinRequests`. */
function join(client: number, request: number): Step {
  return { do: "join", client, request, answered: true };
}

/** Client 0 joins topic 2, does not read the answer, and so its messages are held back. */
const fallBehind: readonly Step[] = [
  ...connect(0),
  join(0, 3),
  up,
  stall,
  { do: "begin", line: 0, pick: 0, refused: false },
  { do: "finish", line: 0, pick: 0 },
  ...publish(2, 3),
  deliverAll,
];

interface Regression {
  readonly name: string;
  readonly setup?: Partial<Setup>;
  readonly steps: readonly Step[];
}

/** Schedules on which the core was wrong once, cut down to what it takes. */
const regressions: readonly Regression[] = [
  {
    name: "a group that lingers when the connection breaks is not kept for ever",
    steps: [...connect(0), join(0, 2), up, { do: "vanish", client: 0 }, serveAll, down],
  },
  {
    name: "a join is not starved by others of the same group that are asked for again and again",
    steps: [
      ...connect(0, 1, 2, 3, 4),
      join(0, 0),
      up,
      join(1, 1),
      ...[2, 3, 4].flatMap((client) => [join(client, 0), ...serveOne]),
    ],
  },
  {
    name: "a join does not wait for the origin when its client is gone",
    setup: { endsDown: true },
    steps: [...connect(0), join(0, 1)],
  },
  {
    name: "a second join of a member does not wait for the origin when its client is gone",
    setup: { endsDown: true },
    steps: [...connect(0), join(0, 5), up, serveAll, join(0, 5)],
  },
  {
    name: "a rejoin of one key tells nobody a new state of the other keys",
    setup: { onGap: { event: "rejoin", list: "rejoin", forever: "rejoin" }, maxJoinsInFlight: 1 },
    steps: [...connect(0, 1), join(0, 5), up, serveAll, join(1, 7), down],
  },
  {
    name: "a shared call does not wait for the origin when its client is gone",
    setup: { endsDown: true },
    steps: [...connect(0), { do: "query", client: 0, query: 0 }],
  },
  {
    name: "a client that is let in with a join behind its handshake is not taken for one that has a gap",
    setup: { broadcast: "ignore" },
    steps: [{ do: "connect", client: 0, request: 5 }],
  },
  {
    name: "a message that was held back does not follow the state that a rejoin tells",
    setup: { slow, onGap: { event: "rejoin", list: "rejoin", forever: "rejoin" } },
    steps: [...fallBehind, ...publish(2), down],
  },
  {
    name: "a message that was held back does not follow the state that a later join tells",
    setup: { slow },
    steps: [
      ...fallBehind,
      { do: "leave", client: 0, request: 2, answered: true },
      ...publish(2),
      deliverAll,
      join(0, 3),
      serveAll,
    ],
  },
  {
    name: "a client that has something held back is not looked at in every turn",
    setup: { slow },
    steps: [...connect(0), join(0, 3), up, serveAll, stall, ...publish(2, 3), deliverAll],
  },
  {
    name: "a client of which nothing is held back any more is not behind",
    setup: { slow },
    steps: [
      ...connect(0),
      join(0, 7),
      up,
      serveAll,
      stall,
      ...publish(3, 3),
      deliverAll,
      { do: "leave", client: 0, request: 3, answered: true },
      { do: "read", client: 0 },
      ...publish(5),
      deliverAll,
    ],
  },
];

test.each(regressions)("$name", (regression) => {
  const simulation = new Simulation(core);
  const schedule = { setup: { ...setup, ...regression.setup }, steps: regression.steps };
  const error = simulation.run(schedule);
  if (error !== undefined) expect.fail(describeFailure(simulation, { seed: 0, error, schedule }));
});
