import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { seededRandom } from "./support/seeded-random.ts";
import { patienceMs, range, readUpdate, readUpdateFrame } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** Groups are left at the origin as soon as they are empty, so that joins and leaves there overlap all the time. */
const hubs = { [hubPaths.contract]: { groups: contractGroups.map((group) => ({ ...group, lingerMs: 0 })) } };
const clientCount = 30;
const eventCount = 4;
const publication = { count: 1500, perSecond: 500 };

describe.skipIf(!aspNetOriginAvailable)("clients that come and go in the flow of messages", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs });
  });
  afterAll(() => edge.stop());

  for (const protocol of protocols) {
    test(`a ${protocol} client has every message between its snapshot and its leave, however others come and go`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`seed ${seed}`);
      const random = seededRandom(seed);
      const eventIds = edge.newEventIds(eventCount);
      const flow = Promise.all(eventIds.map((eventId) => edge.origin.control.publish({ eventId, ...publication })));
      let isFlowing = true;
      const ended = flow.then(() => {
        isFlowing = false;
      });
      const visits = range(1, clientCount).map(async () => {
        let visitCount = 0;
        while (isFlowing) {
          const client = await edge.connect({ protocol });
          for (let stays = random(4); stays >= 0 && isFlowing; stays -= 1) {
            visitCount += 1;
            const eventId = eventIds[random(eventCount)] ?? 0;
            await visit(client, `${visitCount}`, eventId, random(20), ended);
          }
          // Half of them say goodbye.
          if (random(2) === 0) await client.close();
          else client.socket.terminate();
        }
        return visitCount;
      });
      const counts = await Promise.all(visits);
      await ended;
      expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);

      // After all that the two sides agree: who joins now gets what is published now.
      const client = await edge.connect({ protocol });
      for (const eventId of eventIds) await visit(client, `last of ${eventId}`, eventId, 0, ended);
      for (const eventId of eventIds) {
        await resultOf(client, `join ${eventId}`, "Subscribe", eventId);
        const { last } = await edge.origin.control.publish({ eventId });
        await waitForUpdate(client, eventId, last);
      }
    });
  }
});

/** Joins, stays for some messages or to the end of the flow, leaves; checks what it got. */
async function visit(
  client: RawClient,
  id: string,
  eventId: number,
  messageCount: number,
  ended: Promise<void>,
): Promise<void> {
  const firstFrame = client.frames.length;
  const snapshot = readUpdate(await resultOf(client, `join ${id}`, "Subscribe", eventId)).sequence;
  if (messageCount > 0) await Promise.race([waitForUpdate(client, eventId, snapshot + messageCount), ended]);
  await resultOf(client, `leave ${id}`, "Unsubscribe", eventId);
  const received = sequencesSince(client, firstFrame, eventId);
  const [first = snapshot + 1] = received;
  expect(received).toEqual(range(first, first + received.length - 1));
  expect(first).toBeLessThanOrEqual(snapshot + 1);
}

/** Resolves when the update with this number has come, or the connection is over. */
async function waitForUpdate(client: RawClient, eventId: number, sequence: number): Promise<void> {
  const isWanted = (frame: Buffer): boolean => {
    const update = readUpdateFrame(client, frame);
    return update?.eventId === eventId && update.sequence >= sequence;
  };
  await Promise.race([client.waitFor(isWanted, patienceMs), client.closed]);
}

function sequencesSince(client: RawClient, firstFrame: number, eventId: number): number[] {
  return client.frames.slice(firstFrame).flatMap((frame) => {
    const update = readUpdateFrame(client, frame);
    return update?.eventId === eventId ? [update.sequence] : [];
  });
}
