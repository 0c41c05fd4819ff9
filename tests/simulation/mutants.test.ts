import { expect, test } from "vitest";
import { groupMutants } from "./group-mutants.ts";
import { lineMutants } from "./line-mutants.ts";
import { loadCore } from "./load-core.ts";
import { placeMutants } from "./place-mutants.ts";
import { describeFailure, Simulation } from "./simulate.ts";

/** A mutant that lives longer than this would slip through a short run in CI. */
const maxSeeds = 4000;
const timeoutMs = 120_000;

test("the core without a bug survives as many schedules as a mutant gets", { timeout: timeoutMs }, async () => {
  const simulation = new Simulation(await loadCore([]));
  const { failure } = simulation.runSeeds({ first: 1, count: maxSeeds });
  if (failure !== undefined) expect.fail(describeFailure(simulation, failure));
});

test.each([...groupMutants, ...lineMutants, ...placeMutants].map(({ name, edits }) => [name, edits] as const))(
  "the simulation finds it if %s",
  { timeout: timeoutMs },
  async (_name, edits) => {
    const { failure } = new Simulation(await loadCore(edits)).runSeeds({ first: 1, count: maxSeeds });
    expect(failure?.error).toMatchObject({ name: "Violation" });
  },
);
