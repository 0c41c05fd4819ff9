import { expect, test } from "vitest";
import { isInRollout, rolloutPosition } from "./rollout.ts";

const count = 20_000;
const kinds: readonly { readonly name: string; readonly ids: readonly string[] }[] = [
  { name: "numbered devices", ids: Array.from({ length: count }, (_, index) => `device-${index}`) },
  { name: "hexadecimal ids", ids: Array.from({ length: count }, (_, index) => (index * 7919).toString(16)) },
  { name: "names in other scripts", ids: Array.from({ length: count }, (_, index) => `устройство ${index}`) },
];

test("positions are those of the documented algorithm, the same in every release", () => {
  // FNV-1a of the empty text is its offset basis, 0x811c9dc5; mixed by hand from there.
  expect(rolloutPosition("")).toBe(referencePosition([]));
  expect(rolloutPosition("a")).toBe(referencePosition([0x61]));
  expect(rolloutPosition("é")).toBe(referencePosition([0xc3, 0xa9]));
  expect(rolloutPosition("device-1")).toBe(referencePosition([...Buffer.from("device-1")]));
});

for (const { name, ids } of kinds) {
  test(`every share of ${name} is the share that was asked for`, () => {
    for (const share of [0.01, 0.1, 0.25, 0.5, 0.75, 0.99]) {
      const taken = ids.filter((id) => isInRollout(id, share)).length;
      const deviation = Math.sqrt(count * share * (1 - share));
      expect(Math.abs(taken - count * share), `share ${share}`).toBeLessThan(4 * deviation);
    }
  });

  test(`${name} that follow each other are spread as well as far ones`, () => {
    // Of 100 neighbours, the lower half of the positions must have about half.
    for (let first = 0; first < 2000; first += 100) {
      const lower = ids.slice(first, first + 100).filter((id) => rolloutPosition(id) < 0.5).length;
      expect(Math.abs(lower - 50), `from ${first}`).toBeLessThan(25);
    }
  });
}

test("a larger share only adds devices; nobody is in share 0, everybody in share 1", () => {
  for (const id of kinds.flatMap(({ ids }) => ids.slice(0, 1000))) {
    const verdicts = [0, 0.01, 0.1, 0.5, 0.9, 1].map((share) => isInRollout(id, share));
    expect(verdicts).toEqual([...verdicts].sort());
    expect([verdicts[0], verdicts.at(-1)]).toEqual([false, true]);
  }
});

/** The documented algorithm again, on big integers. */
function referencePosition(bytes: readonly number[]): number {
  const multiply = (left: bigint, right: bigint): bigint => BigInt.asUintN(32, left * right);
  let hash = 0x811c9dc5n;
  for (const byte of bytes) hash = multiply(hash ^ BigInt(byte), 0x01000193n);
  hash = multiply(hash ^ (hash >> 16n), 0x85ebca6bn);
  hash = multiply(hash ^ (hash >> 13n), 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n)) / 2 ** 32;
}
