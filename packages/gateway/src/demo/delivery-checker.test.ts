import { beforeEach, expect, test } from "vitest";
import { DeliveryChecker } from "./delivery-checker.ts";
import { DeliveryCounts } from "./delivery-counts.ts";

let counts: DeliveryCounts;
let checker: DeliveryChecker;

beforeEach(() => {
  counts = new DeliveryCounts();
  checker = new DeliveryChecker(counts);
});

function follow(key: string, snapshotSequence: number): void {
  checker.joinStarted(key);
  checker.joinCompleted(key, snapshotSequence);
}

function receive(key: string, ...sequences: number[]): void {
  for (const sequence of sequences) checker.received(key, sequence);
}

function faults(): Partial<DeliveryCounts> {
  const { lost, duplicated, reordered, misrouted } = counts;
  return { lost, duplicated, reordered, misrouted };
}

const faultless = { lost: 0, duplicated: 0, reordered: 0, misrouted: 0 };

test("a stream that goes on behind the snapshot has no fault", () => {
  follow("a", 7);
  follow("b", 0);
  receive("a", 8, 9);
  receive("b", 1);
  receive("a", 10);
  expect(faults()).toEqual(faultless);
  expect(counts.deliveries).toBe(4);
});

test("messages that the snapshot includes may come ahead of it", () => {
  checker.joinStarted("a");
  receive("a", 5, 6, 7);
  checker.joinCompleted("a", 7);
  receive("a", 8);
  expect(faults()).toEqual(faultless);
});

test("messages behind the snapshot may come ahead of it too, without a hole", () => {
  checker.joinStarted("a");
  receive("a", 8, 9);
  checker.joinCompleted("a", 7);
  receive("a", 10);
  expect(faults()).toEqual(faultless);
});

test("a hole is lost messages", () => {
  follow("a", 7);
  receive("a", 8, 12);
  expect(faults()).toEqual({ ...faultless, lost: 3 });
});

test("a hole directly behind the snapshot is found", () => {
  follow("a", 7);
  receive("a", 9);
  expect(faults()).toEqual({ ...faultless, lost: 1 });
});

test("a hole among the messages ahead of the snapshot is found", () => {
  checker.joinStarted("a");
  receive("a", 5, 7);
  checker.joinCompleted("a", 7);
  expect(faults()).toEqual({ ...faultless, lost: 1 });
});

test("a hole between the snapshot and messages ahead of it is found", () => {
  checker.joinStarted("a");
  receive("a", 9);
  checker.joinCompleted("a", 7);
  receive("a", 10);
  expect(faults()).toEqual({ ...faultless, lost: 1 });
});

test("a hole at the end of the stream is found", () => {
  follow("a", 7);
  follow("b", 3);
  receive("a", 8, 9);
  checker.finish((key) => (key === "a" ? 11 : 3));
  expect(faults()).toEqual({ ...faultless, lost: 2 });
});

test("the same message twice is a duplicate", () => {
  follow("a", 7);
  receive("a", 8, 8, 9, 8);
  expect(faults()).toEqual({ ...faultless, duplicated: 2 });
});

test("a message that comes behind the snapshot that includes it is a duplicate", () => {
  follow("a", 7);
  receive("a", 7, 8);
  expect(faults()).toEqual({ ...faultless, duplicated: 1 });
});

test("a message that comes after its successor is reordered, not lost", () => {
  follow("a", 7);
  receive("a", 8, 10, 9, 11);
  expect(faults()).toEqual({ ...faultless, reordered: 1 });
});

test("a late message that comes twice is reordered once and duplicated once", () => {
  follow("a", 7);
  receive("a", 9, 8, 8);
  expect(faults()).toEqual({ ...faultless, reordered: 1, duplicated: 1 });
});

test("a message of an event that was never followed is misrouted", () => {
  follow("a", 7);
  receive("b", 1);
  expect(faults()).toEqual({ ...faultless, misrouted: 1 });
});

test("messages until the leave completes are the client's, later ones misrouted", () => {
  follow("a", 7);
  receive("a", 8);
  checker.leaveStarted("a");
  receive("a", 9);
  checker.leaveCompleted("a");
  expect(faults()).toEqual(faultless);
  receive("a", 10);
  expect(faults()).toEqual({ ...faultless, misrouted: 1 });
});

test("a hole while a leave is on its way is found", () => {
  follow("a", 7);
  checker.leaveStarted("a");
  receive("a", 9);
  expect(faults()).toEqual({ ...faultless, lost: 1 });
});

test("a failed join leaves nothing to receive", () => {
  checker.joinStarted("a");
  checker.joinFailed("a");
  receive("a", 1);
  expect(faults()).toEqual({ ...faultless, misrouted: 1 });
});

test("an event that is followed again begins at its new snapshot", () => {
  follow("a", 7);
  checker.leaveStarted("a");
  checker.leaveCompleted("a");
  follow("a", 20);
  receive("a", 21);
  expect(faults()).toEqual(faultless);
});

test("errors are the sum of everything that must not happen", () => {
  follow("a", 7);
  receive("a", 9, 8, 8, 11);
  receive("b", 1);
  counts.endedUnexpectedly("closed by the server");
  counts.failed(new Error("later"));
  expect(faults()).toEqual({ lost: 1, duplicated: 1, reordered: 1, misrouted: 1 });
  expect(counts.errors).toBe(6);
  expect(counts.firstFailure).toBe("closed by the server");
});
