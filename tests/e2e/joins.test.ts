import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { slowGroup } from "./support/group-rules.ts";
import { invoke, resultOf, send } from "./support/invoke.ts";
import { sequencesOf, waitForFrames, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;

/** `{"type":3,...,"result":null}` for the invocation "2", as .NET writes it. */
const voidCompletions = {
  json: Buffer.from('{"type":3,"invocationId":"2","result":null}\u001e'),
  messagepack: Buffer.from("07950380a13203c0", "hex"),
};

describe.skipIf(!aspNetOriginAvailable)("joins and leaves", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [hubPaths.contract]: { groups: contractGroups },
        [hubPaths.detailed]: { groups: [slowGroup] },
      },
    });
  });
  afterAll(() => edge.stop());

  for (const protocol of protocols) {
    test(`R-21 ${protocol} joins that arrive while one is in flight share the next one`, async () => {
      const eventId = edge.newEventId();
      const hub = hubPaths.detailed;
      const [first, ...later] = await edge.connectMany(4, { protocol, hub });
      if (first === undefined) throw new Error("no client");
      const before = (await edge.origin.control.state()).invocations.SubscribeSlow ?? 0;
      const firstJoin = resultOf(first, "join", "SubscribeSlow", eventId, 1000);
      await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow" }, { count: before + 1 });
      const laterJoins = later.map((client) => resultOf(client, "join", "SubscribeSlow", eventId, 1000));
      // Answered by the gateway at once: behind it, their joins have arrived there.
      await Promise.all(later.map((client) => resultOf(client, "2", "Unsubscribe", edge.newEventId())));
      expect(first.frames).toHaveLength(0);

      await firstJoin;
      expect(later.map((client) => client.frames.length)).toEqual([1, 1, 1]);
      const snapshots = await Promise.all(laterJoins);
      expect(new Set(snapshots.map((snapshot) => JSON.stringify(snapshot))).size).toBe(1);
      expect((await edge.origin.control.state()).invocations.SubscribeSlow).toBe(before + 2);
    });

    test(`R-25 a ${protocol} join without an id gets no completion and its messages all the same`, async () => {
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol });
      send(client, "Subscribe", eventId);
      await edge.origin.control.waitFor({ kind: "joined", name: `event:${eventId}` });
      await edge.origin.control.publish({ eventId, count: 3 });
      await waitForFrames(client, 3);
      expect(sequencesOf(client)).toEqual([1, 2, 3]);
    });

    test(`R-25 a ${protocol} leave without an id gets no completion and ends the messages`, async () => {
      const eventId = edge.newEventId();
      const [leaving, staying] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      for (const client of [leaving, staying]) await resultOf(client, "1", "Subscribe", eventId);
      send(leaving, "Unsubscribe", eventId);
      expect(await resultOf(leaving, "2", "Unsubscribe", edge.newEventId())).toBeNull();
      await edge.origin.control.publish({ eventId, count: 3 });
      await waitForSequence(staying, 3);
      expect(leaving.frames).toHaveLength(2);
    });

    for (const isMember of [true, false]) {
      test(`R-26 a ${protocol} leave of ${isMember ? "a member" : "a client that is no member"} completes with a null result`, async () => {
        const eventId = edge.newEventId();
        const client = await edge.connect({ protocol });
        if (isMember) await resultOf(client, "1", "Subscribe", eventId);
        await invoke(client, "2", "Unsubscribe", eventId);
        expect(client.frames.at(-1)).toEqual(voidCompletions[protocol]);
        const [, leaves] = await edge.joinsAndLeaves(eventId);
        // The origin keeps the group for as long as it lingers.
        expect(leaves).toBe(0);
      });
    }

    test(`membership is a set: a ${protocol} client that joins twice and leaves once has left`, async () => {
      const eventId = edge.newEventId();
      const [client, other] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await resultOf(client, "1", "Subscribe", eventId);
      await resultOf(client, "2", "Subscribe", eventId);
      await resultOf(other, "1", "Subscribe", eventId);
      await edge.origin.control.publish({ eventId });
      await Promise.all([client, other].map((member) => waitForSequence(member, 1)));
      expect(sequencesOf(client)).toEqual([1]);
      await resultOf(client, "3", "Unsubscribe", eventId);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(other, 2);
      expect(sequencesOf(client)).toEqual([1]);
      await resultOf(client, "4", "Subscribe", eventId);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(client, 3);
      expect(sequencesOf(client)).toEqual([1, 3]);
    });
  }

  test("a hub method of a rule is found in any case, as at the origin", async () => {
    const eventId = edge.newEventId();
    const client = await edge.connect();
    await resultOf(client, "1", "sUBSCRIBE", eventId);
    await edge.origin.control.publish({ eventId });
    await waitForSequence(client, 1);
    expect(await resultOf(client, "2", "UNSUBSCRIBE", eventId)).toBeNull();
    expect(edge.hub().groups).toContainEqual({ key: `event:${eventId}`, members: 0 });
  });

  test("a client that left while its join was in flight is answered and is no member", async () => {
    const eventId = edge.newEventId();
    const hub = hubPaths.detailed;
    const [fickle, staying] = [await edge.connect({ hub }), await edge.connect({ hub })];
    const before = (await edge.origin.control.state()).invocations.SubscribeSlow ?? 0;
    const join = resultOf(fickle, "1", "SubscribeSlow", eventId, 1000);
    await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow" }, { count: before + 1 });
    expect(await resultOf(fickle, "2", "Unsubscribe", eventId)).toBeNull();
    await join;
    await resultOf(staying, "1", "SubscribeSlow", eventId, 0);
    await edge.origin.control.publish({ hub, eventId });
    await waitForSequence(staying, 1);
    expect(fickle.frames).toHaveLength(2);
  });
});
