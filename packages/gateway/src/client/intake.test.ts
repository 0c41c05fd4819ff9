import { beforeEach, expect, test } from "vitest";
import type { ClientTransport } from "./client-transport.ts";
import { Intake } from "./intake.ts";

const limits = {
  maxMessagesPerSecond: 10,
  maxMessageBurst: 20,
  maxPingsPerSecond: 2,
  floodTimeoutMs: 5_000,
};

let isRead: boolean;
let intake: Intake;

function transport(): ClientTransport {
  const inert = {
    name: "WebSockets",
    transferFormats: ["Text"],
    hasInherentKeepAlive: false,
    pendingBytes: 0,
  } as const;
  const nothing = (): void => undefined;
  return {
    ...inert,
    write: () => 0,
    tellWhenDrained: nothing,
    end: nothing,
    terminate: nothing,
    abandon: nothing,
    sweep: () => true,
    pauseReading: () => {
      isRead = false;
    },
    resumeReading: () => {
      isRead = true;
    },
  };
}

beforeEach(() => {
  isRead = true;
  intake = new Intake({ transport: transport() }, limits);
});

/** False if they were too much. */
function receive(count: number, nowMs: number, isPing = false): boolean {
  for (let n = 0; n < count; n++) intake.received(isPing);
  return intake.chunkRead(nowMs);
}

test("a burst within its bound is read on, one beyond it holds the client until it is within its rate again", () => {
  expect(receive(20, 0)).toBe(true);
  expect(receive(11, 0)).toBe(false);
  expect(isRead).toBe(false);
  // 31 have come, of which 10 a second are allowed for.
  expect(intake.sweep(1_000)).toBe(true);
  expect(isRead).toBe(false);
  expect(intake.sweep(1_200)).toBe(true);
  expect(isRead).toBe(true);
});

test("a client that goes on at its rate is never held, for however long", () => {
  for (let second = 0; second < 600; second++) {
    expect(receive(10, second * 1_000)).toBe(true);
    expect(intake.sweep(second * 1_000)).toBe(true);
  }
});

test("a client that fills what it is given again and again is flooding after floodTimeoutMs", () => {
  const verdicts = [0, 1, 2, 3, 4, 5].map((second) => {
    const verdict = intake.sweep(second * 1_000);
    if (isRead) receive(40, second * 1_000);
    return verdict;
  });
  expect(verdicts).toEqual([true, true, true, true, true, false]);
});

test("a client that was too fast once and then stays well within its rate is no flood", () => {
  receive(30, 0);
  for (let second = 1; second < 20; second++) {
    expect(intake.sweep(second * 1_000)).toBe(true);
    expect(receive(2, second * 1_000)).toBe(true);
  }
});

test("pings have a rate of their own", () => {
  expect(receive(20, 0, true)).toBe(true);
  expect(receive(20, 0)).toBe(true);
  expect(receive(1, 0, true)).toBe(false);
  expect(isRead).toBe(false);
});

test("pings of the transport count as pings, and only the first that is too much says so", () => {
  const taken = Array.from({ length: 22 }, () => intake.controlReceived(0));
  expect(taken).toEqual([...Array.from({ length: 20 }, () => true), false, true]);
});

test("pieces of messages cost as much as messages", () => {
  const taken = Array.from({ length: 21 }, () => intake.chunkRead(0));
  expect(taken.lastIndexOf(false)).toBe(20);
});

test("a client that is held for several reasons is read when the last of them is gone", () => {
  intake.hold("handshake");
  intake.hold("upstream");
  intake.release("handshake");
  expect([isRead, intake.isHeld]).toEqual([false, true]);
  intake.release("upstream");
  expect([isRead, intake.isHeld]).toEqual([true, false]);
});

test("a transport that takes the place of another is held like it", () => {
  intake.hold("upstream");
  isRead = true;
  intake.transportChanged();
  expect(isRead).toBe(false);
  intake.release("upstream");
  intake.transportChanged();
  expect(isRead).toBe(true);
});
