import { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import { RuleCompiler } from "./compile-rules.ts";
import type { Core } from "./core.ts";
import { Coverage } from "./coverage.ts";
import { drawSchedule, type Schedule } from "./schedule.ts";
import { Sightings } from "./sightings.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { describeStep } from "./steps.ts";
import { World } from "./world.ts";
import { Chunks } from "./world-parts.ts";

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
  /** Over all runs. */
  readonly sightings = new Sightings();
  readonly coverage = new Coverage();
  seedCount = 0;
  stepCount = 0;
  readonly #core: Core;
  readonly #rules = new RuleCompiler();
  readonly #chunks = new Chunks();
  readonly #metrics = new HubMetrics();

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
    // The one counter that the gateway looks at, too.
    this.#metrics.perKeyUpstreams = 0;
    try {
      const world = new World({
        core: this.#core,
        setup,
        compiled: this.#rules.compile(setup),
        sightings: this.sightings,
        coverage: this.coverage,
        chunks: this.#chunks,
        clock: new SimulatedClock(),
        metrics: this.#metrics,
      });
      for (const step of steps) world.run(step);
      if (setup.endsDown) {
        world.endWithoutOrigin();
      } else {
        world.settle();
        world.end();
      }
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
}

/** How much was run so far, and how fast: per second of CPU time, for other programs share the machine. */
export function describeTally({ seedCount, stepCount }: Simulation, cpuMs: number): string {
  const perSecond = (count: number): number => Math.round((count / cpuMs) * 1000);
  const speed = `${perSecond(seedCount)} seeds/s, ${perSecond(stepCount)} steps/s`;
  return `${seedCount} seeds, ${stepCount} steps in ${(cpuMs / 1000).toFixed(1)} s of CPU time: ${speed}`;
}

/** CPU time of this process so far, that of garbage collection and compilation included. */
export function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
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
