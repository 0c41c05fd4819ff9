import { type HubProtocolName, MessageType } from "@signalr-edge/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type HubPath, hubPaths, type Origin } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import type { RawConnection } from "../support/raw-connection.ts";
import { RawPollingClient } from "../support/raw-polling-client.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { patienceMs, range, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** One hub for each policy. */
const [conflating, dropping] = [hubPaths.contract, hubPaths.detailed];
const group = (onSlow: string): object => ({
  name: "event",
  access: "public",
  join: { method: "Subscribe", key: "{0}" },
  leave: { method: "Unsubscribe", key: "{0}" },
  messages: [
    { target: "OddsChanged", key: "{0.eventId}", onSlow },
    { target: "Notice", key: "{0.eventId}" },
  ],
});
const hubs = { [conflating]: { groups: [group("conflate")] }, [dropping]: { groups: [group("drop")] } };
/** More than what a client may have waiting before it counts as behind, and less than what it may have at all. */
const enoughToBeBehind = 100_000;
/** Far more than what the kernel holds for one connection, which is some megabytes. */
const flood = { count: 400, payloadBytes: 50_000, perSecond: 200 };
/** A reader in the process of gateway and test takes what comes in bursts. */
const roomForBursts = { outboxMaxBytes: 4_194_304 };

