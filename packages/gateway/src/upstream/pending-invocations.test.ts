import { beforeEach, expect, test } from "vitest";
import type { InvocationOutcome } from "../aggregation/ports.ts";
import { PendingInvocations } from "./pending-invocations.ts";

let pending: PendingInvocations;
let outcomes: string[];

beforeEach(() => {
  pending = new PendingInvocations();
  outcomes = [];
});

function add(name: string, nowMs = 0): string {
  return pending.add(name, nowMs, (outcome) => outcomes.push(`${name} ${describe(outcome)}`));
}

function describe(outcome: InvocationOutcome): string {
  if (outcome.kind === "lost") return "lost";
  const { payload } = outcome;
  return payload.kind === "error" ? payload.error : payload.kind;
}

test("an answer goes to the invocation with its id, whatever the order", () => {
  const first = add("first");
  const second = add("second");
  pending.complete(second, { kind: "void" });
  pending.complete(first, { kind: "error", error: "no" });
  expect(outcomes).toEqual(["second void", "first no"]);
});

test("a second answer, and an answer to an unknown id, have no effect", () => {
  const id = add("once");
  pending.complete(id, { kind: "void" });
  pending.complete(id, { kind: "void" });
  pending.complete("4711", { kind: "void" });
  expect(outcomes).toEqual(["once void"]);
});

test("all are lost when the connection ends, in order, and an answer of it comes too late", () => {
  const id = add("first");
  add("second");
  pending.loseAll();
  expect(outcomes).toEqual(["first lost", "second lost"]);
  pending.complete(id, { kind: "void" });
  pending.loseAll();
  expect(outcomes.length).toBe(2);
});

test("no id is used twice, so that an answer of an earlier connection cannot meet a later invocation", () => {
  const ids = new Set<string>();
  for (let round = 0; round < 100; round += 1) {
    ids.add(add("lost"));
    pending.loseAll();
    const id = add("answered");
    ids.add(id);
    pending.complete(id, { kind: "void" });
  }
  expect(ids.size).toBe(200);
});

test("what is invoked while answers are given out is not touched by them", () => {
  pending.add("outer", 0, () => add("inner"));
  pending.loseAll();
  expect(outcomes).toEqual([]);
  pending.loseAll();
  expect(outcomes).toEqual(["inner lost"]);
});

test("only the oldest fails when its time is up: the others have waited behind it", () => {
  add("Oldest", 1000);
  add("Younger", 1001);
  expect(pending.failOldest(30_999, 30_000)).toBe(false);
  expect(outcomes).toEqual([]);
  expect(pending.failOldest(31_500, 30_000)).toBe(true);
  expect(outcomes).toEqual(["Oldest An unexpected error occurred invoking 'Oldest' on the server."]);
});

test("without an invocation nothing is late", () => {
  expect(pending.failOldest(1e9, 1)).toBe(false);
});
