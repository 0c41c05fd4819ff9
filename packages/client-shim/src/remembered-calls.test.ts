import { expect, test } from "vitest";
import { RememberedCalls } from "./remembered-calls.ts";

const rules = [{ method: "Subscribe", undo: "Unsubscribe" }, { method: "Watch", undo: "Unwatch" }, { method: "Join" }];

/** A call whose outcome the test decides. */
function ask(calls: RememberedCalls, method: string, ...args: unknown[]) {
  const { promise, resolve, reject } = createOutcome();
  const outcome = calls.follow({ method, args, kind: "invoke" }, promise);
  return {
    outcome,
    succeed: (result?: unknown) => {
      resolve(result);
      return outcome;
    },
    fail: (error: Error) => {
      reject(error);
      return outcome;
    },
  };
}

function createOutcome() {
  let settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: (value: unknown) => settle?.resolve(value),
    reject: (error: Error) => settle?.reject(error),
  };
}

function remembered(calls: RememberedCalls): unknown[] {
  return calls.succeeded().map(({ method, args }) => [method, ...args]);
}

test("calls are remembered when they have succeeded, in that order", async () => {
  const calls = new RememberedCalls(rules);
  const [first, second] = [ask(calls, "Subscribe", 1), ask(calls, "Join", "a", "b")];
  expect(remembered(calls)).toEqual([]);
  expect(await second.succeed("answer")).toBe("answer");
  await first.succeed();
  expect(remembered(calls)).toEqual([
    ["Join", "a", "b"],
    ["Subscribe", 1],
  ]);
});

test("a call that failed is not remembered, and the application gets its error", async () => {
  const calls = new RememberedCalls(rules);
  const error = new Error("closed");
  await expect(ask(calls, "Subscribe", 1).fail(error)).rejects.toBe(error);
  expect(remembered(calls)).toEqual([]);
});

test("methods without a rule, and calls that upload a stream, are not followed", async () => {
  const calls = new RememberedCalls(rules);
  const promise = Promise.resolve(1);
  expect(calls.follow({ method: "WhoAmI", args: [], kind: "invoke" }, promise)).toBe(promise);
  await ask(calls, "Subscribe", { subscribe: () => {} }).succeed();
  expect(remembered(calls)).toEqual([]);
});

test("the same call twice is remembered once, in its first place, whatever the case of the method", async () => {
  const calls = new RememberedCalls(rules);
  await ask(calls, "Subscribe", { id: 1 }).succeed();
  await ask(calls, "Subscribe", { id: 2 }).succeed();
  await ask(calls, "subscribe", { id: 1 }).succeed();
  expect(remembered(calls)).toEqual([
    ["Subscribe", { id: 1 }],
    ["Subscribe", { id: 2 }],
  ]);
});

test("a repeated call that fails leaves the one that succeeded", async () => {
  const calls = new RememberedCalls(rules);
  await ask(calls, "Subscribe", 1).succeed();
  await expect(ask(calls, "Subscribe", 1).fail(new Error("again"))).rejects.toThrow("again");
  expect(remembered(calls)).toEqual([["Subscribe", 1]]);
});

test("the undo method forgets the calls that begin with its arguments, of its own rule", async () => {
  const calls = new RememberedCalls(rules);
  for (const args of [
    [1, "de"],
    [1, "fr"],
    [2, "de"],
  ]) {
    await ask(calls, "Subscribe", ...args).succeed();
  }
  await ask(calls, "Watch", 1).succeed();
  void ask(calls, "unsubscribe", 1);
  expect(remembered(calls)).toEqual([
    ["Subscribe", 2, "de"],
    ["Watch", 1],
  ]);
});

test("an undo without arguments forgets all, and one that the hub refuses has still forgotten", async () => {
  const calls = new RememberedCalls(rules);
  await ask(calls, "Subscribe", 1).succeed();
  await ask(calls, "Subscribe", 2).succeed();
  await expect(ask(calls, "Unsubscribe").fail(new Error("no"))).rejects.toThrow("no");
  expect(remembered(calls)).toEqual([]);
});

test("a call that is undone, or whose connection closes, before it succeeds is not remembered", async () => {
  const calls = new RememberedCalls(rules);
  const undone = ask(calls, "Subscribe", 1);
  void ask(calls, "Unsubscribe", 1);
  await undone.succeed();
  const closed = ask(calls, "Subscribe", 2);
  calls.clear();
  await closed.succeed();
  expect(remembered(calls)).toEqual([]);
});

test("a call that follows its undo is remembered again", async () => {
  const calls = new RememberedCalls(rules);
  await ask(calls, "Subscribe", 1).succeed();
  await ask(calls, "Unsubscribe", 1).succeed();
  await ask(calls, "Subscribe", 1).succeed();
  expect(remembered(calls)).toEqual([["Subscribe", 1]]);
});

test("later changes of an argument do not change what is repeated", async () => {
  const calls = new RememberedCalls(rules);
  const ids = [1];
  const call = ask(calls, "Subscribe", ids);
  ids.push(2);
  await call.succeed();
  expect(remembered(calls)).toEqual([["Subscribe", [1]]]);
});
