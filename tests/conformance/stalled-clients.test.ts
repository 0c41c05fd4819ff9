import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildCommand } from "../support/command.ts";
import type { OriginControl } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import { resultOf } from "./invoke.ts";
import { type LoadSide, loadSides } from "./load-targets.ts";
import { isFullSize, ownProcesses } from "./targets.ts";

const stallingCount = 100;
const readingCount = 20;
/**
 * Of some periods the quietest counts: what other processes of the machine do passes, but clients stall in all of them. With
 * the time that it takes to stall, less than the 10 s for which servers bear a client that does not read.
 */
const measuring = { periods: 3, periodMs: 1_000 };
const questionIntervalMs = 20;
/** More than the kernel and the servers hold for one connection: megabytes for each socket on the way. */
const unreadAnswers = { count: 80, bytes: 500_000 };
/** Less is the noise of a machine that does other things; who waits for a stalled client waits for seconds. */
const noiseMs = 75;
const eventId = 245;
const timeout = 90_000;

/** Q245: those who read are served as if those who do not were not there. */
for (const side of loadSides) {
  describe.skipIf(!ownProcesses)(side.name, () => {
    describe("ASP.NET Core", () => {
      beforeAll(buildCommand);

      test("Q245 100 clients that do not read their answers do not make others wait for theirs", {
        timeout,
      }, async () => {
        const { readers, stalling, control } = await startWith(side);
        const base = await quietestPercentile99(() => roundTrips(readers));
        await stall(stalling, control);
        expectUndisturbed(await quietestPercentile99(() => roundTrips(readers)), base);
      });

      // An origin waits itself until all members have taken a message, or are cut off.
      if (!side.groups) return;
      test("Q245 100 members that do not read do not make others wait for the messages of their group", {
        timeout,
      }, async () => {
        const { readers, stalling, control } = await startWith(side);
        for (const client of [...readers, ...stalling]) await resultOf(client, "Subscribe", eventId);
        const base = percentile99(await delaysOfUpdates(readers, control));
        await stall(stalling, control);
        expectUndisturbed(percentile99(await delaysOfUpdates(readers, control)), base);
      });
    });
  });
}

interface Clients {
  readonly readers: readonly RawClient[];
  /** Still reading. */
  readonly stalling: readonly RawClient[];
  readonly control: OriginControl;
}

async function startWith(side: LoadSide): Promise<Clients> {
  const target = await side.start();
  onTestFinished(() => target.stop());
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect({ url: target.hubUrl });
    onTestFinished(() => client.socket.terminate());
    await resultOf(client, "Add", 1, 2);
    return client;
  };
  const connectMany = (count: number): Promise<RawClient[]> => Promise.all(Array.from({ length: count }, connect));
  const readers = await connectMany(readingCount);
  return { readers, stalling: await connectMany(stallingCount), control: target.origin.control };
}

/** They read nothing of what they ask for, until the hub cannot go on answering. */
async function stall(clients: readonly RawClient[], control: OriginControl): Promise<void> {
  const { count, bytes } = unreadAnswers;
  const answersBegun = async (): Promise<number> => (await control.state()).invocations.Big ?? 0;
  for (const client of clients) {
    client.socket.pause();
    for (let id = 0; id < count; id++) {
      client.sendMessages({ type: 1, invocationId: `${id}`, target: "Big", arguments: [bytes] });
    }
  }
  // As many three times in a row: on a busy machine a hub may pause without being stalled.
  const counts = [await answersBegun()];
  while (counts.length < 3 || counts.at(-1) === 0 || new Set(counts.slice(-3)).size > 1) {
    await delay(250);
    counts.push(await answersBegun());
  }
  expect(counts.at(-1)).toBeLessThan(clients.length * count);
}

/** Milliseconds from question to answer. */
async function roundTrips(clients: readonly RawClient[]): Promise<number[]> {
  const measured = await Promise.all(clients.map((client) => roundTripsOf(client)));
  return measured.flat();
}

async function roundTripsOf(client: RawClient): Promise<number[]> {
  const times: number[] = [];
  const endAt = performance.now() + measuring.periodMs;
  while (performance.now() < endAt) {
    const askedAt = performance.now();
    await resultOf(client, "Add", 1, 2);
    times.push(performance.now() - askedAt);
    await delay(questionIntervalMs);
  }
  return times;
}

/** Milliseconds from the hub to the client, for updates of which all readers get every one. */
async function delaysOfUpdates(readers: readonly RawClient[], control: OriginControl): Promise<number[]> {
  const times: number[] = [];
  const count = measuring.periodMs / questionIntervalMs;
  const received = readers.map((client) => {
    const first = client.frames.length;
    const note = (bytes: Buffer): void => {
      const now = performance.timeOrigin + performance.now();
      for (const [, sentAt] of bytes.toString().matchAll(/"sentAt":([\d.]+)/g)) times.push(now - Number(sentAt));
    };
    client.socket.on("message", note);
    return client.log
      .until(() => client.frames[first + count - 1], `${count} updates`, 30_000)
      .finally(() => client.socket.off("message", note));
  });
  await control.publish({ eventId, count, perSecond: 1000 / questionIntervalMs });
  await Promise.all(received);
  expect(times).toHaveLength(count * readers.length);
  return times;
}

async function quietestPercentile99(measure: () => Promise<readonly number[]>): Promise<number> {
  const found: number[] = [];
  while (found.length < measuring.periods) found.push(percentile99(await measure()));
  return Math.min(...found);
}

function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}

function expectUndisturbed(besideStalledMs: number, baseMs: number): void {
  const figures = `p99 ${besideStalledMs.toFixed(1)} ms, without stalled clients ${baseMs.toFixed(1)} ms`;
  if (isFullSize) console.log(figures);
  expect(besideStalledMs, figures).toBeLessThan(2 * Math.max(noiseMs, baseMs));
}
