import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connectRaw } from "../support/connect-raw.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import type { RawConnection } from "../support/raw-connection.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { patienceMs, range, sequencesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const target = "ServiceMessage";
const broadcasts = [{ target }];
/** One hub for each kind of private upstream, and one for clients that need not be told of gaps. */
const [lazy, eager, ignoring] = [hubPaths.contract, hubPaths.detailed, hubPaths.stateful];
/** Binary frames do not fit into Server-Sent Events. */
const ways: readonly { readonly protocol: HubProtocolName; readonly transport: TransportName }[] = [
  { protocol: "json", transport: "WebSockets" },
  { protocol: "json", transport: "ServerSentEvents" },
  { protocol: "json", transport: "LongPolling" },
  { protocol: "messagepack", transport: "WebSockets" },
  { protocol: "messagepack", transport: "LongPolling" },
];
const closeForReconnect = {
  json: Buffer.from('{"type":7,"allowReconnect":true}\u001e'),
  messagepack: Buffer.from("049307c0c3", "hex"),
};

describe.skipIf(!aspNetOriginAvailable)("broadcasts", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [lazy]: { broadcasts, groups: contractGroups },
        [eager]: { broadcasts: [...broadcasts, { target: "Message" }], privateUpstream: "eager" },
      },
    });
  });
  afterAll(() => edge.stop());

  async function connectBy(
    { protocol, transport }: (typeof ways)[number],
    hub: HubPath = lazy,
    from: Edge = edge,
  ): Promise<RawConnection> {
    const client = await connectRaw(transport, { url: from.hubUrl(hub), protocol });
    onTestFinished(() => client.close());
    return client;
  }

  function connectAll(hub: HubPath, countOfEach: number): Promise<RawConnection[]> {
    return Promise.all(ways.flatMap((way) => range(1, countOfEach).map(() => connectBy(way, hub))));
  }

  for (const hub of [lazy, eager]) {
    test(`every client of every transport and hub protocol gets each broadcast once and in order (${hub})`, async () => {
      const clients = await connectAll(hub, 3);
      const before = edge.hub(hub).counters;
      const { first, last } = await edge.origin.control.broadcast({ hub, count: 50, text: "hello" });
      await Promise.all(clients.map((client) => waitForSequence(client, last, { target })));
      // What a private upstream still brings has come when the origin answers on it.
      if (hub === eager) await Promise.all(clients.map((client) => resultOf(client, "last", "Echo", 1)));
      for (const client of clients) {
        expect(sequencesOf(client, target)).toEqual(range(first, last));
        expect(client.frames).toHaveLength(hub === eager ? 51 : 50);
      }
      const after = edge.hub(hub).counters;
      expect(Number(after.deliveries) - Number(before.deliveries)).toBe(50 * clients.length);
      expect(Number(after.originMessages) - Number(before.originMessages)).toBe(50 * protocols.length);
      const copies = hub === eager ? 50 * clients.length : 0;
      expect(Number(after.duplicatesDropped) - Number(before.duplicatesDropped)).toBe(copies);
      expect(
        edge
          .hub(hub)
          .sharedUpstreams.map(({ protocol }) => protocol)
          .sort(),
      ).toEqual([...protocols]);
    });
  }

  for (const protocol of protocols) {
    test(`a ${protocol} client whose private upstream is open gets one copy all the same`, async () => {
      const client = await edge.connect({ protocol });
      await resultOf(client, "1", "WhoAmI");
      const { first, last } = await edge.origin.control.broadcast({ count: 20 });
      await waitForSequence(client, last, { target });
      await resultOf(client, "2", "Echo", 1);
      expect(sequencesOf(client, target)).toEqual(range(first, last));
    });

    test(`what a ${protocol} client has the hub send to all reaches the client itself once`, async () => {
      const [sender, other] = [
        await edge.connect({ protocol, hub: eager }),
        await edge.connect({ protocol, hub: eager }),
      ];
      await resultOf(sender, "1", "SendAll", "news");
      await resultOf(sender, "2", "SendAll", "more news");
      await Promise.all(
        [sender, other].map((client) => client.waitFor((frame) => textOf(client, frame) === "more news", patienceMs)),
      );
      for (const client of [sender, other]) await resultOf(client, "3", "Echo", 1);
      for (const client of [sender, other]) {
        expect(client.frames.flatMap((frame) => textOf(client, frame) ?? [])).toEqual(["news", "more news"]);
      }
    });

    test(`the first ${protocol} client waits with its handshake until it can miss nothing`, async () => {
      for (const hub of [lazy, eager]) {
        const own = await Edge.startForTest({
          origin: edge.origin,
          hubs: { [lazy]: { broadcasts }, [eager]: { broadcasts, privateUpstream: "eager" } },
        });
        const clients = await own.connectMany(10, { protocol, hub });
        const { last } = await edge.origin.control.broadcast({ hub });
        await Promise.all(clients.map((client) => waitForSequence(client, last, { target })));
        for (const client of clients) expect(sequencesOf(client, target)).toEqual([last]);
      }
    });

    test(`${protocol} clients that come while broadcasts flow have no hole behind their first one`, async () => {
      const own = await Edge.startForTest({ origin: edge.origin, hubs: { [lazy]: { broadcasts } } });
      const batch = 20;
      let sent = (await edge.origin.control.broadcast()).last;
      let isFlowing = true;
      const flow = (async () => {
        while (isFlowing) sent = (await edge.origin.control.broadcast({ count: batch })).last;
      })();
      const clients: { readonly client: RawConnection; readonly sentBefore: number }[] = [];
      for (const way of [...ways, ...ways, ...ways]) {
        clients.push({ client: await connectBy(way, lazy, own), sentBefore: sent });
      }
      isFlowing = false;
      await flow;
      const { last } = await edge.origin.control.broadcast();
      for (const { client, sentBefore } of clients) {
        await waitForSequence(client, last, { target });
        const sequences = sequencesOf(client, target);
        const first = sequences[0] ?? 0;
        expect(sequences).toEqual(range(first, last));
        // The batch under way when it came may have been half sent, the next one was not.
        expect(first).toBeLessThanOrEqual(sentBefore + batch + 1);
      }
    });
  }

  test("after a restart of the origin, clients are closed for a reconnect, or stay and get what comes then, as the rule says", async () => {
    const own = await Edge.startForTest({
      hubs: {
        [lazy]: { broadcasts, groups: contractGroups },
        [ignoring]: { broadcasts: [{ target, onGap: "ignore" }], groups: contractGroups },
      },
      limits: { handshakeTimeoutMs: 60_000 },
    });
    const closing = await Promise.all(ways.map((way) => connectBy(way, lazy, own)));
    const staying = await Promise.all(ways.map((way) => connectBy(way, ignoring, own)));
    await own.origin.stop("SIGKILL");
    await own.log.waitFor("upstream.lost", {}, 4);
    // The origin's verdict on it is still known. It has seen nothing, so it will have missed nothing.
    const newcomer = await own.connect({ handshake: false });
    newcomer.sendText('{"protocol":"json","version":1}\u001e');
    for (const client of [...closing, ...staying]) expect(await resultOf(client, "1", "Unsubscribe", 1)).toBeNull();
    expect(newcomer.log.handshakeResponse).toBeUndefined();

    await own.origin.restart();
    for (const client of closing) {
      await client.closed;
      expect(client.frames.at(-1)).toEqual(closeForReconnect[client.wire.protocol]);
      expect(client.frames).toHaveLength(2);
    }
    await newcomer.handshakeResponse(patienceMs);
    const sentToNewcomer = await own.origin.control.broadcast();
    await waitForSequence(newcomer, sentToNewcomer.last, { target });
    expect(newcomer.frames).toHaveLength(1);
    expect(own.counter("gaps", lazy)).toBe(protocols.length);

    await own.log.waitFor("upstream.opened", { hub: ignoring }, 2 * protocols.length);
    const { first, last } = await own.origin.control.broadcast({ hub: ignoring, count: 5 });
    await Promise.all(staying.map((client) => waitForSequence(client, last, { target })));
    for (const client of staying) {
      expect(sequencesOf(client, target)).toEqual(range(first, last));
      expect(client.frames).toHaveLength(6);
    }
    expect(own.counter("gaps", ignoring)).toBe(0);
  }, 60_000);

  test("a shared upstream is opened for the first client of a hub protocol, and not before", async () => {
    const own = await Edge.startForTest({ origin: edge.origin, hubs: { [lazy]: { broadcasts } } });
    const lines = (): string[] => own.hub().sharedUpstreams.map(({ protocol, state }) => `${protocol} ${state}`);
    expect(lines()).toEqual([]);
    await own.connect();
    expect(lines()).toEqual(["json open"]);
    await own.connect({ protocol: "messagepack" });
    expect(lines()).toEqual(["json open", "messagepack open"]);
  });

  test("a broadcast between the origin's answer to a private handshake and the client's is not lost", async () => {
    const line = await HeldLine.start(edge.origin.url);
    const own = await Edge.startForTest({
      origin: { ...edge.origin, hubUrl: (path) => `${line.url}${path}`, stop: () => line.stop() },
      hubs: { [eager]: { broadcasts, privateUpstream: "eager" } },
    });
    onTestFinished(() => line.stop());
    // Opens the shared upstream.
    const other = await own.connect({ hub: eager });
    const client = await own.connect({ hub: eager, handshake: false });
    line.hold();
    client.sendText('{"protocol":"json","version":1}\u001e');
    await edge.origin.control.waitFor({ kind: "connected", connectionId: client.connectionId ?? "" });
    const { last } = await edge.origin.control.broadcast({ hub: eager });
    await waitForSequence(other, last, { target });
    line.release();
    await client.handshakeResponse();
    const { last: next } = await edge.origin.control.broadcast({ hub: eager });
    await waitForSequence(client, next, { target });
    expect(sequencesOf(client, target)).toEqual([last, next]);
  });
});

/** The text of a `Message`. */
function textOf(client: RawConnection, frame: Buffer): string | undefined {
  const message = client.wire.decode(frame);
  return message.type === 1 && message.target === "Message" ? String(message.arguments[0]) : undefined;
}

/** A byte relay whose newest connection can be made to bring nothing for a while. */
class HeldLine {
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #outbound: Socket[];

  private constructor(server: ReturnType<typeof createServer>, outbound: Socket[]) {
    this.#server = server;
    this.#outbound = outbound;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(target: string): Promise<HeldLine> {
    const { hostname, port } = new URL(target);
    const sockets: Socket[] = [];
    const server = createServer((inbound) => {
      const outbound = connect(Number(port), hostname);
      sockets.push(outbound);
      inbound.pipe(outbound).pipe(inbound);
      for (const socket of [inbound, outbound]) {
        socket.on("error", () => socket.destroy());
        socket.on("close", () => (socket === inbound ? outbound : inbound).destroy());
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new HeldLine(server, sockets);
  }

  hold(): void {
    this.#outbound.at(-1)?.pause();
  }

  release(): void {
    this.#outbound.at(-1)?.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#outbound) socket.destroy();
    this.#server.close();
  }
}
