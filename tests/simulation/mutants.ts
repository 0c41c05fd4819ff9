import { groupMutants } from "./group-mutants.ts";
import { lineMutants } from "./line-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { placeMutants } from "./place-mutants.ts";
import { slowMutants } from "./slow-mutants.ts";

/** Every bug that the simulation has to find. docs/simulation.md lists them. */
export const mutants: readonly Mutant[] = [...groupMutants, ...lineMutants, ...placeMutants, ...slowMutants];
