import { expect, test } from "vitest";
import { SparseMap } from "./sparse-map.ts";
import { SparseSet } from "./sparse-set.ts";

test("a sparse set is a set, again after it was empty", () => {
  const set = new SparseSet<string>();
  expect([set.size, set.has("a"), set.delete("a"), [...set]]).toEqual([0, false, false, []]);
  for (let round = 0; round < 2; round += 1) {
    set.add("a");
    set.add("b");
    set.add("a");
    expect([set.size, set.has("a"), [...set]]).toEqual([2, true, ["a", "b"]]);
    expect([set.delete("a"), set.delete("a"), set.delete("b"), set.size]).toEqual([true, false, true, 0]);
  }
  set.add("c");
  set.clear();
  expect([set.size, [...set]]).toEqual([0, []]);
});

test("what is deleted during iteration does not end it", () => {
  const set = new SparseSet<number>();
  for (const item of [1, 2, 3]) set.add(item);
  const seen: number[] = [];
  for (const item of set) {
    seen.push(item);
    set.delete(item);
  }
  expect([seen, set.size]).toEqual([[1, 2, 3], 0]);
});

test("a sparse map is a map, again after it was empty", () => {
  const map = new SparseMap<string, number>();
  expect([map.size, map.has("a"), map.get("a"), map.delete("a"), [...map]]).toEqual([0, false, undefined, false, []]);
  for (let round = 0; round < 2; round += 1) {
    map.set("a", 1);
    map.set("a", 2);
    expect([map.size, map.has("a"), map.get("a"), [...map]]).toEqual([1, true, 2, [["a", 2]]]);
    expect([map.delete("a"), map.size]).toEqual([true, 0]);
  }
});
