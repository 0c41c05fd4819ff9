import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { Edge } from "./support/edge.ts";
import { callerSnapshotGroup, manyEventsGroup } from "./support/group-rules.ts";
import { resultOf } from "./support/invoke.ts";
import { patienceMs, range, sequencesOf, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const [sharded, rejoining, listing] = [hubPaths.contract, hubPaths.detailed, hubPaths.stateful];
const sharedUpstream = { shards: 3 };
/** Enough for each of three shards to have several of them. */
const eventCount = 12;

const hubs = {
  [sharded]: {
    sharedUpstream,
    broadcasts: [{ target: "ServiceMessage" }],
    calls: [{ method: "Echo", key: "{0}", access: "public" }],
    streams: [{ method: "Counter", key: "{0}", access: "public" }],
    groups: contractGroups,
  },
  [rejoining]: { sharedUpstream, groups: [{ ...callerSnapshotGroup, onGap: "rejoin" }] },
  [listing]: { sharedUpstream, groups: [manyEventsGroup] },
};

/** The origin's connection that each event was last joined on. */
async function connectionsOf(edge: Edge, eventIds: readonly number[], count = 1): Promise<ReadonlyMap<number, string>> {
  const joined = eventIds.map(async (eventId) => {
    const name = `event:${eventId}`;
    const { connectionId } = await edge.origin.control.waitFor(
      { kind: "joined", name },
      { count, timeoutMs: patienceMs },
    );
    return [eventId, connectionId] as const;
  });
  return new Map(await Promise.all(joined));
}

describe.skipIf(!aspNetOriginAvailable)("keys over several shared upstreams", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs });
  });
  afterAll(() => edge.stop());

  for (const protocol of protocols) {
    test(`${protocol} keys are spread over three connections, each is joined once and on one, and every member gets its messages`, async () => {
      const own = await Edge.startForTest({ origin: edge.origin, hubs });
      await own.origin.control.reset();
      const eventIds = range(1, eventCount);
      const clients = await own.connectMany(3, { protocol });
      for (const client of clients) {
        await Promise.all(eventIds.map((eventId) => resultOf(client, `${eventId}`, "Subscribe", eventId)));
      }
      const connections = await connectionsOf(own, eventIds);
      expect(new Set(connections.values()).size).toBe(3);
      const lines = own.hub().sharedUpstreams.filter((line) => line.protocol === protocol);
      expect(lines.map(({ shard, state }) => [shard, state]).sort()).toEqual([0, 1, 2].map((shard) => [shard, "open"]));
      expect(lines.map(({ groups }) => groups).sort()).toEqual(countsOf(connections).sort());
      for (const eventId of eventIds) await own.origin.control.publish({ eventId, count: 3 });
      for (const client of clients) {
        await client.log.until(() => updatesOf(client)[3 * eventCount - 1], "the last update", patienceMs);
        expect(
          updatesOf(client)
            .map(({ eventId, sequence }) => `${eventId} ${sequence}`)
            .sort(),
        ).toEqual(eventIds.flatMap((eventId) => range(1, 3).map((sequence) => `${eventId} ${sequence}`)).sort());
      }
      // Of one key, batches of the three clients may have been up to three invocations; all went to the same connection.
      const { joinsByGroup } = await own.origin.control.state();
      for (const [eventId, connectionId] of connections) {
        const count = joinsByGroup[`event:${eventId}`] ?? 0;
        expect((await connectionsOf(own, [eventId], count)).get(eventId)).toBe(connectionId);
      }
      expect(own.counter("unattributed")).toBe(0);
    });

    test(`a ${protocol} broadcast comes once for each connection, and reaches each client once`, async () => {
      const own = await Edge.startForTest({ origin: edge.origin, hubs });
      const [joined, idle] = await own.connectMany(2, { protocol });
      if (joined === undefined || idle === undefined) throw new Error("two clients");
      const eventIds = range(1, eventCount);
      for (const eventId of eventIds) await resultOf(joined, `${eventId}`, "Subscribe", eventId);
      await own.origin.control.broadcast({ text: "one", count: 5 });
      // What comes behind it on each of the connections.
      for (const eventId of eventIds) await own.origin.control.publish({ eventId });
      await joined.log.until(() => updatesOf(joined)[eventCount - 1], "the last update", patienceMs);
      await idle.log.until(() => broadcastsOf(idle)[4], "the last broadcast", patienceMs);
      for (const client of [joined, idle]) expect(broadcastsOf(client)).toHaveLength(5);
      expect(own.counter("duplicatesDropped")).toBe(2 * 5);
    });

    test(`all groups of a ${protocol} client that goes are left, on whichever connection they are`, async () => {
      const own = await Edge.startForTest({
        origin: edge.origin,
        hubs: { [sharded]: { sharedUpstream, groups: contractGroups.map((group) => ({ ...group, lingerMs: 1 })) } },
      });
      await own.origin.control.reset();
      const eventIds = range(31, 30 + eventCount);
      const client = await own.connect({ protocol });
      for (const eventId of eventIds) await resultOf(client, `${eventId}`, "Subscribe", eventId);
      const connections = await connectionsOf(own, eventIds);
      client.socket.terminate();
      for (const [eventId, connectionId] of connections) {
        await own.origin.control.waitFor({ kind: "left", name: `event:${eventId}`, connectionId });
      }
      expect(own.hub().groups).toEqual([]);
    });

    test(`a ${protocol} join of several keys is one invocation, and all keys of its rule stay on one connection`, async () => {
      await edge.origin.control.reset();
      const [client, other] = await edge.connectMany(2, { protocol, hub: listing });
      if (client === undefined || other === undefined) throw new Error("two clients");
      const eventIds = edge.newEventIds(6);
      await resultOf(client, "1", "SubscribeMany", eventIds);
      await resultOf(client, "2", "SubscribeMany", eventIds.slice(3));
      await resultOf(other, "1", "SubscribeMany", eventIds.slice(0, 4));
      expect(new Set((await connectionsOf(edge, eventIds)).values()).size).toBe(1);
      expect((await edge.origin.control.state()).invocations.SubscribeMany).toBe(3);
      for (const eventId of eventIds) await edge.origin.control.publish({ hub: listing, eventId });
      await client.log.until(() => updatesOf(client)[5], "the last update", patienceMs);
      expect(updatesOf(client).map(({ eventId }) => Number(eventId))).toEqual(eventIds);
    });
  }

  test("calls and streams use the first connection only", async () => {
    const own = await Edge.startForTest({ origin: edge.origin, hubs });
    const client = await own.connect();
    for (const number of range(1, 20)) await resultOf(client, `${number}`, "Echo", number);
    client.sendMessages({ type: 4, invocationId: "stream", target: "Counter", arguments: [1, 0] });
    await client.completionOf("stream");
    expect(own.hub().sharedUpstreams.map(({ shard, state }) => [shard, state])).toEqual([[0, "open"]]);
  });

  test("FT-17 the loss of one of the connections is a gap for its groups alone", async () => {
    const origin = await startAspNetOrigin();
    const proxy = await startTcpProxy(origin.url);
    const behindProxy = { ...origin, control: origin.control, hubUrl: (path: string) => `${proxy.url}${path}` };
    const own = await Edge.startForTest({
      origin: behindProxy,
      hubs: { [sharded]: { sharedUpstream, groups: contractGroups } },
    });
    onTestFinished(async () => {
      await proxy.stop();
      await origin.stop();
    });
    const eventIds = range(1, eventCount);
    const members = await own.connectMany(eventCount);
    // One after another, so that connections are in the order in which they were needed.
    for (const [index, client] of members.entries()) await resultOf(client, "1", "Subscribe", eventIds[index]);
    const connections = await connectionsOf(own, eventIds);
    const [firstEvent = 0] = eventIds;
    const cutEvents = eventIds.filter((eventId) => connections.get(eventId) === connections.get(firstEvent));
    const keptEvents = eventIds.filter((eventId) => !cutEvents.includes(eventId));
    expect(keptEvents.length).toBeGreaterThan(0);
    const memberOf = (eventId: number): RawClient => {
      const client = members[eventId - firstEvent];
      if (client === undefined) throw new Error(`nobody is in ${eventId}`);
      return client;
    };

    proxy.webSockets[0]?.cut();
    for (const eventId of cutEvents) {
      expect(await memberOf(eventId).closed).toEqual({ code: 1000, reason: "" });
      expect(memberOf(eventId).frames.at(-1)?.toString()).toBe('{"type":7,"allowReconnect":true}\u001e');
    }
    expect(own.counter("gaps")).toBe(cutEvents.length);
    expect(own.log.count("upstream.lost")).toBe(1);
    for (const eventId of keptEvents) {
      await own.origin.control.publish({ eventId, count: 3 });
      await waitForSequence(memberOf(eventId), 3);
      expect(sequencesOf(memberOf(eventId))).toEqual([1, 2, 3]);
      expect(await own.joinsAndLeaves(eventId)).toEqual([1, 0]);
    }
    // The cut shard takes joins again.
    const back = await own.connect();
    for (const eventId of cutEvents) await resultOf(back, `${eventId}`, "Subscribe", eventId);
  });

  test("after the death of the origin each connection joins its own keys again, each key once", async () => {
    const own = await Edge.startForTest({ hubs: { [rejoining]: hubs[rejoining] } });
    const eventIds = range(1, eventCount);
    const clients = await own.connectMany(3, { hub: rejoining });
    const method = "SubscribeWithCallerSnapshot";
    for (const client of clients) {
      for (const eventId of eventIds) await resultOf(client, `${eventId}`, method, eventId);
    }
    const before = await connectionsOf(own, eventIds);
    await own.origin.stop("SIGKILL");
    await own.log.waitFor("upstream.lost", { hub: rejoining }, 3);
    await own.origin.restart();
    const after = await connectionsOf(own, eventIds);
    // Other connections, with the same keys.
    expect(partsOf(after)).toEqual(partsOf(before));
    for (const client of clients) {
      await client.log.until(
        () => updatesOf(client, "EventSnapshot")[2 * eventCount - 1],
        "the last snapshot",
        patienceMs,
      );
      expect(updatesOf(client, "EventSnapshot")).toHaveLength(2 * eventCount);
    }
    const { joinsByGroup, kinds } = await own.origin.control.state();
    expect(Object.values(joinsByGroup)).toEqual(eventIds.map(() => 1));
    expect(kinds.filter(({ hub }) => hub === rejoining)).toMatchObject([{ current: 3, total: 3 }]);
    for (const eventId of eventIds) await own.origin.control.publish({ hub: rejoining, eventId });
    for (const client of clients) {
      await client.log.until(() => updatesOf(client)[eventCount - 1], "the last update", patienceMs);
      expect(
        updatesOf(client)
          .map(({ eventId }) => Number(eventId))
          .sort((a, b) => a - b),
      ).toEqual(eventIds);
    }
  });
});

function broadcastsOf(client: RawClient): readonly Buffer[] {
  return client.frames.filter((frame) => frame.includes("ServiceMessage"));
}

/** How many events each connection has. */
function countsOf(connections: ReadonlyMap<number, string>): number[] {
  return partsOf(connections).map((eventIds) => eventIds.length);
}

/** The events of each connection, in order. */
function partsOf(connections: ReadonlyMap<number, string>): readonly (readonly number[])[] {
  const parts = new Map<string, number[]>();
  for (const [eventId, connectionId] of connections)
    parts.set(connectionId, [...(parts.get(connectionId) ?? []), eventId]);
  return [...parts.values()].sort(([a = 0], [b = 0]) => a - b);
}
