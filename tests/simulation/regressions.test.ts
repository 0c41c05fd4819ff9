import { expect, test } from "vitest";
import { core } from "./core.ts";
import type { Setup, Step } from "./schedule.ts";
import { describeFailure, Simulation } from "./simulate.ts";

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

/** `request` is an index of `joinRequests`. */
function join(client: number, request: number): Step {
  return { do: "join", client, request, answered: true };
}

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
];

test.each(regressions)("$name", (regression) => {
  const simulation = new Simulation(core);
  const schedule = { setup: { ...setup, ...regression.setup }, steps: regression.steps };
  const error = simulation.run(schedule);
  if (error !== undefined) expect.fail(describeFailure(simulation, { seed: 0, error, schedule }));
});
