import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildCommand } from "../support/command.ts";
import type { OriginControl } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import { idAtOrigin, resultOf } from "./invoke.ts";
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
/** All together more than the kernel holds for one connection, which may be 32 MB and more for each socket on the way. */
const unreadAnswers = { maxCount: 100, bytes: 1_000_000 };
/** Where a hub begins nothing more for so long, it cannot send what it has. */
const stalledAfterMs = 2_000;
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
        const members = [...readers, ...stalling.map(({ client }) => client)];
        for (const client of members) await resultOf(client, "Subscribe", eventId);
        const base = await quietestPercentile99(() => delaysOfUpdates(readers, control));
        await stall(stalling, control);
        expectUndisturbed(await quietestPercentile99(() => delaysOfUpdates(readers, control)), base);
      });
    });
  });
}

interface Stalling {
  readonly client: RawClient;
  readonly connectionId: string;
}

interface Clients {
  readonly readers: readonly RawClient[];
  /** Still reading. */
  readonly stalling: readonly Stalling[];
  readonly control: OriginControl;
}

async function startWith(side: LoadSide): Promise<Clients> {
  const target = await side.start();
  onTestFinished(() => target.stop());
  const connect = async (): Promise<Stalling> => {
    const client = await RawClient.connect({ url: target.hubUrl });
    onTestFinished(() => client.socket.terminate());
    return { client, connectionId: await idAtOrigin(client) };
  };
  const connectMany = (count: number): Promise<Stalling[]> => Promise.all(Array.from({ length: count }, connect));
  const readers = (await connectMany(readingCount)).map(({ client }) => client);
  return { readers, stalling: await connectMany(stallingCount), control: target.origin.control };
}

/** They read nothing of what they ask for, until the hub cannot go on answering. */
async function stall(clients: readonly Stalling[], control: OriginControl): Promise<void> {
  await Promise.all(clients.map((client) => stallOne(client, control)));
}

/**
 * Asks for one answer after the other: whatever waited behind a stalled one would be worked off all at once when the client
 * is cut, and then it would be the hub that keeps others waiting.
 */
async function stallOne({ client, connectionId }: Stalling, control: OriginControl): Promise<void> {
  const { maxCount, bytes } = unreadAnswers;
  const begun = { kind: "invoked", name: "Big", connectionId } as const;
  client.socket.pause();
  for (let count = 1; count <= maxCount; count++) {
    client.sendMessages({ type: 1, invocationId: `${count}`, target: "Big", arguments: [bytes] });
    const hasBegun = await control.waitFor(begun, { count, timeoutMs: stalledAfterMs }).then(
      () => true,
      (error: Error) => {
        // 408: it has not come in time.
        if (!error.message.includes("answered 408")) throw error;
        return false;
      },
    );
    if (!hasBegun) return;
  }
  throw new Error(`the hub could send ${maxCount * bytes} bytes to a client that reads nothing`);
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
