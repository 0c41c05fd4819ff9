import { setImmediate as endOfTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
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

describe("a turn that is watched", () => {
  function watched() {
    const clock = { nowMs: 0 };
    const written: number[] = [];
    const turn = new Turn({ now: () => clock.nowMs, written: (afterMs) => written.push(afterMs) });
    return { clock, written, turn };
  }

  test("is measured from its first message to the end of its last write", async () => {
    const { clock, written, turn } = watched();
    clock.nowMs = 10;
    turn.messageRead();
    clock.nowMs = 12;
    turn.messageRead();
    turn.flushAtEnd({
      flush() {
        clock.nowMs = 15;
      },
    });
    await endOfTurn();
    expect(written).toEqual([5]);
    await endOfTurn();
    expect(written).toEqual([5]);
  });

  test("is not measured if its messages went to nobody, nor is the next one from there", async () => {
    const { written, turn } = watched();
    turn.messageRead();
    await endOfTurn();
    turn.flushAtEnd({ flush() {} });
    await endOfTurn();
    expect(written).toEqual([]);
  });

  test("is not measured without a message, and flushes once whoever comes first", async () => {
    const { written, turn } = watched();
    let flushCount = 0;
    const flushable = { flush: () => (flushCount += 1) };
    turn.flushAtEnd(flushable);
    await endOfTurn();
    expect([flushCount, written]).toEqual([1, []]);
    turn.flushAtEnd(flushable);
    turn.messageRead();
    await endOfTurn();
    await endOfTurn();
    expect([flushCount, written]).toEqual([2, [0]]);
  });
});
