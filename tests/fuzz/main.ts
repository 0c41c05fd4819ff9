import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { BlockCoverage } from "./block-coverage.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { type Failure, Fuzzer } from "./fuzzer.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets/targets.ts";

/** How long a target runs before the next one has its turn. */
const sliceMs = 2000;

/** Returns the exit code: 1 after the first input for which something does not hold. */
export async function main(commandLine: string[]): Promise<number> {
  const { values } = parseArgs({
    args: commandLine,
    options: { minutes: { type: "string", default: "1" }, seed: { type: "string" }, target: { type: "string" } },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
  if (!(minutes > 0)) throw new Error(`--minutes takes a positive number, not ${values.minutes}`);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number, not ${values.seed}`);
  if (chosen.length === 0) throw new Error(`--target takes one of ${targets.map(({ name }) => name).join(", ")}`);
  console.log(`seed ${seed}`);
  return fuzz(chosen, seed, minutes * 60_000);
}

async function fuzz(chosen: readonly Target[], seed: number, durationMs: number): Promise<number> {
  const coverage = new BlockCoverage();
  const fuzzers = chosen.map((target) => new Fuzzer(target, readCorpus(target.name), coverage, seed));
  const startedAtMs = performance.now();
  try {
    for (const fuzzer of fuzzers) {
      const failure = await fuzzer.begin();
      if (failure !== undefined) return report(fuzzer, failure, seed);
    }
    for (let turn = 0; performance.now() - startedAtMs < durationMs; turn += 1) {
      const fuzzer = fuzzers[turn % fuzzers.length];
      const leftMs = durationMs - (performance.now() - startedAtMs);
      const failure = await fuzzer?.runFor(Math.min(sliceMs, leftMs, durationMs / fuzzers.length));
      if (fuzzer !== undefined && failure !== undefined) return report(fuzzer, failure, seed);
    }
    for (const { target, found } of fuzzers) writeCorpus(target.name, [...readCorpus(target.name), ...found]);
    return 0;
  } finally {
    coverage.stop();
    for (const fuzzer of fuzzers) console.log(describe(fuzzer));
    const total = fuzzers.reduce((sum, { executions }) => sum + executions, 0);
    console.log(`${total} executions, ${coverage.blockCount} blocks`);
  }
}

function describe({ target, executions, elapsedMs, found }: Fuzzer): string {
  const rate = elapsedMs === 0 ? 0 : Math.round((executions * 1000) / elapsedMs);
  return `${target.name.padEnd(12)} ${executions} executions, ${rate}/s, ${found.length} new inputs`;
}

/** The input joins the corpus: it fails every test run until what it shows is repaired. */
function report({ target }: Fuzzer, { input, error }: Failure, seed: number): number {
  writeCorpus(target.name, [...readCorpus(target.name), input]);
  console.error(`${target.name} fails, seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  console.error(`smallest input (${input.length} bytes, added to tests/fuzz/corpus/${target.name}.txt):`);
  console.error(`  ${JSON.stringify(input.toString("latin1"))}\n  base64 ${input.toString("base64")}`);
  return 1;
}
