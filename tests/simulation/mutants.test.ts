import { afterAll, expect, test } from "vitest";
import { loadCore } from "./load-core.ts";
import { mutants } from "./mutants.ts";
import { describeFailure, Simulation } from "./simulate.ts";
import { Violation } from "./violation.ts";

/** A mutant that lives longer than this would slip through a short run in CI. */
const maxSeeds = 4000;
const timeoutMs = 120_000;

/** How each mutant was found, as a row of the table in docs/simulation.md. */
const found: { readonly seeds: number; readonly row: string }[] = [];

afterAll(() => {
  if (process.env.MUTANTS !== undefined) console.log(found.map(({ row }) => row).join("\n"));
  const most = found.reduce((max, { seeds }) => Math.max(max, seeds), 0);
  console.log(`${found.length} mutants found, the last one in ${most} seeds`);
});

test("the core without a bug survives as many schedules as a mutant gets", { timeout: timeoutMs }, async () => {
  const simulation = new Simulation(await loadCore([]));
  const { failure } = simulation.runSeeds({ first: 1, count: maxSeeds });
  if (failure !== undefined) expect.fail(describeFailure(simulation, failure));
});

test.each(mutants.map(({ name, edits }) => [name, edits] as const))(
  "the simulation finds it if %s",
  { timeout: timeoutMs },
  async (name, edits) => {
    const { failure, seeds } = new Simulation(await loadCore(edits)).runSeeds({ first: 1, count: maxSeeds });
    expect(failure?.error).toBeInstanceOf(Violation);
    const rule = failure?.error instanceof Violation ? failure.error.rule : "";
    found.push({ seeds, row: `| ${name} | ${rule} | ${seeds} |` });
  },
);
