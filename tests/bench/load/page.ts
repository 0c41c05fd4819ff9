import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchOptions } from "./command-line.ts";
import { numberText, targetTable, workloadTable } from "./report.ts";
import type { Result } from "./results.ts";
import { sizes } from "./sizes.ts";

export interface Conditions {
  readonly machine: string;
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly pinning: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Systems that could not be had. */
  readonly missing: readonly string[];
}

/** Writes docs/benchmarks.md from page.md, which stands beside the sources. */
export function writePage(
  repository: string,
  conditions: Conditions,
  { workloads, size, rounds }: BenchOptions,
  results: readonly Result[],
): void {
  const template = readFileSync(join(repository, "tests/bench/load/page.md"), "utf8");
  const sections = workloads.map(
    (workload) =>
      `### ${workload.name}\n\n${sentence(workload.about(sizes[size]))}\n\n${workloadTable(workload, results)}`,
  );
  const values: Readonly<Record<string, string>> = {
    machine: conditions.machine,
    date: conditions.date,
    commit: conditions.commit,
    command: conditions.command,
    pinning: conditions.pinning,
    loads: `${numberText(conditions.loadBefore)} before, ${numberText(conditions.loadAfter)} at the end`,
    rounds: String(rounds),
    missing: conditions.missing.length === 0 ? "none" : conditions.missing.join(", "),
    targets: targetTable(results) ?? "No target could be judged.",
    workloads: sections.join("\n\n"),
  };
  const text = template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
  writeFileSync(join(repository, "docs/benchmarks.md"), text);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
