/** What one run of one case measured, by name. Units are part of the name. */
export type Figures = Readonly<Record<string, number>>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Throws for an empty list. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error("nothing was measured");
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? min;
  const high = sorted[Math.ceil(middle)] ?? max;
  return { median: (low + high) / 2, min, max, count: sorted.length };
}

/** The spread of each figure over the rounds. A figure that only some rounds have is spread over those. */
export function summarize(rounds: readonly Figures[]): Record<string, Spread> {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  const entries = [...names].map((name): [string, Spread] => {
    const values = rounds.flatMap((figures) => figures[name] ?? []);
    return [name, spreadOf(values)];
  });
  return Object.fromEntries(entries);
}

/** By the nearest rank; 0 for no samples. `sorted` is in ascending order, `share` from 0 to 1. */
export function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? 0;
}
