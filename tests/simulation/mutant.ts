import type { SourceEdit } from "./load-core.ts";

/** A core with one bug. A simulation that does not find every one of them proves nothing about the real core. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly SourceEdit[];
}

export function mutant(name: string, edits: readonly SourceEdit[]): Mutant {
  return { name, edits };
}
