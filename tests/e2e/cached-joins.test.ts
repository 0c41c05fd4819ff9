import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf, send } from "./support/invoke.ts";
import { patienceMs, range, readUpdate, sequencesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** Hubs whose results are good for long, for a moment, one that refuses some joins, and one that takes its time. */
const [lasting, brief, guarded, slow] = [hubPaths.contract, hubPaths.detailed, hubPaths.stateful, hubPaths.json];
const group = {
  name: "event",
  access: "public",
  join: { method: "Subscribe", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
  joinResult: "cached",
  cacheMs: 3_600_000,
  lingerMs: 0,
};
const openGroup = { ...group, join: { method: "SubscribeOpen", key: "{0}" } };

describe.skipIf(!aspNetOriginAvailable)("cached joins", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [lasting]: { groups: [group] },
        [brief]: { groups: [{ ...group, cacheMs: 50 }] },
        [guarded]: { groups: [openGroup] },
        [slow]: { groups: [{ ...group, join: { method: "SubscribeSlow", key: "{0}" } }] },
      },
    });
  });
  afterAll(() => edge.stop());

  test("R-24 clients that join while the origin is still answering others get the last result at once", async () => {
    const [eventId, joinMs] = [edge.newEventId(), 300];
    const [first, second, third] = await edge.connectMany(3, { hub: slow });
    if (first === undefined || second === undefined || third === undefined) throw new Error("no clients");
    const isAsked = { kind: "invoked", name: "SubscribeSlow" } as const;
    const firstJoin = resultOf(first, "1", "SubscribeSlow", eventId, joinMs);
    await edge.origin.control.waitFor(isAsked);
    // It asked before there was a result, so it shares the next call, which starts when this one has ended.
    const secondJoin = resultOf(second, "1", "SubscribeSlow", eventId, joinMs);
    const result = await firstJoin;
    await edge.origin.control.waitFor(isAsked, { count: 2 });
    expect(await resultOf(third, "1", "SubscribeSlow", eventId, joinMs)).toEqual(result);
    await secondJoin;
    expect((await edge.origin.control.state()).invocations.SubscribeSlow).toBe(2);
    await edge.origin.control.publish({ hub: slow, eventId });
    await Promise.all([first, second, third].map((client) => waitForSequence(client, 1)));
    for (const client of [first, second, third]) expect(client.frames).toHaveLength(2);
  });

  for (const protocol of protocols) {
    test(`R-24 ${protocol} clients that join within cacheMs get the last result without a call at the origin, and all that is sent from then on`, async () => {
      const eventId = edge.newEventId();
      const [first, ...later] = await edge.connectMany(20, { protocol });
      if (first === undefined) throw new Error("no client");
      await edge.origin.control.publish({ eventId, count: 2 });
      const result = await resultOf(first, "1", "Subscribe", eventId);
      expect(readUpdate(result).sequence).toBe(2);
      await edge.origin.control.publish({ eventId, count: 3 });
      await waitForSequence(first, 5);
      const invocations = await subscribes();
      for (const client of later) expect(await resultOf(client, "1", "subscribe", eventId)).toEqual(result);
      expect(await subscribes()).toBe(invocations);
      expect((await edge.joinsAndLeaves(eventId))[0]).toBe(1);
      await edge.origin.control.publish({ eventId, count: 2 });
      await Promise.all([first, ...later].map((client) => waitForSequence(client, 7)));
      expect(sequencesOf(first)).toEqual(range(3, 7));
      for (const client of later) {
        expect(sequencesOf(client)).toEqual([6, 7]);
        // The same bytes under its own id.
        expect(client.frames[0]).toEqual(first.frames[0]);
      }
      expect(edge.hub().groups).toContainEqual({ key: `event:${eventId}`, members: 20 });
    });

    test(`a ${protocol} join of a member is answered from the cache too, and leaves it a member once`, async () => {
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol });
      for (const id of ["1", "2", "3"]) await resultOf(client, id, "Subscribe", eventId);
      expect((await edge.joinsAndLeaves(eventId))[0]).toBe(1);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(client, 1);
      expect(await resultOf(client, "4", "Unsubscribe", eventId)).toBeNull();
      expect(client.frames).toHaveLength(5);
      await edge.origin.control.waitFor({ kind: "left", name: `event:${eventId}` });
    });

    test(`a ${protocol} join without an id is served from the cache without an answer`, async () => {
      const eventId = edge.newEventId();
      const [first, silent] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await resultOf(first, "1", "Subscribe", eventId);
      send(silent, "Subscribe", eventId);
      await resultOf(silent, "barrier", "Unsubscribe", 127);
      expect((await edge.joinsAndLeaves(eventId))[0]).toBe(1);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(silent, 1);
      expect(silent.frames).toHaveLength(2);
    });

    test(`a ${protocol} result is not kept beyond cacheMs`, async () => {
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol, hub: brief });
      let id = 0;
      const joinsAfterOne = async (): Promise<number> => {
        id += 1;
        await resultOf(client, String(id), "Subscribe", eventId);
        return (await edge.joinsAndLeaves(eventId))[0];
      };
      expect(await joinsAfterOne()).toBe(1);
      await expect.poll(joinsAfterOne, { timeout: patienceMs }).toBeGreaterThan(1);
      await edge.origin.control.publish({ hub: brief, eventId });
      await waitForSequence(client, 1);
      expect(sequencesOf(client)).toEqual([1]);
    });

    test(`a key that the gateway has left at the origin is joined again by the next ${protocol} client`, async () => {
      const eventId = edge.newEventId();
      const [first, second] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await resultOf(first, "1", "Subscribe", eventId);
      await first.close();
      await edge.origin.control.waitFor({ kind: "left", name: `event:${eventId}` });
      await edge.origin.control.publish({ eventId, count: 4 });
      expect(readUpdate(await resultOf(second, "1", "Subscribe", eventId)).sequence).toBe(4);
      expect(await edge.joinsAndLeaves(eventId)).toEqual([2, 1]);
    });

    test(`${protocol} results of different keys and clients of the other hub protocol are kept apart`, async () => {
      const [one, other] = [edge.newEventId(), edge.newEventId()];
      const [first, second] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      const foreign = await edge.connect({ protocol: protocol === "json" ? "messagepack" : "json" });
      const snapshots = await Promise.all([
        resultOf(first, "1", "Subscribe", one),
        resultOf(second, "1", "Subscribe", other),
        resultOf(foreign, "1", "Subscribe", one),
      ]);
      expect(snapshots.map((snapshot) => readUpdate(snapshot).eventId)).toEqual([one, other, one]);
      expect((await edge.joinsAndLeaves(one))[0]).toBe(2);
      expect(readUpdate(await resultOf(first, "2", "Subscribe", other)).eventId).toBe(other);
      expect((await edge.joinsAndLeaves(other))[0]).toBe(1);
    });

    test(`a refusal of a ${protocol} join is not kept, and its client is no member`, async () => {
      const eventId = 60;
      const [refused, direct] = [
        await edge.connect({ protocol, hub: guarded }),
        await edge.connectDirectly({ protocol }),
      ];
      const expected = await invoke(direct, "1", "SubscribeOpen", eventId);
      const before = (await edge.origin.control.state()).invocations.SubscribeOpen ?? 0;
      for (const id of ["1", "2"]) {
        expect(await invoke(refused, id, "SubscribeOpen", eventId)).toEqual({ ...expected, invocationId: id });
      }
      expect(((await edge.origin.control.state()).invocations.SubscribeOpen ?? 0) - before).toBe(2);
    });
  }

  test("after the shared upstream was lost, the origin is asked again", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [lasting]: { groups: [{ ...group, onGap: "ignore" }] } },
    });
    const [eventId, member, late] = [edge.newEventId(), await own.connect(), await own.connect()];
    await resultOf(member, "1", "Subscribe", eventId);
    await own.origin.control.publish({ eventId, count: 9 });
    await waitForSequence(member, 9);
    await own.origin.control.abortConnections(lasting);
    await own.log.waitFor("upstream.lost");
    expect(readUpdate(await resultOf(late, "1", "Subscribe", eventId)).sequence).toBe(9);
    await own.origin.control.publish({ eventId });
    await Promise.all([late, member].map((client) => waitForSequence(client, 10)));
    expect(sequencesOf(late)).toEqual([10]);
    expect(sequencesOf(member)).toEqual(range(1, 10));
  });

  async function subscribes(): Promise<number> {
    return (await edge.origin.control.state()).invocations.Subscribe ?? 0;
  }
});
