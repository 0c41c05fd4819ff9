import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BenchOptions, parseCommandLine } from "./command-line.ts";
import { Lab } from "./lab.ts";
import { describeCommit, describeMachine, loadAverage } from "./machine.ts";
import { writePage } from "./page.ts";
import { numberText, targetTable, workloadTable } from "./report.ts";
import { failures, type Result, Results } from "./results.ts";
import { type Size, sizes } from "./sizes.ts";
import { systemNames } from "./systems/system.ts";
import type { Case, Workload } from "./workloads/workload.ts";

/** This runs from `dist`. */
const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommandLine(args);
  if (command.kind === "help") {
    console.log(command.text);
    return exitCodes.ok;
  }
  if (command.kind === "usage-error") {
    console.error(`${command.message}\nnpm run bench -- --help names all options.`);
    return exitCodes.usage;
  }
  if (process.platform !== "linux") {
    console.error("The bench reads /proc and uses taskset, so it runs on Linux only.");
    return exitCodes.failed;
  }
  const lab = new Lab(sizes[command.options.size].pins);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      lab.close();
      process.exit(exitCodes.interrupted);
    });
  }
  try {
    return await measure(lab, command.options);
  } finally {
    lab.close();
  }
}

async function measure(lab: Lab, options: BenchOptions): Promise<number> {
  await lab.prepare();
  const loadBefore = loadAverage();
  const header = {
    machine: describeMachine(),
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(repository),
    command: `npm run bench${options.words === "" ? "" : ` -- ${options.words}`}`,
    pinning: lab.pinning,
    loadBefore,
  };
  console.error(`${header.machine}\n${header.pinning}\nload average ${numberText(loadBefore)}`);
  if (loadBefore > 0.5) console.error("The machine is not quiet: expect wide spreads.");
  for (const [system, reason] of lab.missing) console.error(`without ${system}: ${reason}`);

  const results = await runRounds(lab, options, sizes[options.size]);
  const conditions = { ...header, loadAfter: loadAverage(), missing: [...lab.missing.keys()] };
  const failed = failures(results);
  console.log(asText(options, results, failed, conditions.loadAfter));
  if (options.json !== undefined) {
    const everything = { ...conditions, size: sizes[options.size], results, failures: failed };
    writeFileSync(options.json, `${JSON.stringify(everything, undefined, 2)}\n`);
  }
  if (options.writes) writePage(repository, conditions, options, results);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Round by round, and in each one system after the other, so that what drifts on the machine falls on all of them. */
async function runRounds(lab: Lab, options: BenchOptions, size: Size): Promise<Result[]> {
  const results = new Results();
  for (const workload of options.workloads) {
    const cases = wantedCases(workload, lab, options);
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const one of round % 2 === 0 ? [...cases].reverse() : cases) {
        const name = { workload: workload.name, variant: one.variant, system: one.system };
        const outcome = await runCase(lab, one, size);
        results.add(name, outcome);
        const words = [workload.name, one.system, one.variant, `${round}/${options.rounds}`].filter(
          (word) => word !== "",
        );
        console.error(
          `${words.join(" ")}: ${outcome instanceof Error ? outcome.message : summary(outcome, workload.columns)}`,
        );
      }
    }
  }
  return results.all;
}

function wantedCases(workload: Workload, lab: Lab, { size, systems, only }: BenchOptions): Case[] {
  const isShort = size === "quick" && only.length === 0;
  const wanted = systems.length > 0 ? systems : isShort ? workload.quickSystems : systemNames;
  return workload.cases(sizes[size]).filter(({ system }) => wanted.includes(system) && !lab.missing.has(system));
}

async function runCase(lab: Lab, one: Case, { timeLimitMs }: Size) {
  try {
    return await lab.run(one.system, { ...one, timeLimitMs }, (session) => one.run(session));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function summary(figures: Readonly<Record<string, number>>, columns: readonly string[]): string {
  return columns.map((column) => `${column} ${numberText(figures[column])}`).join(", ");
}

function asText(
  { workloads, size }: BenchOptions,
  results: readonly Result[],
  failed: readonly string[],
  loadAfter: number,
): string {
  const parts = workloads.map(
    (workload) => `${workload.name}: ${workload.about(sizes[size])}\n${workloadTable(workload, results)}`,
  );
  const verdict = failed.length === 0 ? "Nothing was lost, doubled or out of order." : failed.join("\n");
  const targets = targetTable(results);
  return [
    ...parts,
    ...(targets === undefined ? [] : [targets]),
    `${verdict}\nLoad average at the end: ${numberText(loadAfter)}`,
  ].join("\n\n");
}
