import type { HubConnection } from "@microsoft/signalr";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MessageLog } from "../support/message-log.ts";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { patienceMs, range, readUpdate } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const clientCount = 200;
const messageCount = 150;
/** Clients join within one turn of the test's event loop; a turn of the gateway's may still end between two of them. */
const fewJoins = 5;

interface Listener {
  readonly connection: HubConnection;
  readonly log: MessageLog;
}

describe.skipIf(!aspNetOriginAvailable)("fan-out to official clients", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs: { [hubPaths.contract]: { groups: contractGroups } } });
  });
  afterAll(() => edge.stop());
  beforeEach(() => edge.origin.control.reset());

  async function startListeners(protocol: HubProtocolName, count: number): Promise<Listener[]> {
    const listeners = Array.from({ length: count }, () => {
      const connection = edge.buildRealClient({ protocol });
      return { connection, log: new MessageLog(connection, "OddsChanged") };
    });
    await Promise.all(listeners.map(({ connection }) => connection.start()));
    return listeners;
  }

  async function connectionsByProtocol(): Promise<Record<string, number>> {
    const { connections } = await edge.origin.control.state();
    const counts: Record<string, number> = {};
    for (const { protocol } of connections) counts[protocol] = (counts[protocol] ?? 0) + 1;
    return counts;
  }

  for (const protocol of protocols) {
    test(`R-01 ${clientCount} ${protocol} clients in one group are one connection at the origin, which joins it for all of them`, async () => {
      const eventId = edge.newEventId();
      const listeners = await startListeners(protocol, clientCount);
      await Promise.all(listeners.map(({ connection }) => connection.invoke("Subscribe", eventId)));
      const state = await edge.origin.control.state();
      expect((await connectionsByProtocol())[protocol]).toBe(1);
      expect(state.joinsByGroup[`event:${eventId}`]).toBeGreaterThanOrEqual(1);
      expect(state.joinsByGroup[`event:${eventId}`]).toBeLessThanOrEqual(fewJoins);
      expect(edge.hub()).toMatchObject({ clients: clientCount, privateUpstreams: 0 });
      expect(edge.hub().groups).toContainEqual({ key: `event:${eventId}`, members: clientCount });
    });

    test(`every one of ${clientCount} ${protocol} clients receives each message once and in order, which the origin sends once`, async () => {
      const eventId = edge.newEventId();
      const listeners = await startListeners(protocol, clientCount);
      await Promise.all(listeners.map(({ connection }) => connection.invoke("Subscribe", eventId)));
      const before = edge.hub().counters;
      const { bytesOut } = (await edge.origin.control.state()).traffic;

      await edge.origin.control.publish({ eventId, count: messageCount, payloadBytes: 200 });
      await Promise.all(listeners.map(({ log }) => log.waitForCount(messageCount, patienceMs)));

      for (const { log } of listeners) {
        const updates = log.messages.map(([update]) => readUpdate(update));
        expect(updates.map(({ sequence }) => sequence)).toEqual(range(1, messageCount));
        expect(new Set(updates.map(({ secret }) => secret))).toEqual(new Set([`secret of event:${eventId}`]));
      }
      const after = edge.hub().counters;
      const originBytes = Number(after.originBytes) - Number(before.originBytes);
      expect(Number(after.originMessages) - Number(before.originMessages)).toBe(messageCount);
      expect(Number(after.deliveries) - Number(before.deliveries)).toBe(messageCount * clientCount);
      expect(after.unattributed).toBe(before.unattributed);
      const state = await edge.origin.control.state();
      expect(state.sendsByGroup[`event:${eventId}`]).toBe(messageCount);
      // Beyond the messages themselves: at most one WebSocket header of 4 bytes for each, and a few pings.
      const overhead = state.traffic.bytesOut - bytesOut - originBytes;
      expect(overhead).toBeGreaterThan(0);
      expect(overhead).toBeLessThanOrEqual(messageCount * 4 + 100);
    });
  }

  test("R-01 clients of both hub protocols in one group are two connections at the origin and receive the same messages", async () => {
    const eventId = edge.newEventId();
    const listeners = (await Promise.all(protocols.map((protocol) => startListeners(protocol, 50)))).flat();
    await Promise.all(listeners.map(({ connection }) => connection.invoke("Subscribe", eventId)));
    await edge.origin.control.publish({ eventId, count: messageCount });
    await Promise.all(listeners.map(({ log }) => log.waitForCount(messageCount, patienceMs)));
    for (const { log } of listeners) {
      expect(log.messages.map(([update]) => readUpdate(update).sequence)).toEqual(range(1, messageCount));
    }
    expect(await connectionsByProtocol()).toEqual({ json: 1, messagepack: 1 });
  });

  test("members on every transport receive the same messages, once and in order, over one connection from the origin", async () => {
    const eventId = edge.newEventId();
    const transports = ["WebSockets", "ServerSentEvents", "LongPolling"] as const;
    const listeners = transports.flatMap((transport) =>
      range(1, 10).map(() => {
        const connection = edge.buildRealClient({ transport });
        return { connection, log: new MessageLog(connection, "OddsChanged") };
      }),
    );
    await Promise.all(listeners.map(({ connection }) => connection.start()));
    await Promise.all(listeners.map(({ connection }) => connection.invoke("Subscribe", eventId)));
    await edge.origin.control.publish({ eventId, count: messageCount, perSecond: 150 });
    await Promise.all(listeners.map(({ log }) => log.waitForCount(messageCount, patienceMs)));
    for (const { log } of listeners) {
      expect(log.messages.map(([update]) => readUpdate(update).sequence)).toEqual(range(1, messageCount));
    }
    expect((await connectionsByProtocol()).json).toBe(1);
    expect(edge.hub().clientsByTransport).toEqual({ WebSockets: 10, ServerSentEvents: 10, LongPolling: 10 });
  });

  test("members of different groups receive the messages of their own groups only", async () => {
    const eventIds = edge.newEventIds(10);
    const listeners = await startListeners("json", 50);
    await Promise.all(
      listeners.map(({ connection }, number) => connection.invoke("Subscribe", eventIds[number % eventIds.length])),
    );
    await Promise.all(eventIds.map((eventId) => edge.origin.control.publish({ eventId, count: messageCount })));
    await Promise.all(listeners.map(({ log }) => log.waitForCount(messageCount, patienceMs)));
    for (const [number, { log }] of listeners.entries()) {
      const eventId = eventIds[number % eventIds.length];
      const updates = log.messages.map(([update]) => readUpdate(update));
      expect(updates.map(({ sequence }) => sequence)).toEqual(range(1, messageCount));
      expect(updates.every((update) => update.secret === `secret of event:${eventId}`)).toBe(true);
    }
  });
});
