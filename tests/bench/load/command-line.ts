import { parseArgs } from "node:util";
import { type SizeName, sizes } from "./sizes.ts";
import { type SystemName, systemNames } from "./systems/system.ts";
import type { Workload } from "./workloads/workload.ts";
import { workloads } from "./workloads/workloads.ts";

export interface BenchOptions {
  readonly size: SizeName;
  readonly rounds: number;
  readonly workloads: readonly Workload[];
  /** Their names if they were chosen; then `--quick` has all of their systems. */
  readonly only: readonly string[];
  /** Empty: all that a workload has. */
  readonly systems: readonly SystemName[];
  /** Where all figures go, as JSON. */
  readonly json: string | undefined;
  /** Whether docs/benchmarks.md is written. */
  readonly writes: boolean;
  /** As typed behind `npm run bench`. */
  readonly words: string;
}

export type BenchCommand =
  | { readonly kind: "run"; readonly options: BenchOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "usage-error"; readonly message: string };

export function parseCommandLine(args: readonly string[]): BenchCommand {
  try {
    return parse(args);
  } catch (error) {
    return { kind: "usage-error", message: error instanceof Error ? error.message : String(error) };
  }
}

function parse(args: readonly string[]): BenchCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      tiny: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      system: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      json: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help", text: helpText() };
  const size = values.tiny ? "tiny" : values.quick ? "quick" : "full";
  const only = values.only.flatMap((names) => names.split(","));
  const systems = values.system.flatMap((names) => names.split(","));
  if (values.write && (size === "tiny" || only.length + systems.length > 0))
    throw new Error("--write is for whole runs: without --tiny, --only and --system");
  const options: BenchOptions = {
    size,
    rounds: roundsOf(values.rounds) ?? sizes[size].rounds,
    workloads: chosenWorkloads(only, size),
    only,
    systems: systems.map(systemNamed),
    json: values.json,
    writes: values.write,
    words: args.join(" "),
  };
  return { kind: "run", options };
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new Error(`--rounds is a number from 1 to 100, not ${text}`);
  return rounds;
}

function chosenWorkloads(only: readonly string[], size: SizeName): readonly Workload[] {
  if (only.length === 0) return workloads.filter(({ quickSystems }) => quickSystems.length > 0 || size !== "quick");
  return only.map((name) => {
    const found = workloads.find((workload) => workload.name === name);
    if (found === undefined) {
      throw new Error(`there is no workload ${name}. There are ${workloads.map((one) => one.name).join(", ")}`);
    }
    return found;
  });
}

function systemNamed(name: string): SystemName {
  const found = systemNames.find((one) => one === name);
  if (found === undefined) throw new Error(`there is no system ${name}. There are ${systemNames.join(", ")}`);
  return found;
}

function helpText(): string {
  const lines = workloads.map(
    ({ name, quickSystems, about }) =>
      `  ${name.padEnd(12)} ${about(sizes.full)}${quickSystems.length > 0 ? "" : " (not with --quick)"}`,
  );
  return `npm run bench -- [--quick | --tiny] [options]

  --quick            small and short: one round, under a minute
  --tiny             a check of the bench itself; its speeds mean nothing
  --only NAMES       these workloads, separated by commas
  --system NAMES     on these systems only: ${systemNames.join(", ")}
  --rounds N         how often each case runs (full: ${sizes.full.rounds})
  --json FILE        every figure of every round
  --write            writes docs/benchmarks.md

Workloads, in full size:
${lines.join("\n")}

Exit codes: 0 all cases ran and nothing was lost, 1 otherwise, 2 wrong command line.`;
}
