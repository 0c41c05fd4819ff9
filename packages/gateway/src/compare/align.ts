import { findOverlap, overlapAt } from "./find-overlap.ts";
import { inOrderMatches, type Match } from "./in-order-matches.ts";

/** One message of a sequence. */
export interface Item {
  /** Equal for messages that are the same. */
  readonly form: string;
  /** Must have a counterpart. Others may stand alone at the ends of a sequence: the clients did not join at one time. */
  readonly isFirm: boolean;
  /** When it came: of messages that are not the same, those that came at about the same time are in the same place. */
  readonly atMs: number;
}

/** What became of two sequences that should be two windows of one. All numbers are positions. */
export interface Alignment {
  /** Equal and in order. */
  readonly matched: readonly Match[];
  /** On the left only. */
  readonly missing: readonly number[];
  /** On the right only. */
  readonly extra: readonly number[];
  /** Equal, but in another order. */
  readonly moved: readonly Match[];
  /** In the same place, but not equal. */
  readonly changed: readonly Match[];
}

/**
 * Compares what two clients received of one sequence of messages. Each may have come later and gone earlier than the
 * other, so both are taken for windows of it: what stands outside of the common part is a difference only if it is firm.
 * Pure. Two windows of one sequence give no difference, whatever repeats in it, unless what they have in common by
 * repetition is longer than what they have in common in time.
 */
export function align(left: readonly Item[], right: readonly Item[]): Alignment {
  const overlap = findOverlap(left, right);
  const whole = overlap === undefined ? [] : overlapAt(overlap.offset, left.length, right.length);
  if (overlap?.isCertain === true) return unanimous(whole);
  const matched = inOrderMatches(
    left.map(({ form }) => form),
    right.map(({ form }) => form),
  );
  const explainsAll = overlap !== undefined && whole.length >= matched.length;
  return explainsAll ? unanimous(whole) : explain(left, right, matched);
}

function unanimous(matched: readonly Match[]): Alignment {
  return { matched, missing: [], extra: [], moved: [], changed: [] };
}

interface Leftover {
  readonly index: number;
  readonly form: string;
  readonly atMs: number;
  /** How many matches stand before it. */
  readonly gap: number;
  /** Firm, or between the first and the last match. */
  readonly isJudged: boolean;
}

function explain(left: readonly Item[], right: readonly Item[], matched: readonly Match[]): Alignment {
  const missing = leftovers(
    left,
    matched.map(([index]) => index),
  );
  const extra = leftovers(
    right,
    matched.map(([, index]) => index),
  );
  const moved = pairEqual(missing, extra);
  const changed = pairByTime(missing, extra);
  return {
    matched,
    missing: judged(missing),
    extra: judged(extra),
    moved,
    changed,
  };
}

function leftovers(items: readonly Item[], matchedPlaces: readonly number[]): Set<Leftover> {
  const over = new Set<Leftover>();
  let gap = 0;
  for (const [index, { form, isFirm, atMs }] of items.entries()) {
    if (matchedPlaces[gap] === index) gap += 1;
    else over.add({ index, form, atMs, gap, isJudged: isFirm || (gap > 0 && gap < matchedPlaces.length) });
  }
  return over;
}

/** Takes equal ones out of both sets, first with first, if at least one of the two is judged. */
function pairEqual(left: Set<Leftover>, right: Set<Leftover>): readonly Match[] {
  const free = groupBy(right, ({ form }) => form);
  const pairs: Match[] = [];
  for (const one of left) {
    const same = free.get(one.form) ?? [];
    const place = same.findIndex((other) => one.isJudged || other.isJudged);
    const [other] = place === -1 ? [] : same.splice(place, 1);
    if (other === undefined) continue;
    left.delete(one);
    right.delete(other);
    pairs.push([one.index, other.index]);
  }
  return pairs;
}

/** Takes those out of both sets that stand in the same gap and came at about the same time, in order. */
function pairByTime(left: Set<Leftover>, right: Set<Leftover>): readonly Match[] {
  const free = groupBy(right, ({ gap }) => gap);
  const pairs: Match[] = [];
  for (const [gap, group] of groupBy(left, (one) => one.gap)) {
    const ones = group.filter(({ isJudged }) => isJudged);
    const others = (free.get(gap) ?? []).filter(({ isJudged }) => isJudged);
    let next = 0;
    for (const [place, one] of ones.entries()) {
      while (distance(one, others[next + 1]) < distance(one, others[next])) next += 1;
      const other = others[next];
      if (other === undefined) break;
      // The one after it fits better.
      if (distance(other, ones[place + 1]) < distance(other, one)) continue;
      next += 1;
      left.delete(one);
      right.delete(other);
      pairs.push([one.index, other.index]);
    }
  }
  return pairs;
}

function distance({ atMs }: Leftover, other: Leftover | undefined): number {
  return other === undefined ? Number.POSITIVE_INFINITY : Math.abs(atMs - other.atMs);
}

function groupBy<Trait>(over: ReadonlySet<Leftover>, trait: (one: Leftover) => Trait): Map<Trait, Leftover[]> {
  const groups = new Map<Trait, Leftover[]>();
  for (const one of over) {
    const group = groups.get(trait(one));
    if (group === undefined) groups.set(trait(one), [one]);
    else group.push(one);
  }
  return groups;
}

function judged(over: ReadonlySet<Leftover>): readonly number[] {
  return [...over].filter(({ isJudged }) => isJudged).map(({ index }) => index);
}
