import { expect, test } from "vitest";
import type { ReloadOutcome } from "./config/reload-plan.ts";
import { ReloadFile } from "./reload-file.ts";

const unchanged: ReloadOutcome = { kind: "unchanged" };

/** Readings that end when the test says so. */
function readings() {
  const ends: ((outcome: ReloadOutcome) => void)[] = [];
  const file = new ReloadFile(() => new Promise((resolve) => ends.push(resolve)));
  return { file, ends };
}

test("whoever asks while the file is read gets the outcome of one more reading", async () => {
  const { file, ends } = readings();
  const first = file.ask();
  const late = [file.ask(), file.ask(), file.ask()];
  expect(ends).toHaveLength(1);
  ends[0]?.(unchanged);
  expect(await first).toBe(unchanged);
  expect(ends).toHaveLength(2);
  const reloaded: ReloadOutcome = { kind: "reloaded", changes: [] };
  ends[1]?.(reloaded);
  expect(await Promise.all(late)).toEqual([reloaded, reloaded, reloaded]);
  expect(ends).toHaveLength(2);
});

test("after a reading has ended, the next one starts at once", async () => {
  const { file, ends } = readings();
  const first = file.ask();
  ends[0]?.(unchanged);
  await first;
  const second = file.ask();
  expect(ends).toHaveLength(2);
  ends[1]?.(unchanged);
  await second;
});

test("a reading that fails does not keep the next one from starting", async () => {
  let count = 0;
  const file = new ReloadFile(async () => {
    count += 1;
    if (count === 1) throw new Error("broken");
    return unchanged;
  });
  const first = file.ask();
  const second = file.ask();
  await expect(first).rejects.toThrow("broken");
  expect(await second).toBe(unchanged);
});
