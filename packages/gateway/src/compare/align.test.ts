import { describe, expect, test } from "vitest";
import { type Alignment, align, type Item } from "./align.ts";

const items = (text: string, firm = ""): Item[] =>
  [...text].map((form) => ({ form, isFirm: firm.includes(form), atMs: 0 }));
const nothing = { missing: [], extra: [], moved: [], changed: [] };

describe("two windows of one sequence", () => {
  test.each([
    ["abc", "abc"],
    ["abcd", "cd"],
    ["abcd", "ab"],
    ["bcd", "abcde"],
    ["abcd", "bcde"],
    ["xxxx", "xx"],
    ["abababab", "babab"],
    ["", "abc"],
    ["abc", ""],
    // The one left before the other came, and a message happens to come twice.
    ["xyab", "abxcy"],
  ])("%s and %s have no difference", (left, right) => {
    expect(align(items(left), items(right))).toMatchObject(nothing);
  });
});

describe("a difference is", () => {
  test.each<[string, string, Partial<Alignment>]>([
    ["abcd", "abd", { missing: [2] }],
    ["abd", "abcd", { extra: [2] }],
    ["abc", "abbc", { extra: [2] }],
    ["abcde", "abdce", { moved: [[2, 3]] }],
    ["abcd", "abXd", { changed: [[2, 2]] }],
    ["abcdef", "abXef", { changed: [[2, 2]], missing: [3] }],
  ])("found between the first and the last common message of %s and %s", (left, right, found) => {
    expect(align(items(left), items(right))).toMatchObject({ ...nothing, ...found });
  });

  test("a change of what came at the same time, if nothing is the same", () => {
    const at = (form: string, ...times: readonly number[]): Item[] =>
      times.map((atMs) => ({ form: `${form} ${atMs}`, isFirm: true, atMs }));
    expect(align(at("own", 100, 200, 300), at("other", 205, 305, 405))).toMatchObject({
      missing: [0],
      extra: [2],
      changed: [
        [1, 0],
        [2, 1],
      ],
    });
  });

  test("not seen at the ends, unless the message is firm", () => {
    expect(align(items("abc"), items(""))).toMatchObject(nothing);
    expect(align(items("abc", "bc"), items(""))).toMatchObject({ ...nothing, missing: [1, 2] });
    expect(align(items("abcd"), items("abXY", "Y"))).toMatchObject({ ...nothing, extra: [3] });
    expect(align(items("abcd", "d"), items("abXY", "Y"))).toMatchObject({ ...nothing, changed: [[3, 3]] });
  });
});
