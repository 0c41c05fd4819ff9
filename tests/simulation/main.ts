import { parseArgs } from "node:util";
import { core } from "./core.ts";
import { describeCoverage } from "./coverage-table.ts";
import { cpuTimeMs, describeFailure, describeTally, Simulation } from "./simulate.ts";

/** Seeds between two lines of progress. */
const reportEvery = 20_000;

/** `--seeds N --first S`: runs N seeds from S on. Returns the exit code: 1 after the first seed that fails. */
export function main(commandLine: string[]): number {
  const { values } = parseArgs({
    args: commandLine,
    options: { seeds: { type: "string", default: "20000" }, first: { type: "string", default: "1" } },
  });
  const first = Number(values.first);
  const end = first + Number(values.seeds);
  if (!Number.isSafeInteger(end)) throw new Error("--seeds and --first take whole numbers");
  const simulation = new Simulation(core);
  const startedAtMs = cpuTimeMs();
  for (let seed = first; seed < end; seed += reportEvery) {
    const { failure } = simulation.runSeeds({ first: seed, count: Math.min(reportEvery, end - seed) });
    console.log(describeTally(simulation, cpuTimeMs() - startedAtMs));
    if (failure === undefined) continue;
    console.log(describeFailure(simulation, failure));
    return 1;
  }
  console.log(describeCoverage(simulation.coverage));
  return 0;
}
