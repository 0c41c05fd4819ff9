import { setTimeout as pause } from "node:timers/promises";
import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../e2e/support/seeded-random.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { LightClient } from "./light-client.ts";
import { MarketRig } from "./market-rig.ts";
import { marketGroups, methodsOf } from "./market-values.ts";
import { Verdicts } from "./verdicts.ts";
import { Visitor } from "./visitor.ts";

const keyCount = 100_000;
const keysAtOnce = 1_000;
/** Topics with a publisher, for those who are in earnest. */
const topicCount = 10;
/** As they are by default. */
// Messages as such are not bounded here: what makes up keys is what is tested.
const limits = {
  maxGroupsPerClient: 256,
  maxJoinsPerSecond: 50,
  maxMessagesPerSecond: 1_000_000,
  maxMessageBurst: 1_000_000,
};
const maxGrowthMegabytes = 64;

/** What the flood is made of: the origin knows the topics, or has never heard of them. */
const floods = [
  { what: "that the origin does not know", first: 1_000_000, leaves: false },
  { what: "that it leaves again at once", first: topicCount, leaves: true },
] as const;

describe.skipIf(!aspNetOriginAvailable)("a flood of made-up keys", { timeout: 120_000 }, () => {
  let rig: MarketRig;

  beforeAll(async () => {
    rig = await MarketRig.start({
      market: { topics: topicCount, quietTopics: keyCount, perSecond: 20 },
      groups: marketGroups(),
      limits,
    });
  });
  afterAll(() => rig.stop());

  for (const [number, { what, first, leaves }] of floods.entries()) {
    for (const protocol of ["json", "messagepack"] as const) {
      test(`100,000 keys ${what}, from one ${protocol} client, cost the origin what the limits allow and disturb nobody`, async () => {
        const verdicts = new Verdicts();
        const visitors = startVisitors(rig.hubUrl, verdicts, number);
        await waitUntil(() => verdicts.joins >= visitors.length);
        const callsBefore = await originCalls(rig);
        const before = await residentMegabytes(rig);
        const startedAtMs = performance.now();

        const answers = await flood(rig.hubUrl, protocol, first, leaves);

        const seconds = (performance.now() - startedAtMs) / 1000;
        const joinsBefore = verdicts.joins;
        await waitUntil(() => verdicts.joins > joinsBefore);
        for (const visitor of visitors) visitor.settle();
        await waitUntil(() => visitors.every(({ isSettled }) => isSettled));
        for (const visitor of visitors) visitor.stop();
        const allowed = limits.maxGroupsPerClient + Math.ceil(limits.maxJoinsPerSecond * (seconds + 2));
        const own = verdicts.joins + verdicts.joinErrors;
        const calls = (await originCalls(rig)) - callsBefore;
        const growth = (await residentMegabytes(rig)) - before;
        console.log(`${calls} calls at the origin in ${seconds.toFixed(1)} s, ${growth.toFixed(0)} MB`);
        expect(answers.taken).toBeGreaterThanOrEqual(limits.maxGroupsPerClient);
        expect(calls).toBeLessThanOrEqual(allowed + own);
        expect(answers.refused).toBe(keyCount - answers.taken);
        for (const text of answers.refusals) {
          expect(text).toMatch(/^A connection may (be in 256 groups|ask for 50 joins per second)\.$/);
        }
        expect(growth).toBeLessThan(maxGrowthMegabytes);
        expect(verdicts.examples).toEqual([]);
        expect(verdicts.deliveries).toBeGreaterThan(0);
      });
    }
  }
});

interface FloodAnswers {
  /** Joins that the origin was asked for. */
  readonly taken: number;
  readonly refused: number;
  /** What the gateway said, each text once. */
  readonly refusals: readonly string[];
}

/** One client that joins key after key as fast as it is answered. */
async function flood(url: string, protocol: HubProtocolName, first: number, leaves: boolean): Promise<FloodAnswers> {
  let [taken, refused, leftCount] = [0, 0, 0];
  const refusals = new Set<string>();
  const client = await LightClient.connect(url, protocol, {
    received: (message) => {
      if (message.type !== 3) return;
      if (message.invocationId.startsWith("leave")) leftCount += 1;
      else if (message.error === undefined || message.error.includes("There is no topic")) taken += 1;
      else {
        refused += 1;
        refusals.add(message.error.slice(message.error.indexOf("HubException: ") + "HubException: ".length));
      }
    },
    ended: () => undefined,
  });
  for (let sent = 0; sent < keyCount; sent += keysAtOnce) {
    const messages = Array.from({ length: keysAtOnce }, (_, index): HubMessage[] => {
      const topic = first + sent + index;
      const { join, leave } = methodsOf(topic);
      const joined: HubMessage = { type: 1, invocationId: `join ${topic}`, target: join, arguments: [topic] };
      if (!leaves) return [joined];
      return [joined, { type: 1, invocationId: `leave ${topic}`, target: leave, arguments: [topic] }];
    });
    client.send(...messages.flat());
    await waitUntil(() => taken + refused === sent + keysAtOnce && (!leaves || leftCount === sent + keysAtOnce));
  }
  client.terminate();
  return { taken, refused, refusals: [...refusals] };
}

/** Clients in earnest, of both hub protocols. */
function startVisitors(url: string, verdicts: Verdicts, seed: number): readonly Visitor[] {
  return Array.from({ length: 20 }, (_, number) => {
    const visitor = new Visitor({
      name: `client ${number}`,
      url,
      protocol: number % 2 === 0 ? "json" : "messagepack",
      topicCount,
      maxTopics: 2,
      isPrivate: false,
      isStill: () => false,
      random: seededRandom(seed + 7919 * number),
      verdicts,
    });
    visitor.start();
    return visitor;
  });
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`waited 60 s for ${isSo.toString()}`);
    await pause(5);
  }
}

async function originCalls(rig: MarketRig): Promise<number> {
  const { invocations } = await rig.origin.control.state();
  return (invocations.Follow ?? 0) + (invocations.Watch ?? 0);
}

async function residentMegabytes(rig: MarketRig): Promise<number> {
  return (await rig.metric("process_resident_memory_bytes")) / 2 ** 20;
}