describe.skipIf(!aspNetOriginAvailable)("slow clients", () => {
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
  beforeEach(() => origin.control.reset());

  /** A client that polls when the test says so, in the groups of these events. */
  async function connectPolling(
    hub: HubPath,
    protocol: HubProtocolName,
    eventIds: readonly number[],
  ): Promise<RawPollingClient> {
    const client = await RawPollingClient.connect({ url: edge.hubUrl(hub), protocol, polls: false });
    onTestFinished(async () => {
      await client.delete();
    });
    await client.poll();
    client.sendText(`{"protocol":"${protocol}","version":1}\u001e`);
    await client.poll();
    for (const eventId of eventIds) {
      client.sendMessages({
        type: MessageType.Invocation,
        invocationId: String(eventId),
        target: "Subscribe",
        arguments: [eventId],
      });
      await client.poll();
    }
    expect(client.frames).toHaveLength(eventIds.length);
    return client;
  }

  /** Publishes, and waits until the gateway has handed all of it on. */
  async function publish(witness: RawClient, publication: Parameters<Origin["control"]["publish"]>[0]): Promise<void> {
    const { last } = await origin.control.publish(publication);
    const target = publication.target ?? "OddsChanged";
    await witness.log.until(
      () => sequencesOf(witness, publication.eventId, target).includes(last) || undefined,
      `update ${last}`,
      patienceMs,
    );
  }

  for (const protocol of protocols) {
    test(`conflate: a ${protocol} client that polls late gets the newest of each event, the latest last, and nothing before it`, async () => {
      const [hub, first, second] = [conflating, edge.newEventId(), edge.newEventId()];
      const client = await connectPolling(hub, protocol, [first, second]);
      const witness = await edge.connect({ hub, protocol }); // on the same shared upstream: what it has seen, the client was sent
      for (const eventId of [first, second]) await resultOf(witness, String(eventId), "Subscribe", eventId);
      const { conflated } = edge.gateway.metrics.hub(hub);
      await publish(witness, { hub, eventId: first, payloadBytes: enoughToBeBehind });
      await publish(witness, { hub, eventId: first, count: 10 });
      await publish(witness, { hub, eventId: second, count: 5 });
      await publish(witness, { hub, eventId: first, count: 3 });
      expect(edge.gateway.metrics.hub(hub).conflated - conflated).toBe(9 + 4 + 3);
      await client.poll();
      expect(newest(client, 1)).toEqual([[first, 1]]);
      await client.poll();
      expect(newest(client, 2)).toEqual([
        [second, 5],
        [first, 14],
      ]);
      // It has caught up: it is sent everything again.
      await publish(witness, { hub, eventId: second, count: 3 });
      await client.poll();
      expect(sequencesOf(client, second)).toEqual([5, 6, 7, 8]);
      expect(sequencesOf(client, first)).toEqual([1, 14]);
      expect(client.frames).toHaveLength(8);
    });

    test(`conflate: answers and messages without the policy still reach a ${protocol} client that is behind`, async () => {
      const [hub, eventId] = [conflating, edge.newEventId()];
      const client = await connectPolling(hub, protocol, [eventId]);
      const witness = await edge.connect({ hub, protocol }); // on the same shared upstream: what it has seen, the client was sent
      await resultOf(witness, "1", "Subscribe", eventId);
      await publish(witness, { hub, eventId, payloadBytes: enoughToBeBehind });
      await publish(witness, { hub, eventId, count: 2 });
      await publish(witness, { hub, eventId, target: "Notice", count: 2 });
      expect(
        (
          await client.post(
            client.wire.encode({ type: 1, invocationId: "late", target: "Unsubscribe", arguments: [0] }),
          )
        ).status,
      ).toBe(200);
      await client.poll();
      const seen = client.frames.slice(1).map((frame) => client.wire.decode(frame));
      expect(seen).toMatchObject([
        { target: "OddsChanged" },
        { target: "Notice" },
        { target: "Notice" },
        { invocationId: "late" },
      ]);
      await client.poll();
      expect(sequencesOf(client, eventId)).toEqual([1, 3]);
    });

    test(`drop: a ${protocol} client misses what is sent while it is behind, which is counted, and gets what comes then`, async () => {
      const [hub, eventId] = [dropping, edge.newEventId()];
      const client = await connectPolling(hub, protocol, [eventId]);
      const witness = await edge.connect({ hub, protocol }); // on the same shared upstream: what it has seen, the client was sent
      await resultOf(witness, "1", "Subscribe", eventId);
      const { dropped } = edge.gateway.metrics.hub(hub);
      await publish(witness, { hub, eventId, payloadBytes: enoughToBeBehind });
      await publish(witness, { hub, eventId, count: 10 });
      expect(edge.gateway.metrics.hub(hub).dropped - dropped).toBe(10);
      await client.poll();
      await publish(witness, { hub, eventId, count: 2 });
      await client.poll();
      expect(sequencesOf(client, eventId)).toEqual([1, 12, 13]);
      expect(edge.gateway.metrics.hub(hub).dropped - dropped).toBe(10);
    });

    for (const hub of [conflating, dropping]) {
      test(`a single message over limits.outboxMaxBytes does not cut a ${protocol} client whose rule is kinder (${hub})`, async () => {
        const eventId = edge.newEventId();
        const client = await connectPolling(hub, protocol, [eventId]);
        const witness = await edge.connect({ hub, protocol }); // on the same shared upstream: what it has seen, the client was sent
        await resultOf(witness, "1", "Subscribe", eventId);
        await publish(witness, { hub, eventId, payloadBytes: 300_000 });
        await publish(witness, { hub, eventId });
        expect((await client.poll()).status).toBe(200);
        await publish(witness, { hub, eventId });
        expect((await client.poll()).status).toBe(200);
        expect(sequencesOf(client, eventId).at(-1)).toBe(3);
      });
    }

    test(`conflate: a ${protocol} client that is behind on more than limits.outboxMaxBytes of events ends with the last state of all of them`, async () => {
      const hub = conflating;
      const eventIds = edge.newEventIds(10);
      const client = await connectPolling(hub, protocol, eventIds);
      const witness = await edge.connect({ hub, protocol }); // on the same shared upstream: what it has seen, the client was sent
      for (const eventId of eventIds) await resultOf(witness, String(eventId), "Subscribe", eventId);
      const [first = 0] = eventIds;
      await publish(witness, { hub, eventId: first, payloadBytes: enoughToBeBehind });
      for (const eventId of eventIds) await publish(witness, { hub, eventId, count: 2, payloadBytes: 40_000 });
      // Each poll takes what there is; the rest comes with the next ones.
      for (let count = 0; count < 1 + eventIds.length && newestOf(client) < eventIds.length; count += 1) {
        const { status } = await client.poll();
        expect(status).toBe(200);
      }
      for (const eventId of eventIds) {
        expect(sequencesOf(client, eventId)).toEqual(eventId === first ? [1, 3] : [2]);
      }
    });

    test(`conflate: a ${protocol} client that stops reading its WebSocket stays, and ends with the last state when it reads again`, async () => {
      const own = await Edge.startForTest({ origin, hubs, limits: roomForBursts });
      const eventIds = [1, 2];
      const [slow, quick] = [await own.connect({ protocol }), await own.connect({ protocol })];
      for (const client of [slow, quick]) {
        for (const eventId of eventIds) await resultOf(client, String(eventId), "Subscribe", eventId);
      }
      slow.socket.pause();
      await Promise.all(
        eventIds.map((eventId) => origin.control.publish({ eventId, ...flood, perSecond: 100, count: 200 })),
      );
      await Promise.all(eventIds.map((eventId) => publish(quick, { eventId })));
      slow.socket.resume();
      for (const eventId of eventIds) {
        await slow.log.until(() => sequencesOf(slow, eventId).includes(201) || undefined, "the last state", patienceMs);
        const sequences = sequencesOf(slow, eventId);
        expect(sequences.at(-1)).toBe(201);
        expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
        expect(sequences.length).toBeLessThan(201);
      }
      expect(own.counter("slowConsumers")).toBe(0);
      expect(own.gateway.metrics.hub(conflating).conflated).toBeGreaterThan(0);
      expect(await resultOf(slow, "late", "Unsubscribe", 1)).toBeNull();
    });

    test(`drop: a ${protocol} client that stops reading its WebSocket stays, and gets new messages when it has caught up`, async () => {
      const own = await Edge.startForTest({ origin, hubs, limits: roomForBursts });
      const hub = dropping;
      const slow = await own.connect({ protocol, hub });
      await resultOf(slow, "1", "Subscribe", 1);
      slow.socket.pause();
      await origin.control.publish({ hub, eventId: 1, ...flood });
      expect(own.gateway.metrics.hub(hub).dropped).toBeGreaterThan(0);
      slow.socket.resume();
      const isBack = (): boolean => (sequencesOf(slow, 1).at(-1) ?? 0) > flood.count;
      // Until it has read what waits for it, what is sent is dropped.
      while (!isBack()) await origin.control.publish({ hub, eventId: 1 });
      const { last } = await origin.control.publish({ hub, eventId: 1, count: 10 });
      await waitForSequence(slow, last);
      const sequences = sequencesOf(slow, 1);
      expect(sequences.slice(-11)).toEqual(range(last - 10, last));
      expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
      expect(sequences.length).toBeLessThan(last);
      expect(own.counter("slowConsumers", hub)).toBe(0);
    });
  }
});

function sequencesOf(client: RawConnection, eventId: number | bigint | undefined, target = "OddsChanged"): number[] {
  return updatesOf(client, target).flatMap((update) =>
    Number(update.eventId) === Number(eventId) ? [update.sequence] : [],
  );
}

/** Event and sequence number of the last `count` updates. */
function newest(client: RawConnection, count: number): (readonly [number, number])[] {
  return updatesOf(client)
    .slice(-count)
    .map(({ eventId, sequence }) => [Number(eventId), sequence] as const);
}

/** Events of which the client has the second update, or a later one. */
function newestOf(client: RawConnection): number {
  return new Set(updatesOf(client).flatMap(({ eventId, sequence }) => (sequence > 1 ? [Number(eventId)] : []))).size;
}
