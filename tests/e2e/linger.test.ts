import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { range, sequencesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** Groups of the contract hub are left at the origin at once, those of the detailed hub not within any test. */
const [soon, later] = [hubPaths.contract, hubPaths.detailed];

describe.skipIf(!aspNetOriginAvailable)("the origin's side of a group without members", () => {
  let edge: Edge;

  beforeAll(async () => {
    const lingering = (lingerMs: number) => contractGroups.map((group) => ({ ...group, lingerMs }));
    edge = await Edge.start({ hubs: { [soon]: { groups: lingering(1) }, [later]: { groups: lingering(60_000) } } });
  });
  afterAll(() => edge.stop());

  for (const protocol of protocols) {
    test(`is left after the last ${protocol} member left, not before`, async () => {
      const { control } = edge.origin;
      const eventId = edge.newEventId();
      const [first, last] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      for (const client of [first, last]) await resultOf(client, "1", "Subscribe", eventId);
      await resultOf(first, "2", "Unsubscribe", eventId);
      await control.publish({ eventId, count: 20, perSecond: 100 });
      await waitForSequence(last, 20);
      expect(await edge.joinsAndLeaves(eventId)).toEqual([2, 0]);
      await resultOf(last, "2", "Unsubscribe", eventId);
      await control.waitFor({ kind: "left", name: `event:${eventId}` });
      expect(await edge.joinsAndLeaves(eventId)).toEqual([2, 1]);
    });

    test(`is left after the last ${protocol} member's socket vanished`, async () => {
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol });
      await resultOf(client, "1", "Subscribe", eventId);
      client.socket.terminate();
      await edge.origin.control.waitFor({ kind: "left", name: `event:${eventId}` });
      expect(await edge.joinsAndLeaves(eventId)).toEqual([1, 1]);
    });

    test(`is joined again for a ${protocol} member that comes after it was left`, async () => {
      const { control } = edge.origin;
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol });
      for (const round of [1, 2, 3]) {
        await resultOf(client, `join ${round}`, "Subscribe", eventId);
        await control.publish({ eventId });
        await waitForSequence(client, round);
        await resultOf(client, `leave ${round}`, "Unsubscribe", eventId);
        await control.waitFor({ kind: "left", name: `event:${eventId}` }, { count: round });
      }
      expect(sequencesOf(client)).toEqual([1, 2, 3]);
      expect(await edge.joinsAndLeaves(eventId)).toEqual([3, 3]);
    });

    test(`costs a new ${protocol} member that comes while it lingers its own join and nothing else`, async () => {
      const eventId = edge.newEventId();
      const [first, second] = await edge.connectMany(2, { protocol, hub: later });
      if (first === undefined || second === undefined) throw new Error("no clients");
      await resultOf(first, "1", "Subscribe", eventId);
      await resultOf(first, "2", "Unsubscribe", eventId);
      await resultOf(second, "1", "Subscribe", eventId);
      await edge.origin.control.publish({ hub: later, eventId });
      await waitForSequence(second, 1);
      expect(first.frames).toHaveLength(2);
      expect(await edge.joinsAndLeaves(eventId)).toEqual([2, 0]);
    });
  }

  test("follows joins and leaves in quick succession to the state of the last one", async () => {
    const { control } = edge.origin;
    const eventId = edge.newEventId();
    const clients = await edge.connectMany(20);
    const rounds = range(1, 10);
    for (const round of rounds) {
      await Promise.all(
        clients.map(async (client) => {
          await resultOf(client, `join ${round}`, "Subscribe", eventId);
          await resultOf(client, `leave ${round}`, "Unsubscribe", eventId);
        }),
      );
      await control.waitFor({ kind: "left", name: `event:${eventId}` }, { count: round });
    }
    for (const client of clients) await resultOf(client, "last join", "Subscribe", eventId);
    const { last } = await control.publish({ eventId });
    await Promise.all(clients.map((client) => waitForSequence(client, last)));
    for (const client of clients) expect(sequencesOf(client)).toEqual([last]);
  });
});
