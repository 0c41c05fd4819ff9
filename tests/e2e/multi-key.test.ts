import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { manyEventsGroup } from "./support/group-rules.ts";
import { resultOf } from "./support/invoke.ts";
import { readUpdate, updatesOf, waitForFrames, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;

describe.skipIf(!aspNetOriginAvailable)("joins of several keys", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs: { [hubPaths.contract]: { groups: [{ ...manyEventsGroup, lingerMs: 0 }] } } });
  });
  afterAll(() => edge.stop());

  for (const protocol of protocols) {
    test(`one ${protocol} invocation joins every key of its list, and its one result has them all`, async () => {
      const eventIds = edge.newEventIds(3);
      const client = await edge.connect({ protocol });
      const snapshots = await resultOf(client, "1", "SubscribeMany", eventIds);
      expect((snapshots as unknown[]).map((snapshot) => readUpdate(snapshot).eventId)).toEqual(eventIds);
      for (const eventId of eventIds) await edge.origin.control.publish({ eventId, count: 2 });
      await waitForFrames(client, 1 + 2 * eventIds.length);
      expect(updatesOf(client).map(({ eventId, sequence }) => [eventId, sequence])).toEqual(
        eventIds.flatMap((eventId) => [
          [eventId, 1],
          [eventId, 2],
        ]),
      );
    });

    test(`a ${protocol} client in two subscriptions that share a key receives each message of it once`, async () => {
      const [first, second, third] = [edge.newEventId(), edge.newEventId(), edge.newEventId()];
      const client = await edge.connect({ protocol });
      await resultOf(client, "1", "SubscribeMany", [first, second]);
      await resultOf(client, "2", "SubscribeMany", [second, third]);
      for (const eventId of [second, second, third]) await edge.origin.control.publish({ eventId });
      await waitForSequence(client, 2);
      await waitForFrames(client, 2 + 3);
      expect(updatesOf(client).map(({ eventId }) => eventId)).toEqual([second, second, third]);
    });

    test(`a ${protocol} client leaves single keys of its list, and the origin is told of just those`, async () => {
      const [first, second, third] = [edge.newEventId(), edge.newEventId(), edge.newEventId()];
      const eventIds = [first, second, third];
      const { control } = edge.origin;
      const client = await edge.connect({ protocol });
      await resultOf(client, "1", "SubscribeMany", eventIds);
      expect(await resultOf(client, "2", "UnsubscribeMany", [second])).toBeNull();
      await control.waitFor({ kind: "left", name: `event:${second}` });
      for (const eventId of eventIds) await control.publish({ eventId });
      await waitForFrames(client, 2 + 2);
      expect(updatesOf(client).map(({ eventId }) => eventId)).toEqual([first, third]);
      const counts = await Promise.all(eventIds.map((eventId) => edge.joinsAndLeaves(eventId)));
      expect(counts).toEqual([
        [1, 0],
        [1, 1],
        [1, 0],
      ]);
    });

    test(`the keys of a ${protocol} client that is gone are left at the origin, but for those of another member`, async () => {
      const [first, second, third] = [edge.newEventId(), edge.newEventId(), edge.newEventId()];
      const eventIds = [first, second, third];
      const { control } = edge.origin;
      const [leaving, staying] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await resultOf(leaving, "1", "SubscribeMany", eventIds);
      await resultOf(staying, "1", "SubscribeMany", [third]);
      leaving.socket.terminate();
      for (const eventId of [first, second]) await control.waitFor({ kind: "left", name: `event:${eventId}` });
      await control.publish({ eventId: third });
      await waitForFrames(staying, 2);
      const counts = await Promise.all(eventIds.map((eventId) => edge.joinsAndLeaves(eventId)));
      expect(counts).toEqual([
        [1, 1],
        [1, 1],
        [2, 0],
      ]);
    });
  }

  test("R-04 a list with something that is no key joins nothing and is answered with an error", async () => {
    const client = await edge.connect();
    const invocations = async () => (await edge.origin.control.state()).invocations.SubscribeMany ?? 0;
    const before = await invocations();
    const error = "Failed to invoke 'SubscribeMany' due to an error on the server.";
    for (const list of [[9001, null], [], [{}], 9001]) {
      await expect(resultOf(client, JSON.stringify(list), "SubscribeMany", list)).rejects.toThrow(error);
    }
    expect(await invocations()).toBe(before);
    expect(edge.hub().groups.map(({ key }) => key)).not.toContain("event:9001");
  });
});
