import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { callerSnapshotGroup, manyEventsGroup, slowGroup } from "./support/group-rules.ts";
import { invoke, resultOf, send } from "./support/invoke.ts";
import { patienceMs, range, readUpdate, sequencesOf, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/**
 * Private upstreams on demand and for everybody, a hub whose verdicts last, and one whose join takes its time. Only the
 * third remembers what the origin said.
 */
const [lazy, eager, lasting, slow] = [hubPaths.stateful, hubPaths.detailed, hubPaths.contract, hubPaths.auth];
/** Here a join names several keys. */
const many = hubPaths.json;
const probe = { access: "probe", probeTtlMs: 0 };
const openGroup = {
  name: "event",
  access: "probe",
  probeTtlMs: 3_600_000,
  join: { method: "SubscribeOpen", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [{ target: "OddsChanged", key: "{0.eventId}" }],
};
/** Leaving it is answered by the gateway itself: behind it, what a client sent before has arrived there. */
const barrier = ["barrier", "Unsubscribe", 127] as const;

describe.skipIf(!aspNetOriginAvailable)("access: probe", () => {
  let edge: Edge;
  let lastUser = 0;

  beforeAll(async () => {
    const sharedUpstream = { headers: bearer("edge:vip") };
    edge = await Edge.start({
      hubs: {
        [lazy]: { sharedUpstream, groups: [{ ...callerSnapshotGroup, ...probe }] },
        [eager]: { sharedUpstream, groups: [{ ...callerSnapshotGroup, ...probe }], privateUpstream: "eager" },
        [lasting]: { sharedUpstream, groups: [openGroup], partitionBy: ["query.market"] },
        [slow]: { sharedUpstream, groups: [{ ...slowGroup, ...probe }] },
        [many]: { sharedUpstream, groups: [{ ...manyEventsGroup, ...probe }] },
      },
    });
  });
  afterAll(() => edge.stop());

  function newUser(): string {
    lastUser += 1;
    return `user-${lastUser}`;
  }

  async function probesOf(method: string): Promise<number> {
    return (await edge.origin.control.state()).invocations[method] ?? 0;
  }

  for (const protocol of protocols) {
    for (const hub of [lazy, eager]) {
      test(`nothing of the question reaches the ${protocol} client: it gets the snapshot and the answer of one join, and each message once (${hub})`, async () => {
        const [eventId, user] = [edge.newEventId(), newUser()];
        const client = await edge.connect({ protocol, hub, headers: bearer(user) });
        const before = await probesOf("SubscribeWithCallerSnapshot");
        expect(await resultOf(client, "1", "SubscribeWithCallerSnapshot", eventId)).toBeNull();
        // Once as the client, once for all.
        expect((await probesOf("SubscribeWithCallerSnapshot")) - before).toBe(2);
        await edge.origin.control.waitFor({ kind: "left", user, name: `event:${eventId}` });
        const copies = edge.counter("duplicatesDropped", hub);
        const { last } = await edge.origin.control.publish({ hub, eventId, count: 3 });
        await waitForSequence(client, last);
        // What the private upstream has to bring is there when the origin answers on it.
        expect(await resultOf(client, "2", "UserName")).toBe(user);
        expect(kindsOf(client)).toEqual(["EventSnapshot", "1", "OddsChanged", "OddsChanged", "OddsChanged", "2"]);
        expect(updatesOf(client, "EventSnapshot")).toMatchObject([{ sequence: 0 }]);
        expect(edge.counter("duplicatesDropped", hub)).toBe(copies);
      });
    }

    test(`what the hub sends to the group while it is asked does not reach the ${protocol} client`, async () => {
      const [eventId, user] = [edge.newEventId(), newUser()];
      const client = await edge.connect({ protocol, hub: slow, headers: bearer(user) });
      const before = edge.counter("duplicatesDropped", slow);
      const joined = resultOf(client, "1", "SubscribeSlow", eventId, 1000);
      await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow", user });
      let last = 0;
      while (edge.counter("duplicatesDropped", slow) === before) {
        ({ last } = await edge.origin.control.publish({ hub: slow, eventId }));
      }
      expect(client.frames).toEqual([]);
      expect(readUpdate(await joined).sequence).toBe(last);
      const { last: next } = await edge.origin.control.publish({ hub: slow, eventId });
      await waitForSequence(client, next);
      expect(sequencesOf(client)).toEqual([next]);
      expect(client.frames).toHaveLength(2);
    });

    test(`a refusal reaches the ${protocol} client as the origin says it, makes it no member, and is not kept`, async () => {
      const [eventId, user] = [edge.newEventId() + 50, newUser()];
      const [client, direct, vip] = [
        await edge.connect({ protocol, headers: bearer(user) }),
        await edge.connectDirectly({ protocol, headers: bearer(user) }),
        await edge.connect({ protocol, headers: bearer(`${user}:vip`) }),
      ];
      const expected = await invoke(direct, "1", "SubscribeOpen", eventId);
      expect(expected).toMatchObject({ error: expect.stringContaining(`Event ${eventId} is not for you.`) });
      await resultOf(vip, "1", "SubscribeOpen", eventId);
      const before = await probesOf("SubscribeOpen");
      expect(await invoke(client, "1", "SubscribeOpen", eventId)).toEqual(expected);
      expect(await invoke(client, "2", "SubscribeOpen", eventId)).toEqual({ ...expected, invocationId: "2" });
      expect((await probesOf("SubscribeOpen")) - before).toBe(2);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(vip, 1);
      await resultOf(client, "3", "UserName");
      expect(kindsOf(client)).toEqual(["1", "2", "3"]);
    });

    test(`a yes holds for ${protocol} clients with the same credential and arguments, and for no others`, async () => {
      const [eventId, otherId, user] = [edge.newEventId(), edge.newEventId(), newUser()];
      const join = async (as: string, id: number): Promise<number> => {
        const before = await probesOf("SubscribeOpen");
        const client = await edge.connect({ protocol, headers: bearer(as) });
        expect(readUpdate(await resultOf(client, "1", "SubscribeOpen", id)).sequence).toBe(0);
        return (await probesOf("SubscribeOpen")) - before;
      };
      expect(await join(user, eventId)).toBe(2);
      const { privateUpstreams } = edge.hub();
      expect(await join(user, eventId)).toBe(1);
      expect(edge.hub().privateUpstreams).toBe(privateUpstreams);
      expect(await join(user, otherId)).toBe(2);
      expect(await join(`${user}:x`, eventId)).toBe(2);
    });

    test(`with probeTtlMs 0 every ${protocol} join asks`, async () => {
      const [eventId, user] = [edge.newEventId(), newUser()];
      const client = await edge.connect({ protocol, hub: lazy, headers: bearer(user) });
      for (const id of ["1", "2", "3"]) await resultOf(client, id, "SubscribeWithCallerSnapshot", eventId);
      const asked = { kind: "invoked", name: "SubscribeWithCallerSnapshot", user } as const;
      await edge.origin.control.waitFor(asked, { count: 3 });
      // Of a client that is in already, too: each join is a snapshot and an answer.
      expect(kindsOf(client)).toEqual(["EventSnapshot", "1", "EventSnapshot", "2", "EventSnapshot", "3"]);
    });

    test(`a yes to one partition is none to another, whoever asks (${protocol})`, async () => {
      const eventId = edge.newEventId() + 50;
      const user = newUser();
      const [inside, outside] = [
        await edge.connect({ protocol, query: "market=open", headers: bearer(user) }),
        await edge.connect({ protocol, query: "market=closed", headers: bearer(user) }),
      ];
      await resultOf(inside, "1", "SubscribeOpen", eventId);
      expect(await invoke(outside, "1", "SubscribeOpen", eventId)).toMatchObject({
        error: expect.stringContaining("is not for you"),
      });
    });

    test(`a ${protocol} client that leaves while the origin is asked is answered and is no member`, async () => {
      const [eventId, user] = [edge.newEventId(), newUser()];
      const [client, member] = [
        await edge.connect({ protocol, hub: slow, headers: bearer(user) }),
        await edge.connect({ protocol, hub: slow, headers: bearer(newUser()) }),
      ];
      const joined = resultOf(client, "1", "SubscribeSlow", eventId, 300);
      await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow", user });
      expect(await resultOf(client, "2", "Unsubscribe", eventId)).toBeNull();
      expect(readUpdate(await joined).sequence).toBe(0);
      await edge.origin.control.waitFor({ kind: "left", user, name: `event:${eventId}` });
      await resultOf(member, "1", "SubscribeSlow", eventId, 0);
      await edge.origin.control.publish({ hub: slow, eventId });
      await waitForSequence(member, 1);
      await resultOf(client, "3", "UserName");
      expect(kindsOf(client)).toEqual(["2", "1", "3"]);
    });

    test(`a ${protocol} join without an id is asked about as well, and answered by its messages only`, async () => {
      const [eventId, user] = [edge.newEventId(), newUser()];
      const client = await edge.connect({ protocol, headers: bearer(user) });
      send(client, "SubscribeOpen", eventId);
      await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeOpen", user });
      await edge.origin.control.waitFor({ kind: "joined", user: "edge", name: `event:${eventId}` });
      await edge.origin.control.publish({ eventId });
      await waitForSequence(client, 1);
      expect(client.frames).toHaveLength(1);
    });

    test(`questions in between do not disturb what the ${protocol} client has on its private upstream`, async () => {
      const [eventIds, user] = [edge.newEventIds(5), newUser()];
      const client = await edge.connect({ protocol, hub: eager, headers: bearer(user) });
      const numbers = range(1, 50);
      const echoes = numbers.map((number) => resultOf(client, String(number), "Echo", number));
      const joins = eventIds.map((id) => resultOf(client, `join ${id}`, "SubscribeWithCallerSnapshot", id));
      const more = numbers.map((number) => resultOf(client, `more ${number}`, "Echo", number));
      expect(await Promise.all(echoes)).toEqual(numbers);
      expect(await Promise.all(joins)).toEqual(eventIds.map(() => null));
      expect(await Promise.all(more)).toEqual(numbers);
      expect(client.frames).toHaveLength(2 * numbers.length + 2 * eventIds.length);
    });
  }

  test("a yes to JSON arguments is none to MessagePack arguments that are the same byte", async () => {
    // "5" as JSON text is 0x35, which is 53 in MessagePack.
    const user = newUser();
    const [json, packed] = await Promise.all(
      protocols.map((protocol: HubProtocolName) => edge.connect({ protocol, headers: bearer(user) })),
    );
    if (json === undefined || packed === undefined) throw new Error("no clients");
    await resultOf(json, "1", "SubscribeOpen", 5);
    expect(await invoke(packed, "1", "SubscribeOpen", 53)).toMatchObject({
      error: expect.stringContaining("is not for you"),
    });
  });

  test("clients of one credential that join at once are all let in, and none is left in the group privately", async () => {
    const [eventId, user] = [edge.newEventId(), newUser()];
    const clients = await edge.connectMany(20, { headers: bearer(user) });
    const before = edge.counter("originJoins", lasting);
    await Promise.all(clients.map((client) => resultOf(client, "1", "SubscribeOpen", eventId)));
    const sharedJoins = edge.counter("originJoins", lasting) - before;
    const joined = async (): Promise<number> => {
      const [joins, leaves] = await edge.joinsAndLeaves(eventId);
      return joins - leaves;
    };
    await expect.poll(joined, { timeout: patienceMs }).toBe(sharedJoins);
    await edge.origin.control.publish({ eventId, count: 3 });
    await Promise.all(clients.map((client) => waitForSequence(client, 3)));
    for (const client of clients) expect(kindsOf(client)).toEqual(["1", ...Array(3).fill("OddsChanged")]);
  });

  test("a join of several keys is asked about once, and every one of them is left again", async () => {
    const [eventIds, user] = [edge.newEventIds(3), newUser()];
    const client = await edge.connect({ hub: many, headers: bearer(user) });
    await resultOf(client, "1", "SubscribeMany", eventIds);
    for (const eventId of eventIds) {
      await edge.origin.control.waitFor({ kind: "left", user, name: `event:${eventId}` });
      await edge.origin.control.publish({ hub: many, eventId });
    }
    await client.log.until(() => updatesOf(client)[2], "the third update", patienceMs);
    await resultOf(client, "2", "UserName");
    expect(updatesOf(client).map(({ eventId }) => eventId)).toEqual(eventIds);
    expect(client.frames).toHaveLength(5);
    expect(edge.counter("duplicatesDropped", many)).toBe(0);
  });

  test("a client that is gone while the origin is asked leaves nothing behind", async () => {
    const [eventId, user] = [edge.newEventId(), newUser()];
    const client = await edge.connect({ hub: slow, headers: bearer(user) });
    client.sendMessages({ type: 1, invocationId: "1", target: "SubscribeSlow", arguments: [eventId, 200] });
    await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow", user });
    await client.close();
    await edge.origin.control.waitFor({ kind: "disconnected", user });
    expect(edge.hub(slow).groups.filter(({ key }) => key === `event:${eventId}`)).toEqual([]);
  });

  test("a client for which there is no private upstream gets an error, and is let in when there is one", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [lasting]: { sharedUpstream: { headers: bearer("edge:vip") }, groups: [openGroup] } },
      limits: { maxPrivateUpstreams: 1 },
    });
    const [first, second] = [
      await own.connect({ headers: bearer("first") }),
      await own.connect({ headers: bearer("second") }),
    ];
    await resultOf(first, "1", "SubscribeOpen", 1);
    expect(await invoke(second, "1", "SubscribeOpen", 1)).toMatchObject({
      error:
        "Failed to invoke 'SubscribeOpen' due to an error on the server. HubException: The gateway has no room for another connection to the origin.",
    });
    await first.close();
    await expect.poll(() => own.hub().privateUpstreams, { timeout: patienceMs }).toBe(0);
    await resultOf(second, "2", "SubscribeOpen", 1);
    await own.origin.control.publish({ eventId: 1 });
    await second.waitFor((frame) => second.wire.decode(frame).type === 1, patienceMs);
    expect(kindsOf(second)).toEqual(["1", "2", "OddsChanged"]);
  });

  test("what the origin refuses to the gateway itself it refuses to everybody, whatever it said to the client", async () => {
    const own = await Edge.startForTest({ origin: edge.origin, hubs: { [lasting]: { groups: [openGroup] } } });
    const vip = await own.connect({ headers: bearer("somebody:vip") });
    expect(await invoke(vip, "1", "SubscribeOpen", 60)).toMatchObject({
      error: expect.stringContaining("Event 60 is not for you."),
    });
    expect(own.hub().groups).toEqual([]);
    expect(await resultOf(vip, ...barrier)).toBeNull();
  });
});

/** The target of each message and the id of each completion, in order. */
function kindsOf(client: RawClient): (string | undefined)[] {
  return client.frames.map((frame) => {
    const message = client.wire.decode(frame);
    if (message.type === 1) return message.target;
    return message.type === 3 ? message.invocationId : `type ${message.type}`;
  });
}

function bearer(user: string): { readonly authorization: string } {
  return { authorization: `Bearer user:${user}` };
}
