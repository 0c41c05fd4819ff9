import type { Item } from "./align.ts";
import type { Match } from "./in-order-matches.ts";

export interface Overlap {
  /** Where the first item of the right list stands on the left; negative: before its first. */
  readonly offset: number;
  /** False if what is left over on both sides has messages in common, so that it might not be the whole truth. */
  readonly isCertain: boolean;
}

/** Comparisons after which the search gives up: only sequences that repeat a lot get there. */
const maxComparisons = 20_000_000;

/**
 * The longest overlap of two windows of one sequence in which all is equal, with nothing firm outside of it; a certain
 * one if there is any. `undefined` if there is none.
 */
export function findOverlap(left: readonly Item[], right: readonly Item[]): Overlap | undefined {
  let comparisons = 0;
  let second: Overlap | undefined;
  for (const offset of offsetsByOverlap(left.length, right.length)) {
    const [from, until] = [Math.max(0, offset), Math.min(left.length, offset + right.length)];
    let index = from;
    while (index < until && left[index]?.form === right[index - offset]?.form) index += 1;
    comparisons += index - from + 1;
    if (comparisons > maxComparisons) return second;
    if (index < until) continue;
    const verdict = judgeOutside(offset, left, right);
    if (verdict === "certain") return { offset, isCertain: true };
    if (verdict === "possible" && until > from) second ??= { offset, isCertain: false };
  }
  return second;
}

/** The matches of an overlap. */
export function overlapAt(offset: number, leftLength: number, rightLength: number): readonly Match[] {
  const from = Math.max(0, offset);
  const length = Math.max(0, Math.min(leftLength, offset + rightLength) - from);
  return Array.from({ length }, (_, index) => [from + index, from + index - offset]);
}

/** Every offset, the largest overlaps first. */
function* offsetsByOverlap(leftLength: number, rightLength: number): Generator<number> {
  // Overlaps are largest where one list lies within the other, and shrink on both sides of these offsets.
  const [low, high] = [Math.min(0, leftLength - rightLength), Math.max(0, leftLength - rightLength)];
  for (let offset = low; offset <= high; offset += 1) yield offset;
  for (let distance = 1; distance <= Math.min(leftLength, rightLength); distance += 1) {
    yield low - distance;
    yield high + distance;
  }
}

function judgeOutside(
  offset: number,
  left: readonly Item[],
  right: readonly Item[],
): "certain" | "possible" | "impossible" {
  const leftOver = [...left.slice(0, Math.max(0, offset)), ...left.slice(Math.max(0, offset + right.length))];
  const rightOver = [...right.slice(0, Math.max(0, -offset)), ...right.slice(Math.max(0, left.length - offset))];
  if (leftOver.some(({ isFirm }) => isFirm) || rightOver.some(({ isFirm }) => isFirm)) return "impossible";
  const forms = new Set(leftOver.map(({ form }) => form));
  return rightOver.some(({ form }) => forms.has(form)) ? "possible" : "certain";
}
