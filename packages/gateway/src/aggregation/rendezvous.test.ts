import { describe, expect, test } from "vitest";
import { shardOf } from "./rendezvous.ts";

/** Keys as hubs have them: running numbers, names, and long texts that differ at the end only. */
const keySets = {
  numbers: Array.from({ length: 20_000 }, (_, index) => `n5:eventi${String(index).length}:${index}`),
  names: Array.from({ length: 20_000 }, (_, index) => `n5:events6:m-${index.toString(36).padStart(4, "0")}`),
  texts: Array.from({ length: 20_000 }, (_, index) => `n1:as200:${"x".repeat(195)}${index.toString(32)}`),
};
const counts = [2, 3, 4, 5, 8, 16, 64];

describe.each(Object.entries(keySets))("%s", (_name, keys) => {
  test.each(counts)("are spread evenly over %i upstreams", (shardCount) => {
    const sizes = Array.from({ length: shardCount }, () => 0);
    for (const key of keys) {
      const shard = shardOf(key, shardCount);
      sizes[shard] = (sizes[shard] ?? 0) + 1;
    }
    const share = keys.length / shardCount;
    // Four standard deviations of a fair draw; 3 % of the share for two upstreams.
    const tolerance = 4 * Math.sqrt(share * (1 - 1 / shardCount));
    for (const size of sizes) expect(Math.abs(size - share)).toBeLessThan(tolerance);
  });

  test.each(counts)(
    "move to the new upstream only if there are %i of them and not one less, and no more than its share",
    (shardCount) => {
      const moved = keys.filter((key) => shardOf(key, shardCount) !== shardOf(key, shardCount - 1));
      for (const key of moved) expect(shardOf(key, shardCount)).toBe(shardCount - 1);
      const share = keys.length / shardCount;
      expect(Math.abs(moved.length - share)).toBeLessThan(4 * Math.sqrt(share * (1 - 1 / shardCount)));
    },
  );
});

test("one upstream has every key", () => {
  expect(keySets.numbers.every((key) => shardOf(key, 1) === 0)).toBe(true);
});

test("a key stays where it is from one version of the gateway to the next", () => {
  const keys = ["n5:eventi1:1", "n5:eventi1:2", "n5:eventi1:3", "n5:events1:1", "", "n4:chats6:zürich"];
  expect(keys.map((key) => [2, 4, 16].map((shardCount) => shardOf(key, shardCount)))).toEqual([
    [1, 1, 6],
    [0, 3, 5],
    [1, 1, 4],
    [0, 0, 7],
    [0, 3, 14],
    [1, 1, 8],
  ]);
});
