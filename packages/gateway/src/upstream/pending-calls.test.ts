import { hubProtocols } from "@signalr-edge/protocol";
import { beforeEach, expect, test } from "vitest";
import { PendingCalls } from "./pending-calls.ts";

let calls: PendingCalls;

beforeEach(() => {
  calls = new PendingCalls();
});

function envelope(json: string) {
  return hubProtocols.json.peek(Buffer.from(`${json}\u001e`));
}

function invocation(id: string, type: 1 | 4 = 1) {
  return envelope(`{"type":${type},"invocationId":"${id}","target":"Any","arguments":[]}`);
}

function completion(id: string) {
  return envelope(`{"type":3,"invocationId":"${id}","result":1}`);
}

test("no more than so many wait for an answer, streams included", () => {
  expect(calls.sent(invocation("1"), 2)).toBe(true);
  expect(calls.sent(invocation("2", 4), 2)).toBe(true);
  expect(calls.sent(invocation("3"), 2)).toBe(false);
  expect(calls.sent(invocation("4", 4), 2)).toBe(false);
  calls.received(completion("2"));
  expect(calls.sent(invocation("3"), 2)).toBe(true);
});

test("what has no answer to come is never too much", () => {
  calls.sent(invocation("1"), 1);
  for (const json of [
    '{"type":1,"target":"Any","arguments":[]}',
    '{"type":2,"invocationId":"s","item":1}',
    '{"type":3,"invocationId":"r","result":1}',
    '{"type":5,"invocationId":"1"}',
  ]) {
    expect(calls.sent(envelope(json), 1)).toBe(true);
  }
});

test("an answer is awaited until it has come, that of a stream never", () => {
  expect(calls.isAwaited).toBe(false);
  calls.sent(invocation("1", 4), 9);
  expect(calls.isAwaited).toBe(false);
  calls.sent(invocation("2"), 9);
  expect(calls.isAwaited).toBe(true);
  calls.received(envelope('{"type":2,"invocationId":"2","item":1}'));
  calls.received(completion("1"));
  expect(calls.isAwaited).toBe(true);
  calls.received(completion("2"));
  expect(calls.isAwaited).toBe(false);
});

test("when all have been answered otherwise, there is room for all", () => {
  calls.sent(invocation("1"), 1);
  calls.clear();
  expect([calls.isAwaited, calls.sent(invocation("2"), 1)]).toEqual([false, true]);
});
