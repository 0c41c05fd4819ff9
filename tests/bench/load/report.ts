import type { Spread } from "./figures.ts";
import type { Result } from "./results.ts";
import { type TargetRow, targetRows } from "./targets.ts";
import type { Workload } from "./workloads/workload.ts";

const notMeasured = "-";

/** `undefined` if no target can be judged by these results. */
export function targetTable(results: readonly Result[]): string | undefined {
  const rows = targetRows(results);
  if (rows.length === 0) return undefined;
  return table(
    ["what", "control", "control's", "gateway's", "ratio", "target", "met"],
    rows.map((row) => [
      row.what,
      row.controlName,
      numberText(row.control),
      numberText(row.measured),
      numberText(row.ratio),
      row.target,
      metText(row),
    ]),
  );
}

function metText({ isMet }: TargetRow): string {
  if (isMet === undefined) return notMeasured;
  return isMet ? "yes" : "NO";
}

/** Median, and least to most where there was more than one round. */
export function workloadTable({ name, columns }: Workload, results: readonly Result[]): string {
  const own = results.filter(({ workload }) => workload === name);
  return table(
    ["system", ...columns],
    own.map(({ system, variant, spread }) => [
      variant === "" ? system : `${system}, ${variant}`,
      ...columns.map((column) => spreadText(spread[column])),
    ]),
  );
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return notMeasured;
  const { median, min, max } = spread;
  return min === max ? numberText(median) : `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;
}

/** Three significant digits, or all those before the point. */
export function numberText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return notMeasured;
  if (Math.abs(value) >= 100 || value === 0) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** Markdown that can also be read as it is. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
