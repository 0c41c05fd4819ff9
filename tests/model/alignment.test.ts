import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { align, type Item } from "../../packages/gateway/src/compare/align.ts";

const nothing = { missing: [], extra: [], moved: [], changed: [] };

/** A sequence in which some messages come again, and two windows of it that have at least half of it in common. */
const windows = fc
  .record({
    sequence: fc.array(fc.constantFrom(..."abcdefghijkl"), { minLength: 8, maxLength: 60 }),
    cuts: fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100)),
  })
  .map(({ sequence, cuts }) => {
    const quarter = Math.floor(sequence.length / 4);
    const [leftHead, leftTail, rightHead, rightTail] = cuts.map((cut) => cut % (quarter + 1));
    const firmFrom = Math.max(leftHead ?? 0, rightHead ?? 0);
    const firmUntil = sequence.length - Math.max(leftTail ?? 0, rightTail ?? 0);
    const all = sequence.map(
      (form, index): Item => ({ form, isFirm: index >= firmFrom && index < firmUntil, atMs: 0 }),
    );
    const cut = (head = 0, tail = 0): Item[] => all.slice(head, all.length - tail);
    return { left: cut(leftHead, leftTail), right: cut(rightHead, rightTail) };
  });

/** The same with a number in every message, as most hubs send. */
const numberedWindows = windows.map(({ left, right }) => {
  const isHead = (index: number): Item => ({ form: `${index}`, isFirm: false, atMs: 0 });
  const start = right.length;
  return {
    left: left.map(({ isFirm }, index) => ({ ...isHead(index + start), isFirm })),
    length: left.length,
  };
});

describe("random windows", () => {
  test("of one sequence have no difference, whatever repeats in it", () => {
    fc.assert(
      fc.property(windows, ({ left, right }) => {
        expect(align(left, right)).toMatchObject(nothing);
      }),
      { numRuns: 3000 },
    );
  });

  const mutated = numberedWindows.chain(({ left, length }) =>
    fc.record({ left: fc.constant(left), at: fc.integer({ min: 1, max: length - 3 }) }),
  );

  test("show a lost, a doubled, a changed and a swapped message, each as what it is", () => {
    fc.assert(
      fc.property(mutated, ({ left, at }) => {
        const right = [...left];
        const changed: Item = { form: "changed", isFirm: false, atMs: 0 };
        const one = left[at];
        const next = left[at + 1];
        if (one === undefined || next === undefined) throw new Error("no such item");
        expect(align(left, right.toSpliced(at, 1))).toMatchObject({ ...nothing, missing: [at] });
        const doubled = align(left, right.toSpliced(at, 0, one));
        expect([doubled.extra.length, doubled.missing, doubled.moved, doubled.changed]).toEqual([1, [], [], []]);
        expect(align(left, right.toSpliced(at, 1, changed))).toMatchObject({ ...nothing, changed: [[at, at]] });
        const swapped = align(left, right.toSpliced(at, 2, next, one));
        expect([swapped.moved.length, swapped.missing, swapped.extra, swapped.changed]).toEqual([1, [], [], []]);
      }),
      { numRuns: 1000 },
    );
  });

  test("of which one is empty show every firm message", () => {
    fc.assert(
      fc.property(windows, ({ left }) => {
        const firm = left.flatMap(({ isFirm }, index) => (isFirm ? [index] : []));
        expect(align(left, [])).toMatchObject({ ...nothing, missing: firm });
        expect(align([], left)).toMatchObject({ ...nothing, extra: firm });
      }),
    );
  });

  test("of 20,000 messages that are all different, or all the same, are compared in seconds", () => {
    const many = (form: (index: number) => string): Item[] =>
      Array.from({ length: 20_000 }, (_, index) => ({ form: form(index), isFirm: true, atMs: index }));
    expect(
      align(
        many(String),
        many((index) => `other ${index}`),
      ).changed,
    ).toHaveLength(20_000);
    const same = many(() => "same");
    expect(align(same, same.slice(0, -1)).missing).toHaveLength(1);
  });
});
