import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { callerSnapshotGroup } from "./support/group-rules.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { range, readUpdate, sequencesOf, updatesOf, waitForFrames, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;

interface Joined {
  readonly client: RawClient;
  /** Sequence number of the snapshot in the join's result. */
  readonly snapshot: number;
  /** What another member had received when this client asked to join. */
  readonly askedAt: number;
}

describe.skipIf(!aspNetOriginAvailable)("snapshots", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [hubPaths.contract]: { groups: contractGroups },
        [hubPaths.detailed]: { groups: [callerSnapshotGroup] },
      },
    });
  });
  afterAll(() => edge.stop());

  async function join(client: RawClient, eventId: number, askedAt: number): Promise<Joined> {
    const { sequence } = readUpdate(await resultOf(client, "join", "Subscribe", eventId));
    return { client, snapshot: sequence, askedAt };
  }

  for (const protocol of protocols) {
    test(`R-20 a ${protocol} client that joins while 1,000 messages flow per second misses none behind its snapshot`, async () => {
      const eventId = edge.newEventId();
      const [observer, ...joiners] = await edge.connectMany(21, { protocol });
      if (observer === undefined) throw new Error("no observer");
      await resultOf(observer, "join", "Subscribe", eventId);
      const published = edge.origin.control.publish({ eventId, count: 2000, perSecond: 1000 });
      const joins: Promise<Joined>[] = [];
      for (const [index, client] of joiners.entries()) {
        await waitForSequence(observer, 50 + 90 * index);
        joins.push(join(client, eventId, sequencesOf(observer).length));
      }
      const joined = await Promise.all(joins);
      await published;
      // One more, for those whose snapshot a slow machine put at the end of the flow.
      const { last } = await edge.origin.control.publish({ eventId });
      await Promise.all([observer, ...joiners].map((client) => waitForSequence(client, last)));

      expect(sequencesOf(observer)).toEqual(range(1, last));
      for (const { client, snapshot, askedAt } of joined) {
        const sequences = sequencesOf(client);
        const first = sequences[0] ?? 0;
        expect(sequences).toEqual(range(first, last));
        expect(first).toBeLessThanOrEqual(snapshot + 1);
        // Nothing from before it asked: the observer had that already.
        expect(first).toBeGreaterThan(askedAt);
        expect(snapshot).toBeGreaterThanOrEqual(askedAt);
      }
      expect(joined.some(({ snapshot }) => snapshot >= 50 && snapshot < last - 1)).toBe(true);
    });

    test(`R-21 500 ${protocol} clients that join at once in the flow cost the origin a handful of joins and miss nothing`, async () => {
      const eventId = edge.newEventId();
      const clients = await edge.connectMany(500, { protocol });
      const published = edge.origin.control.publish({ eventId, count: 50, perSecond: 50 });
      const joined = await Promise.all(clients.map((client) => join(client, eventId, 0)));
      await published;
      const { last } = await edge.origin.control.publish({ eventId });
      await Promise.all(clients.map((client) => waitForSequence(client, last)));
      for (const { client, snapshot } of joined) {
        const sequences = sequencesOf(client);
        expect(sequences).toEqual(range(sequences[0] ?? 0, last));
        expect(sequences[0]).toBeLessThanOrEqual(snapshot + 1);
      }
      // One for the client that came first, one for all that came meanwhile, and room for a slow machine.
      const [joins] = await edge.joinsAndLeaves(eventId);
      expect(joins).toBeGreaterThanOrEqual(1);
      expect(joins).toBeLessThanOrEqual(5);
    });

    test(`R-23 a snapshot that the hub sends to its ${protocol} caller reaches the joining client only, before the completion`, async () => {
      const eventId = edge.newEventId();
      const hub = hubPaths.detailed;
      const [member, joiner, stranger] = [
        await edge.connect({ protocol, hub }),
        await edge.connect({ protocol, hub }),
        await edge.connect({ protocol, hub }),
      ];
      await resultOf(member, "join", "SubscribeWithCallerSnapshot", eventId);
      await resultOf(stranger, "join", "SubscribeWithCallerSnapshot", edge.newEventId());
      await edge.origin.control.publish({ hub, eventId, count: 3 });
      await waitForSequence(member, 3);
      expect(await invoke(joiner, "join", "SubscribeWithCallerSnapshot", eventId)).toEqual({
        type: 3,
        invocationId: "join",
        result: null,
      });
      const { last } = await edge.origin.control.publish({ hub, eventId });
      expect(last).toBe(4);
      await Promise.all([waitForSequence(member, 4), waitForSequence(joiner, 4)]);
      expect(updatesOf(joiner, "EventSnapshot").map(({ sequence }) => sequence)).toEqual([3]);
      expect(joiner.wire.decode(joiner.frames[0] ?? Buffer.alloc(0))).toMatchObject({ target: "EventSnapshot" });
      expect(sequencesOf(joiner)).toEqual([4]);
      expect(sequencesOf(member)).toEqual([1, 2, 3, 4]);
      expect(updatesOf(member, "EventSnapshot").map(({ sequence }) => sequence)).toEqual([0]);
      expect(updatesOf(stranger, "EventSnapshot")).toHaveLength(1);
    });

    test(`R-23 ${protocol} clients that share a join share its snapshot to the caller, one copy each`, async () => {
      const eventId = edge.newEventId();
      const clients = await edge.connectMany(50, { protocol, hub: hubPaths.detailed });
      await Promise.all(clients.map((client) => resultOf(client, "join", "SubscribeWithCallerSnapshot", eventId)));
      await edge.origin.control.publish({ hub: hubPaths.detailed, eventId });
      await Promise.all(clients.map((client) => waitForFrames(client, 3)));
      for (const client of clients) {
        expect(client.frames.map((frame) => client.wire.decode(frame))).toMatchObject([
          { type: 1, target: "EventSnapshot" },
          { type: 3, invocationId: "join" },
          { type: 1, target: "OddsChanged" },
        ]);
      }
      const [joins] = await edge.joinsAndLeaves(eventId);
      expect(joins).toBeLessThanOrEqual(5);
    });
  }
});
