import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { waitForFrames, waitForSequence } from "./support/updates.ts";

const rules = {
  groups: contractGroups,
  broadcasts: [{ target: "ServiceMessage" }],
  calls: [{ method: "Add", key: "{0}+{1}", access: "public" }],
  streams: [{ method: "Counter", key: "{0}/{1}", access: "public" }],
};
const members = 7;

/** Headers of WebSocket frames have three lengths. ASP.NET Core writes messages over 4 KiB in several frames. */
const origins = [
  { name: "the Node origin", start: () => startNodeOrigin(), payloadSizes: [0, 300, 70_000], available: true },
  {
    name: "the ASP.NET Core origin",
    start: () => startAspNetOrigin(),
    payloadSizes: [0, 300, 3000],
    available: aspNetOriginAvailable,
  },
];

for (const { name, start, payloadSizes, available } of origins) {
  describe.skipIf(!available)(`the savings ledger, in front of ${name}`, () => {
    let origin: Origin;
    /** What the gateway has of the origin goes through the one, what clients have directly through the other. */
    let ocean: TcpProxy;
    let direct: TcpProxy;
    let gateway: TestGateway;

    beforeAll(async () => {
      origin = await start();
      [ocean, direct] = await Promise.all([startTcpProxy(origin.url), startTcpProxy(origin.url)]);
      gateway = await startGateway({
        origin: { hubUrl: (path) => `${ocean.url}${path}` },
        hubs: { [hubPaths.contract]: rules, [hubPaths.detailed]: { ...rules, broadcasts: [] } },
      });
    });
    afterAll(async () => {
      await gateway.stop();
      await Promise.all([ocean.stop(), direct.stop()]);
      await origin.stop();
    });

    for (const protocol of ["json", "messagepack"] as const) {
      test(`bytes are those that cross the wire, of ${members} ${protocol} clients connected directly and of the gateway in their place`, async () => {
        const eventId = protocol === "json" ? 1 : 2;
        const through = await connectMany(gateway.url, hubPaths.contract, { protocol });
        const directly = await connectMany(direct.url, hubPaths.contract, { protocol });
        const all = [...through, ...directly];
        // The first join opens the shared upstream, whose handshake is no hub message.
        await Promise.all(all.map((client) => resultOf(client, "1", "Subscribe", 100 + eventId)));
        const before = { ...ledger(), ocean: ocean.bytesFromTarget, direct: direct.bytesFromTarget };

        await Promise.all(all.map((client) => resultOf(client, "2", "Subscribe", eventId)));
        for (const [index, payloadBytes] of payloadSizes.entries()) {
          await origin.control.publish({ eventId, payloadBytes });
          // One at a time: an origin may put messages that wait for each other into one WebSocket frame.
          await Promise.all(all.map((client) => waitForSequence(client, index + 1)));
        }
        const frameCount = all[0]?.frames.length ?? 0;
        await origin.control.broadcast({ text: "half time" });
        await Promise.all(all.map((client) => waitForFrames(client, frameCount + 1)));
        await Promise.all(all.map((client) => resultOf(client, "3", "Unsubscribe", eventId)));

        const after = ledger();
        const messages = payloadSizes.length + 1;
        // The shared upstream of the other protocol, if there has been one, is still open and gets the broadcast, too.
        const broadcasts = after.connections.upstream;
        expect(after.bytes.direct - before.bytes.direct).toBe(direct.bytesFromTarget - before.direct);
        expect(after.messages.direct - before.messages.direct).toBe(members * (messages + 2));
        expect(after.bytes.upstream - before.bytes.upstream).toBe(ocean.bytesFromTarget - before.ocean);
        const joins = after.originJoins - before.originJoins;
        expect(joins).toBeLessThanOrEqual(2);
        expect(after.messages.upstream - before.messages.upstream).toBe(payloadSizes.length + broadcasts + joins);
        expect(after.invocations.direct - before.invocations.direct).toBe(2 * members);
        expect(after.invocations.upstream - before.invocations.upstream).toBe(joins);
        await Promise.all(all.map((client) => client.close()));
      });
    }

    test("a rule's messages and bytes are its own, of updates without the answers to joins", async () => {
      const clients = await connectMany(gateway.url, hubPaths.contract);
      await Promise.all(clients.map((client) => resultOf(client, "1", "SubscribeText", "a")));
      const before = rule("group", "text");
      await origin.control.publish({ key: "a" });
      await Promise.all(clients.map((client) => waitForSequence(client, 1, { target: "TextChanged" })));
      const after = rule("group", "text");
      const update = clients[0]?.frames.at(-1)?.length ?? 0;
      expect(after.messages).toEqual({
        direct: before.messages.direct + members,
        upstream: before.messages.upstream + 1,
      });
      expect(after.bytes.direct - before.bytes.direct).toBe(members * (update + webSocketHeader(update)));
      expect(after.bytes.upstream - before.bytes.upstream).toBe(update + webSocketHeader(update));
      await Promise.all(clients.map((client) => client.close()));
    });

    test("connections are clients against shared and private upstreams", async () => {
      const [first, second] = await connectMany(gateway.url, hubPaths.detailed);
      if (first === undefined || second === undefined) throw new Error("no clients");
      expect(hub(hubPaths.detailed).savings.connections).toEqual({ direct: members, upstream: 0 });
      await resultOf(first, "1", "Subscribe", 1);
      expect(hub(hubPaths.detailed).savings.connections).toEqual({ direct: members, upstream: 1 });
      // No rule names it, so it goes on a connection of the client's own.
      await resultOf(second, "1", "Echo", "hello");
      expect(hub(hubPaths.detailed).savings.connections).toEqual({ direct: members, upstream: 2 });
    });

    test("what is private saves nothing: both sides count the same", async () => {
      const client = await connect(gateway.url, hubPaths.auth, { headers: { authorization: "Bearer user:ada" } });
      const before = hub(hubPaths.auth).savings;
      await resultOf(client, "1", "Echo", "hello");
      const after = hub(hubPaths.auth).savings;
      expect(after.messages).toEqual({ direct: before.messages.direct + 1, upstream: before.messages.upstream + 1 });
      expect(after.bytes.direct - before.bytes.direct).toBe(after.bytes.upstream - before.bytes.upstream);
      expect(after.connections).toEqual({ direct: 1, upstream: 1 });
    });

    test("items of a shared stream count for each reader, with its own invocation id", async () => {
      const clients = await connectMany(gateway.url, hubPaths.detailed);
      const before = rule("stream", "Counter", hubPaths.detailed);
      const ids = clients.map((_, index) => `reader-${"x".repeat(index)}`);
      for (const [index, client] of clients.entries()) {
        client.sendMessages({
          type: 4,
          invocationId: ids[index] ?? "",
          target: "Counter",
          arguments: [5, 200],
          streamIds: [],
        });
      }
      await Promise.all(clients.map((client, index) => client.completionOf(ids[index] ?? "", 10_000)));
      const after = rule("stream", "Counter", hubPaths.detailed);
      const received = clients.map(({ frames }) => frames.slice(0, -1));
      const bytes = received.flat().reduce((sum, { length }) => sum + length + webSocketHeader(length), 0);
      expect(after.messages.direct - before.messages.direct).toBe(received.flat().length);
      expect(after.bytes.direct - before.bytes.direct).toBe(bytes);
      expect(after.invocations).toEqual({
        direct: before.invocations.direct + members,
        upstream: before.invocations.upstream + 1,
      });
      expect(after.messages.upstream - before.messages.upstream).toBe(5);
    });

    test("identical calls are asked as often as clients ask, and sent as often as the origin is", async () => {
      const client = await connect(gateway.url, hubPaths.contract);
      const before = rule("call", "Add");
      const { originCalls } = gateway.gateway.metrics.hub(hubPaths.contract);
      await Promise.all(["a", "b", "c"].map((id) => invoke(client, id, "Add", 20, 22)));
      const after = rule("call", "Add");
      const sent = gateway.gateway.metrics.hub(hubPaths.contract).originCalls - originCalls;
      expect(after.invocations).toEqual({
        direct: before.invocations.direct + 3,
        upstream: before.invocations.upstream + sent,
      });
      expect(sent).toBeLessThanOrEqual(3);
    });

    test("whatever the client's transport, its side is weighed as a WebSocket", async () => {
      const sizes = new Map<TransportName, number>();
      for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"] as const) {
        const client = await connectRaw(transport, { url: gateway.hubUrl(hubPaths.contract) });
        onTestFinished(() => client.close());
        await resultOf(client, "1", "Subscribe", 50);
        const before = ledger().bytes.direct;
        await resultOf(client, "2", "Unsubscribe", 50);
        sizes.set(transport, ledger().bytes.direct - before);
      }
      expect(new Set(sizes.values()).size).toBe(1);
    });

    function hub(path: string) {
      const state = gateway.gateway.state().hubs.find((each) => each.path === path);
      if (state === undefined) throw new Error(`there is no hub ${path}`);
      return state;
    }

    function ledger() {
      const { savings, counters } = hub(hubPaths.contract);
      return { ...savings, originJoins: counters.originJoins ?? 0 };
    }

    function rule(kind: string, ruleName: string, path: string = hubPaths.contract) {
      const found = hub(path).savings.rules.find((each) => each.kind === kind && each.name === ruleName);
      if (found === undefined) throw new Error(`there is no ${kind} rule ${ruleName}`);
      return found;
    }
  });
}

test("every rule of the file has its line from the start, in the order of the file", async () => {
  const origin = await startNodeOrigin();
  const gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: rules } });
  onTestFinished(async () => {
    await gateway.stop();
    await origin.stop();
  });
  const nothing = { direct: 0, upstream: 0 };
  const empty = { messages: nothing, bytes: nothing, invocations: nothing };
  expect(gateway.gateway.state().hubs[0]?.savings).toEqual({
    connections: nothing,
    ...empty,
    rules: [
      { kind: "group", name: "event", ...empty },
      { kind: "group", name: "text", ...empty },
      { kind: "broadcast", name: "ServiceMessage", ...empty },
      { kind: "call", name: "Add", ...empty },
      { kind: "stream", name: "Counter", ...empty },
    ],
  });
});

async function connect(url: string, path: string, options: object = {}): Promise<RawClient> {
  const client = await RawClient.connect({ url: `${url}${path}`, ...options });
  onTestFinished(() => client.close());
  return client;
}

async function connectMany(url: string, path: string, options: object = {}): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: members }, () => connect(url, path, options)));
}

function webSocketHeader(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}
