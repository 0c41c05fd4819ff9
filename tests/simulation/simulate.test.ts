import { expect, test } from "vitest";
import { core } from "./core.ts";
import { describeCoverage, findCoverageGaps } from "./coverage-table.ts";
import { cpuTimeMs, describeFailure, describeTally, Simulation } from "./simulate.ts";

/** `FIRST=4711 SEEDS=1` replays one seed. */
const first = Number(process.env.FIRST ?? 1);
const count = Number(process.env.SEEDS ?? 20_000);
const timeoutMs = 3_600_000;

test(`the aggregation core keeps its promises in ${count} random schedules from seed ${first}`, {
  timeout: timeoutMs,
}, () => {
  const simulation = new Simulation(core);
  const startedAtMs = cpuTimeMs();
  const { failure } = simulation.runSeeds({ first, count });
  console.log(describeTally(simulation, cpuTimeMs() - startedAtMs));
  if (failure !== undefined) expect.fail(describeFailure(simulation, failure));
  // Promises about situations that never came up were not tested.
  if (count < 20_000) return;
  expect(Object.entries(simulation.sightings).filter(([, times]) => times === 0)).toEqual([]);
  console.log(describeCoverage(simulation.coverage));
  expect(findCoverageGaps(simulation.coverage)).toEqual({ missed: [], illegal: [] });
});
