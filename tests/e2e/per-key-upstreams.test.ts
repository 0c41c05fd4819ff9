import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { patienceMs, range, readUpdate, sequencesOf, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** Its messages do not say to which event they belong, but for one. */
const group = {
  name: "event",
  access: "public",
  join: { method: "Subscribe", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [{ target: "Said" }, { target: "OddsChanged" }, { target: "KindsChanged", key: "{0.eventId}" }],
  upstream: "perKey",
  lingerMs: 1,
};
const [plain, rejoining, probing, cached] = [hubPaths.contract, hubPaths.detailed, hubPaths.auth, hubPaths.stateful];
const snapshotJoin = { method: "SubscribeWithCallerSnapshot", key: "{0}" };
const hubs = {
  [plain]: { groups: [group], broadcasts: [{ target: "ServiceMessage" }], partitionBy: ["query.market"] },
  [rejoining]: {
    groups: [
      {
        ...group,
        join: snapshotJoin,
        messages: [{ target: "OddsChanged" }, { target: "EventSnapshot", to: "joiner" }],
        onGap: "rejoin",
      },
    ],
  },
  [probing]: {
    sharedUpstream: { headers: { authorization: "Bearer user:edge" } },
    groups: [{ ...group, join: { method: "SubscribeSlow", key: "{0}" }, access: "probe", probeTtlMs: 0 }],
  },
  [cached]: { groups: [{ ...group, joinResult: "cached", cacheMs: 60_000, lingerMs: 10_000 }] },
};
/** `["hello"]` */
const hello = { json: '["hello"]', messagepack: Buffer.from("91a568656c6c6f", "hex") } as const;

describe.skipIf(!aspNetOriginAvailable)("upstreams of single keys", { timeout: 60_000 }, () => {
  let origin: Origin;
  let edge: Edge;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    edge = await Edge.start({ origin, hubs });
  });
  afterAll(async () => {
    await edge.stop();
    await origin.stop();
  });

  function say(eventId: number, protocol: HubProtocolName): Promise<void> {
    return origin.control.publishRaw({ eventId, target: "Said", arguments: hello[protocol] });
  }

  function keysOf(on: Edge): readonly (string | undefined)[] {
    return on.hub().sharedUpstreams.flatMap(({ key }) => key ?? []);
  }

  for (const protocol of protocols) {
    test(`${protocol} messages that do not say their key reach the members of the key they were sent to, and nobody else`, async () => {
      const own = await Edge.startForTest({ origin, hubs });
      const [first, second] = [edge.newEventId(), edge.newEventId()];
      const [one, two, both] = await own.connectMany(3, { protocol });
      if (one === undefined || two === undefined || both === undefined) throw new Error("three clients");
      for (const client of [one, both]) await resultOf(client, "1", "Subscribe", first);
      for (const client of [two, both]) await resultOf(client, "2", "Subscribe", second);
      expect([...keysOf(own)].sort()).toEqual([`event:${first}`, `event:${second}`]);
      for (const eventId of [first, first, second]) await say(eventId, protocol);
      await Promise.all([waitForSaid(one, 2), waitForSaid(two, 1), waitForSaid(both, 3)]);
      // One that says its key goes to it, on the same connection.
      await origin.control.publishKinds({ eventId: first });
      for (const client of [one, both]) await client.waitFor((frame) => frame.includes("KindsChanged"));
      expect([one, two, both].map((client) => client.frames.length)).toEqual([1 + 3, 1 + 1, 2 + 4]);
      const connectionIds = await Promise.all(
        [first, second].map(async (eventId) => {
          const entry = await origin.control.waitFor({ kind: "joined", name: `event:${eventId}` });
          return entry.connectionId;
        }),
      );
      expect(new Set(connectionIds).size).toBe(2);
      expect(own.counter("unattributed")).toBe(0);
    });

    test(`a ${protocol} broadcast is dropped on the upstreams of keys, and comes once on the one of all`, async () => {
      const own = await Edge.startForTest({ origin, hubs });
      const client = await own.connect({ protocol });
      const eventIds = [edge.newEventId(), edge.newEventId()];
      for (const eventId of eventIds) await resultOf(client, `${eventId}`, "Subscribe", eventId);
      await origin.control.broadcast({ text: "one" });
      for (const eventId of eventIds) await say(eventId, protocol);
      await waitForSaid(client, 2);
      await client.waitFor((frame) => frame.includes("ServiceMessage"));
      expect(client.frames).toHaveLength(2 + 2 + 1);
      expect(own.counter("duplicatesDropped")).toBe(2);
    });

    test(`R-30 after a gap a ${protocol} key is joined again on a connection of its own, and its members get its snapshot`, async () => {
      const own = await Edge.startForTest({ hubs });
      const clients = await own.connectMany(2, { protocol, hub: rejoining });
      for (const client of clients) {
        for (const eventId of [1, 2]) await resultOf(client, `${eventId}`, snapshotJoin.method, eventId);
      }
      await own.origin.stop("SIGKILL");
      await own.log.waitFor("upstream.lost", { hub: rejoining, protocol }, 2);
      await own.origin.restart();
      for (const client of clients) {
        await client.log.until(() => updatesOf(client, "EventSnapshot")[3], "the fourth snapshot", patienceMs);
      }
      for (const eventId of [1, 2]) {
        expect(await own.joinsAndLeaves(eventId)).toEqual([1, 0]);
        await own.origin.control.publish({ hub: rejoining, eventId, count: 2 });
      }
      for (const client of clients) {
        await client.log.until(() => updatesOf(client)[3], "the fourth update", patienceMs);
        expect(
          updatesOf(client)
            .map(({ eventId }) => Number(eventId))
            .sort(),
        ).toEqual([1, 1, 2, 2]);
      }
      expect((await own.origin.control.state()).currentConnections).toBe(2);
    });

    test(`what the hub sends without a key while it is asked does not reach the ${protocol} client`, async () => {
      const eventId = edge.newEventId();
      const headers = { authorization: `Bearer user:asker-${protocol}` };
      const client = await edge.connect({ protocol, hub: probing, headers });
      const before = edge.counter("duplicatesDropped", probing);
      const joined = resultOf(client, "1", "SubscribeSlow", eventId, 1000);
      await origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow", user: `asker-${protocol}` });
      expect(edge.hub(probing).sharedUpstreams.filter(({ key }) => key === `event:${eventId}`)).toEqual([]);
      let last = 0;
      while (edge.counter("duplicatesDropped", probing) === before) {
        ({ last } = await origin.control.publish({ hub: probing, eventId }));
      }
      expect(client.frames).toEqual([]);
      expect(readUpdate(await joined).sequence).toBe(last);
      const { last: next } = await origin.control.publish({ hub: probing, eventId });
      await waitForSequence(client, next);
      expect(sequencesOf(client)).toEqual([next]);
      expect(client.frames).toHaveLength(2);
    });
  }

  test("partitions and hub protocols have upstreams of their own for the same key", async () => {
    const own = await Edge.startForTest({ origin, hubs });
    const eventId = edge.newEventId();
    const clients = await Promise.all(
      protocols.flatMap((protocol) => ["market=de", "market=fr"].map((query) => own.connect({ protocol, query }))),
    );
    for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
    expect(keysOf(own)).toEqual(range(1, 4).map(() => `event:${eventId}`));
    await origin.control.publish({ eventId, count: 3 });
    await Promise.all(clients.map((client) => waitForSequence(client, 3)));
    for (const client of clients) expect(sequencesOf(client)).toEqual([1, 2, 3]);
  });

  test("a join over limits.maxPerKeyUpstreams is refused and counted, and an upstream that nobody needs makes room", async () => {
    const own = await Edge.startForTest({ origin, hubs, limits: { maxPerKeyUpstreams: 2 } });
    const client = await own.connect();
    const [first, second, third] = [edge.newEventId(), edge.newEventId(), edge.newEventId()];
    await resultOf(client, "1", "Subscribe", first);
    await resultOf(client, "2", "Subscribe", second);
    expect(await invoke(client, "3", "Subscribe", third)).toMatchObject({
      error:
        "Failed to invoke 'Subscribe' due to an error on the server. HubException: Too many groups have an upstream of their own.",
    });
    expect(own.counter("perKeyRefusals")).toBe(1);
    // A key that has an upstream takes as many members as come.
    await resultOf(await own.connect(), "1", "Subscribe", second);
    await resultOf(client, "4", "Unsubscribe", first);
    await origin.control.waitFor({ kind: "left", name: `event:${first}` });
    await origin.control.waitFor({ kind: "returned", name: "Unsubscribe" });
    await untilServed(own, first);
    await resultOf(client, "5", "Subscribe", third);
    expect([...keysOf(own)].sort()).toEqual([`event:${second}`, `event:${third}`].sort());
    await say(third, "json");
    await waitForSaid(client, 1);
  });

  test("a message without a key that comes on the client's own connection is delivered: nothing tells that it is a copy", async () => {
    const eventId = edge.newEventId();
    const client = await edge.connect();
    await resultOf(client, "1", "Subscribe", eventId);
    await resultOf(client, "2", "Join", `event:${eventId}`);
    await say(eventId, "json");
    await waitForSaid(client, 2);
    // With a key it is a copy.
    await origin.control.publishKinds({ eventId });
    expect(await resultOf(client, "3", "Add", 1, 2)).toBe(3);
    await client.waitFor((frame) => frame.includes("KindsChanged"));
    expect(client.frames.filter((frame) => frame.includes("KindsChanged"))).toHaveLength(1);
  });

  test("a cached result answers joins of a key without a call", async () => {
    const eventId = edge.newEventId();
    const clients = await edge.connectMany(3, { hub: cached });
    for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
    expect((await edge.joinsAndLeaves(eventId))[0]).toBe(1);
    await origin.control.publish({ hub: cached, eventId, count: 2 });
    await Promise.all(clients.map((client) => waitForSequence(client, 2)));
  });
});

async function waitForSaid(client: RawClient, count: number): Promise<void> {
  const said = (): readonly Buffer[] => client.frames.filter((frame) => frame.includes("Said"));
  await client.log.until(() => said()[count - 1], `message ${count}`, patienceMs);
  expect(said()).toHaveLength(count);
}

/** The gateway has heard that the origin has left the event. */
async function untilServed(edge: Edge, eventId: number): Promise<void> {
  const hasGroup = (): boolean => edge.hub().groups.some(({ key }) => key === `event:${eventId}`);
  const deadlineMs = Date.now() + patienceMs;
  while (hasGroup()) {
    if (Date.now() > deadlineMs) throw new Error(`event ${eventId} is still a group`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
