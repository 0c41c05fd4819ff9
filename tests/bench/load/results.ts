import { type Figures, type Spread, summarize } from "./figures.ts";
import type { SystemName } from "./systems/system.ts";

/** All rounds of one case. */
export interface Result {
  readonly workload: string;
  readonly variant: string;
  readonly system: SystemName;
  readonly rounds: readonly Figures[];
  readonly spread: Readonly<Record<string, Spread>>;
  /** Of rounds that did not come to an end. */
  readonly errors: readonly string[];
}

/** Collects rounds in any order; results come out in the order in which the cases came first. */
export class Results {
  readonly #all = new Map<
    string,
    Omit<Result, "rounds" | "spread" | "errors"> & { rounds: Figures[]; errors: string[] }
  >();

  add(name: Pick<Result, "workload" | "variant" | "system">, outcome: Figures | Error): void {
    const key = `${name.workload}/${name.variant}/${name.system}`;
    const result = this.#all.get(key) ?? { ...name, rounds: [], errors: [] };
    this.#all.set(key, result);
    if (outcome instanceof Error) result.errors.push(outcome.message);
    else result.rounds.push(outcome);
  }

  get all(): Result[] {
    return [...this.#all.values()].map((result) => ({ ...result, spread: summarize(result.rounds) }));
  }
}

/** The median of a case without a variant; `undefined` if it was not measured. */
export function medianOf(
  results: readonly Result[],
  workload: string,
  system: SystemName,
  figure: string,
): number | undefined {
  const isIt = (one: Result): boolean => one.workload === workload && one.system === system && one.variant === "";
  return results.find(isIt)?.spread[figure]?.median;
}

/** Cases that did not end, or in which a client that reads missed a message, got it twice or out of turn. */
export function failures(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    const name = [result.workload, result.variant, result.system].filter((part) => part !== "").join(" ");
    const wrong = ["lost", "excess", "outOfOrder", "ended"].flatMap((figure) => {
      const most = result.spread[figure]?.max ?? 0;
      return most > 0 ? [`${most} ${figure}`] : [];
    });
    return [...wrong, ...result.errors].map((problem) => `${name}: ${problem}`);
  });
}
