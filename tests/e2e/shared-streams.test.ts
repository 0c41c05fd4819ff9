import type { HubMessage } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { haltOrigin } from "./support/halt-origin.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { patienceMs, range } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const streams = [
  { method: "Counter", key: "{0}/{1}", access: "public" },
  { method: "CounterThrow", key: "{0}", access: "public" },
];
const hubs = { [hubPaths.contract]: { groups: contractGroups, streams } };
/** Answered by the gateway itself: behind it, what a client sent before has arrived there. */
const barrier = ["barrier", "Unsubscribe", 127] as const;
const endless = 1_000_000_000;

describe.skipIf(!aspNetOriginAvailable)("shared streams", () => {
  let edge: Edge;
  let lastCount = endless;

  beforeAll(async () => {
    edge = await Edge.start({ hubs });
  });
  afterAll(() => edge.stop());

  /** A `Counter` that no other test reads, and which ends only if it is told to. */
  function newCounter(): readonly [count: number, delayMs: number] {
    lastCount += 1;
    return [lastCount, 5];
  }

  async function startsOf(method: string): Promise<number> {
    return (await edge.origin.control.state()).invocations[method] ?? 0;
  }

  for (const protocol of protocols) {
    test(`equal ${protocol} stream invocations that wait at the same time read one stream, each under its own id, from its first item to its end`, async () => {
      const clients = await edge.connectMany(20, { protocol });
      await collect(clients[0] ?? (await edge.connect()), "first", "Counter", 1, 0);
      const before = await startsOf("Counter");
      const origin = haltOrigin(edge.origin);
      const ids = clients.map((_, index) => String(index % 3));
      const collected = clients.map((client, index) => collect(client, ids[index] ?? "", "Counter", 30, 1));
      await Promise.all(clients.map((client) => resultOf(client, ...barrier)));
      origin.resume();
      for (const [index, { items, end }] of (await Promise.all(collected)).entries()) {
        expect(items).toEqual(range(0, 29));
        expect(end).toEqual({ type: 3, invocationId: ids[index] });
      }
      expect((await startsOf("Counter")) - before).toBe(1);
      expect(edge.hub().privateUpstreams).toBe(0);
    });

    test(`a ${protocol} stream is byte for byte that of the origin`, async () => {
      const [through, direct] = [await edge.connect({ protocol }), await edge.connectDirectly({ protocol })];
      for (const client of [through, direct]) {
        await collect(client, "7", "Counter", 10, 1);
        await collect(client, "8", "CounterThrow", 3);
      }
      expect(through.frames).toEqual(direct.frames);
    });

    test(`a late ${protocol} reader sees the items from then on`, async () => {
      const counter = newCounter();
      const [early, late] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      open(early, "1", "Counter", ...counter);
      await waitForItems(early, "1", 5);
      open(late, "2", "Counter", ...counter);
      await waitForItems(late, "2", 5);
      const items = itemsOf(late, "2");
      const first = Number(items[0]);
      expect(first).toBeGreaterThanOrEqual(5);
      expect(items).toEqual(range(first, first + items.length - 1));
      await waitForItems(early, "1", first + 5);
      const earlyItems = itemsOf(early, "1");
      expect(earlyItems).toEqual(range(0, earlyItems.length - 1));
    });

    test(`one ${protocol} reader that cancels is answered as at the origin and leaves the others alone; the last one ends the stream`, async () => {
      const own = await Edge.startForTest({ origin: edge.origin, hubs });
      const counter = newCounter();
      const [first, second] = [await own.connect({ protocol }), await own.connect({ protocol })];
      const direct = await own.connectDirectly({ protocol });
      const upstream = await openFirst(first, counter);
      for (const client of [second, direct]) open(client, "1", "Counter", ...counter);
      for (const client of [second, direct]) await waitForItems(client, "1", 1);
      for (const client of [first, direct]) client.sendMessages({ type: 5, invocationId: "1" });
      expect(await first.completionOf("1")).toEqual(await direct.completionOf("1", patienceMs));
      const seen = first.frames.length;
      await waitForItems(second, "1", itemsOf(second, "1").length + 10);
      expect(first.frames).toHaveLength(seen);

      second.sendMessages({ type: 5, invocationId: "1" });
      await second.completionOf("1");
      expect(await streamEnd(upstream)).toMatchObject({ error: "cancelled" });
      // The id is free again.
      const seenItems = itemsOf(first, "1").length;
      open(first, "1", "Counter", ...counter);
      await waitForItems(first, "1", seenItems + 1);
    });

    test(`the last ${protocol} reader that disconnects ends the stream at the origin`, async () => {
      const own = await Edge.startForTest({ origin: edge.origin, hubs });
      const counter = newCounter();
      const [first, ...others] = [await own.connect({ protocol }), await own.connect({ protocol })];
      const upstream = await openFirst(first, counter);
      for (const client of others) open(client, "2", "Counter", ...counter);
      for (const client of others) await waitForItems(client, "2", 1);
      await first.close();
      for (const client of others) await waitForItems(client, "2", itemsOf(client, "2").length + 5);
      for (const client of others) await client.close();
      expect(await streamEnd(upstream)).toMatchObject({ error: "cancelled" });
    });

    test(`an error of the origin ends the stream of every ${protocol} reader, in the origin's words`, async () => {
      const clients = await edge.connectMany(10, { protocol });
      const direct = await edge.connectDirectly({ protocol });
      const expected = await collect(direct, "1", "CounterThrow", 5);
      expect(expected).toMatchObject({ items: range(0, 4), end: { error: expect.stringContaining("error") } });
      await collect(clients[0] ?? direct, "first", "Counter", 1, 0);
      const origin = haltOrigin(edge.origin);
      const collected = clients.map((client) => collect(client, "1", "CounterThrow", 5));
      await Promise.all(clients.map((client) => resultOf(client, ...barrier)));
      origin.resume();
      expect(await Promise.all(collected)).toEqual(clients.map(() => expected));
    });

    test(`a ${protocol} invocation id that a stream uses is refused in the words of the origin, and the stream goes on`, async () => {
      const counter = newCounter();
      const [through, direct] = [await edge.connect({ protocol }), await edge.connectDirectly({ protocol })];
      const refusals = [through, direct].map(async (client) => {
        open(client, "1", "Counter", ...counter);
        await waitForItems(client, "1", 1);
        open(client, "1", "Counter", ...counter);
        const refusal = await client.completionOf("1");
        await waitForItems(client, "1", itemsOf(client, "1").length + 5);
        const items = itemsOf(client, "1");
        expect(items).toEqual(range(0, items.length - 1));
        return refusal;
      });
      const [refused, expected] = await Promise.all(refusals);
      expect(refused).toEqual(expected);
      expect(expected).toMatchObject({ error: "Invocation ID '1' is already in use." });
    });

    test(`a ${protocol} invocation that does not fit the streaming method is refused in the words of the origin`, async () => {
      const [through, direct] = [await edge.connect({ protocol }), await edge.connectDirectly({ protocol })];
      for (const client of [through, direct]) {
        await invoke(client, "1", "Counter", 3, 0);
        client.sendMessages({ type: 4, invocationId: "2", target: "Counter", arguments: [3, 0], streamIds: ["9"] });
        await client.completionOf("2");
        await collect(client, "3", "Counter", 3);
        await collect(client, "4", "Counter", 3, 1.5);
      }
      expect(through.frames).toEqual(direct.frames);
    });
  }

  test("streams with different arguments are never mixed", async () => {
    const clients = await edge.connectMany(2);
    const counts = range(1, 10);
    const collected = clients.map((client) =>
      Promise.all(counts.map((count) => collect(client, `n${count}`, "Counter", count, 1))),
    );
    for (const streamsOfClient of await Promise.all(collected)) {
      expect(streamsOfClient.map(({ items }) => items)).toEqual(counts.map((count) => range(0, count - 1)));
    }
  });

  test("JSON and MessagePack readers read a stream each", async () => {
    const before = await startsOf("Counter");
    const clients = await Promise.all(protocols.map((protocol) => edge.connect({ protocol })));
    for (const client of clients) expect((await collect(client, "1", "Counter", 4, 2)).items).toEqual([0, 1, 2, 3]);
    expect((await startsOf("Counter")) - before).toBe(2);
  });

  test("readers of a stream whose shared upstream is lost get an error and may read again", async () => {
    const own = await Edge.startForTest({ origin: edge.origin, hubs });
    const clients = await own.connectMany(3);
    const counter = newCounter();
    for (const client of clients) {
      open(client, "1", "Counter", ...counter);
      await waitForItems(client, "1", 1);
    }
    await own.origin.control.abortConnections(hubPaths.contract);
    for (const client of clients) {
      expect(await client.completionOf("1", patienceMs)).toEqual({
        type: 3,
        invocationId: "1",
        error: "An error occurred on the server while streaming results.",
      });
    }
    const again = clients.map((client) => collect(client, "2", "Counter", 3, 0));
    for (const { items } of await Promise.all(again)) expect(items).toEqual([0, 1, 2]);
  });

  test("a stream over limits.maxSharedStreams is refused, an equal one is not, and there is room again when one ends", async () => {
    const own = await Edge.startForTest({ origin: edge.origin, hubs, limits: { maxSharedStreams: 1 } });
    const [counter, other] = [newCounter(), newCounter()];
    const client = await own.connect();
    for (const id of ["1", "2"]) open(client, id, "Counter", ...counter);
    for (const id of ["1", "2"]) await waitForItems(client, id, 1);
    const { items, end } = await collect(client, "3", "Counter", ...other);
    expect(items).toEqual([]);
    const error = "Failed to invoke 'Counter' due to an error on the server. HubException: Too many streams are open.";
    expect(end).toEqual({ type: 3, invocationId: "3", error });
    for (const id of ["1", "2"]) client.sendMessages({ type: 5, invocationId: id });
    open(client, "4", "Counter", ...other);
    await waitForItems(client, "4", 1);
  });

  test("streams on a shared upstream that the origin refuses end with an error, and the client stays", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [hubPaths.auth]: { authentication: "none", groups: contractGroups, streams } },
    });
    const client = await own.connect({ hub: hubPaths.auth });
    const { items, end } = await collect(client, "1", "Counter", 3, 0);
    expect(items).toEqual([]);
    expect(end).toMatchObject({ error: "Failed to invoke 'Counter' due to an error on the server." });
    expect(await resultOf(client, ...barrier)).toBeNull();
  });

  /** Opens a stream as the first reader; returns the connection on which it runs at the origin. */
  async function openFirst(client: RawClient, counter: readonly [number, number]): Promise<string> {
    const { control } = edge.origin;
    const before = (await control.state()).invocations.Counter ?? 0;
    open(client, "1", "Counter", ...counter);
    await waitForItems(client, "1", 1);
    return (await control.waitFor({ kind: "invoked", name: "Counter" }, { count: before + 1 })).connectionId;
  }

  function streamEnd(connectionId: string) {
    return edge.origin.control.waitFor({ kind: "streamEnded", connectionId }, { timeoutMs: patienceMs });
  }
});

function open(client: RawClient, invocationId: string, target: string, ...args: readonly unknown[]): void {
  client.sendMessages({ type: 4, invocationId, target, arguments: args });
}

/** Reads a stream to its end. */
async function collect(
  client: RawClient,
  invocationId: string,
  target: string,
  ...args: readonly unknown[]
): Promise<{ readonly items: readonly unknown[]; readonly end: HubMessage }> {
  open(client, invocationId, target, ...args);
  const end = await client.completionOf(invocationId, patienceMs);
  return { items: itemsOf(client, invocationId), end };
}

function itemsOf(client: RawClient, invocationId: string): unknown[] {
  return client.frames.flatMap((frame) => {
    const message = client.wire.decode(frame);
    return message.type === 2 && message.invocationId === invocationId ? [message.item] : [];
  });
}

async function waitForItems(client: RawClient, invocationId: string, count: number): Promise<void> {
  await client.log.until(
    () => itemsOf(client, invocationId)[count - 1] !== undefined || undefined,
    `item ${count}`,
    patienceMs,
  );
}
