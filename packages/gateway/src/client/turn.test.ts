import { setImmediate as endOfTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turn } from "./turn.ts";

test("everything is flushed once, in order, when the input of the turn has been handled", async () => {
  const turn = new Turn();
  const flushed: string[] = [];
  turn.flushAtEnd({ flush: () => flushed.push("first") });
  turn.flushAtEnd({ flush: () => flushed.push("second") });
  await Promise.resolve();
  process.nextTick(() => flushed.push("next tick"));
  await endOfTurn();
  expect(flushed).toEqual(["next tick", "first", "second"]);
  await endOfTurn();
  expect(flushed.length).toBe(3);
});

test("what is asked for while flushing belongs to the next turn", async () => {
  const turn = new Turn();
  const flushed: string[] = [];
  turn.flushAtEnd({
    flush() {
      flushed.push("first turn");
      turn.flushAtEnd({ flush: () => flushed.push("second turn") });
    },
  });
  turn.flushAtEnd({ flush: () => flushed.push("first turn, too") });
  await endOfTurn();
  expect(flushed).toEqual(["first turn", "first turn, too"]);
  await endOfTurn();
  expect(flushed).toEqual(["first turn", "first turn, too", "second turn"]);
});

test("turn after turn starts with nothing left of the one before", async () => {
  const turn = new Turn();
  const flushed: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    turn.flushAtEnd({ flush: () => flushed.push(round) });
    await endOfTurn();
  }
  expect(flushed).toEqual([0, 1, 2, 3, 4]);
});
