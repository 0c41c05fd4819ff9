import type { HubRules } from "../../packages/gateway/src/config/hub-rules.ts";
import type { Core } from "./core.ts";
import { compileRules, joinRequests, leaveRequests, topics } from "./hub-contract.ts";
import { drawSchedule, type Schedule, type Setup, type Step } from "./schedule.ts";
import { Sightings } from "./sightings.ts";
import { World } from "./world.ts";

/** A schedule on which the core broke a promise. */
export interface Failure {
  readonly seed: number;
  readonly error: unknown;
  readonly schedule: Schedule;
}

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

export interface SeedsResult {
  /** Seeds that were run, the failing one included. */
  readonly seeds: number;
  readonly failure: Failure | undefined;
}

/** Runs schedules against one core. */
export class Simulation {
  /** Over all runs that did not fail. */
  readonly sightings = new Sightings();
  seedCount = 0;
  stepCount = 0;
  readonly #core: Core;
  /** Loading a config takes longer than a run. */
  readonly #rules = new Map<string, HubRules>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Stops at the first seed that fails. */
  runSeeds({ first, count }: SeedRange): SeedsResult {
    for (let seed = first; seed < first + count; seed += 1) {
      const schedule = drawSchedule(seed);
      const error = this.run(schedule);
      if (error !== undefined) return { seeds: seed - first + 1, failure: { seed, error, schedule } };
      this.seedCount += 1;
      this.stepCount += schedule.steps.length;
    }
    return { seeds: count, failure: undefined };
  }

  /** What went wrong; `undefined` if nothing did. */
  run({ setup, steps }: Schedule): unknown {
    try {
      const world = new World(this.#core, setup, this.#rulesOf(setup));
      for (const step of steps) world.apply(step);
      if (setup.endsDown) {
        world.endWithoutOrigin();
      } else {
        world.settle();
        world.end();
      }
      this.sightings.add(world.sightings);
      return undefined;
    } catch (error) {
      return error ?? new Error("undefined was thrown");
    }
  }

  /** Cuts steps as long as it fails: long runs of steps first, single ones at last. */
  shrink({ setup, steps }: Schedule): Failure["schedule"] {
    let kept = steps;
    for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let start = 0; start < kept.length; ) {
        const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
        if (this.run({ setup, steps: rest }) === undefined) start += size;
        else kept = rest;
      }
    }
    return { setup, steps: kept };
  }

  #rulesOf({ shards, perKey, onGap, lingerMs, queryTtlMs, broadcast }: Setup): HubRules {
    const settings = { shards, perKey, onGap, lingerMs, queryTtlMs, broadcast };
    const key = JSON.stringify(settings);
    let rules = this.#rules.get(key);
    if (rules === undefined) {
      rules = compileRules(settings);
      this.#rules.set(key, rules);
    }
    return rules;
  }
}

/** How much was run so far, and how fast. */
export function describeTally({ seedCount, stepCount }: Simulation, elapsedMs: number): string {
  const perSecond = (count: number): number => Math.round((count / elapsedMs) * 1000);
  const speed = `${perSecond(seedCount)} seeds/s, ${perSecond(stepCount)} steps/s`;
  return `${seedCount} seeds, ${stepCount} steps in ${(elapsedMs / 1000).toFixed(1)} s: ${speed}`;
}

/** For people: the seed, what broke, and the shortest schedule that was found for it. */
export function describeFailure(simulation: Simulation, { seed, schedule }: Failure): string {
  const shortest = simulation.shrink(schedule);
  const error = simulation.run(shortest);
  return [
    `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    `setup ${JSON.stringify(shortest.setup)}`,
    ...shortest.steps.map((step, index) => `${String(index + 1).padStart(3)} ${describeStep(step)}`),
  ].join("\n");
}

function describeStep(step: Step): string {
  const { do: name, ...details } = step;
  const fields = Object.entries(details).map(([field, value]) => `${field}=${value}`);
  if (step.do === "join") fields.push(`(topics ${joinRequests[step.request]?.topics.join()})`);
  if (step.do === "leave") fields.push(`(topics ${leaveRequests[step.request]?.topics.join()})`);
  if (step.do === "publish") fields.push(`(${topics[step.topic]?.rule})`);
  return [name, ...fields].join(" ");
}
