import type { HubConnection } from "@microsoft/signalr";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { MessageLog } from "../support/message-log.ts";
import { type HubPath, hubPaths, type Origin } from "../support/origin.ts";
import { buildRealClient } from "../support/real-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type Wire, wires } from "../support/wire.ts";
import { Edge } from "./support/edge.ts";
import { contentOf, deflate, FrameClient, type WireFrame } from "./support/frame-client.ts";
import { range, readUpdate } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const payloadBytes = 2000;
const minBytes = 256;
/** As Chromium offers it, and as Firefox does. */
const offers = ["permessage-deflate; client_max_window_bits", "permessage-deflate"] as const;
const anOffer = offers[0];
const compressed: HubPath = hubPaths.contract;
const uncompressed: HubPath = hubPaths.detailed;

describe("compression", () => {
  let origin: Origin;
  let edge: Edge;

  beforeAll(async () => {
    origin = await startNodeOrigin();
    const rules = { groups: contractGroups, broadcasts: [{ target: "ServiceMessage" }] };
    edge = await Edge.start({
      origin,
      hubs: {
        [compressed]: { ...rules, compression: { enabled: true, minBytes } },
        [uncompressed]: rules,
      },
      // What these tests are about is the size of what is inflated, not how often it comes.
      limits: { maxPingsPerSecond: 1_000_000 },
    });
  });

  afterAll(async () => {
    await edge.stop();
    await origin.stop();
  });

  /** A client behind its handshake, which it compresses if it may. */
  async function connect(protocol: HubProtocolName, offer?: string, hub = compressed): Promise<FrameClient> {
    const client = await FrameClient.open(edge.hubUrl(hub), offer);
    const handshake = `{"protocol":"${protocol}","version":1}\u001e`;
    if (client.extensions === undefined) client.sendText(handshake);
    else client.sendDeflated(handshake);
    await client.waitForText("{}\u001e");
    return client;
  }

  function invoke(client: FrameClient, wire: Wire, id: string, method: string, ...args: unknown[]): Promise<WireFrame> {
    const known = client.frames.length;
    const invocation = wire.encode({ type: 1, invocationId: id, target: method, arguments: args });
    client.send({ opcode: 2 }, invocation);
    return client.waitFor((frame) => frame.opcode < 8 && client.frames.indexOf(frame) >= known);
  }

  function closedBy(reason: string): number {
    return edge.gateway.metrics.hub(compressed).closed[reason] ?? 0;
  }

  for (const protocol of protocols) {
    const wire = wires[protocol];
    const opcode = protocol === "json" ? 1 : 2;

    test(`a ${protocol} group message is compressed once: the same bytes for all who can read them, the plain ones for others`, async () => {
      const eventId = edge.newEventId();
      const clients = await Promise.all([...offers, undefined].map((offer) => connect(protocol, offer)));
      for (const client of clients) await invoke(client, wire, "1", "Subscribe", eventId);
      await origin.control.publish({ eventId, payloadBytes });
      const [first, second, plain] = await Promise.all(clients.map((client) => client.waitForText("xxx")));
      if (first === undefined || second === undefined || plain === undefined) throw new Error("three clients");
      expect(first).toMatchObject({ fin: true, rsv1: true, opcode });
      expect(second.bytes.equals(first.bytes)).toBe(true);
      expect(plain).toMatchObject({ fin: true, rsv1: false, opcode });
      expect(contentOf(first).equals(plain.payload)).toBe(true);
      expect(first.payload.subarray(-4).toString("hex")).not.toBe("0000ffff");
      expect(first.bytes.length).toBeLessThan(plain.bytes.length / 4);
    });

    test(`what is for one ${protocol} client alone is never compressed, however large`, async () => {
      const client = await connect(protocol, anOffer);
      const answer = await invoke(client, wire, "1", "Echo", "y".repeat(payloadBytes));
      expect(answer).toMatchObject({ rsv1: false, opcode });
      expect(answer.payload.length).toBeGreaterThan(payloadBytes);
    });

    test(`the official ${protocol} client, which offers compression, sees nothing of it`, async () => {
      const eventId = edge.newEventId();
      const connection = edge.buildRealClient({ protocol });
      const log = new MessageLog(connection, "OddsChanged");
      await connection.start();
      await connection.invoke("Subscribe", eventId);
      const before = edge.counter("clientBytes");
      await origin.control.publish({ eventId, count: 50, payloadBytes });
      const updates = (await log.waitForCount(50)).map(([update]) => readUpdate(update).sequence);
      expect(updates).toEqual(range(1, 50));
      expect(edge.counter("clientBytes") - before).toBeLessThan((50 * payloadBytes) / 4);
    });

    test(`a ${protocol} client with stateful reconnect gets each message once over two sockets, compressed or not`, async () => {
      const eventId = edge.newEventId();
      const proxy = await startTcpProxy(edge.url);
      onTestFinished(() => proxy.stop());
      const url = `${proxy.url}${compressed}`;
      const connection: HubConnection = buildRealClient({ url, protocol, stateful: true });
      onTestFinished(() => connection.stop());
      const log = new MessageLog(connection, "OddsChanged");
      await connection.start();
      await connection.invoke("Subscribe", eventId);
      const published = origin.control.publish({ eventId, count: 600, perSecond: 1000, payloadBytes });
      await log.waitForCount(200, 15_000);
      proxy.cut();
      await published;
      const updates = (await log.waitForCount(600, 15_000)).map(([update]) => readUpdate(update).sequence);
      expect(updates).toEqual(range(1, 600));
    });
  }

  test("a broadcast is compressed as a group message is", async () => {
    const clients = await Promise.all([connect("json", anOffer), connect("json", anOffer)]);
    await origin.control.broadcast({ text: "z".repeat(payloadBytes) });
    const [first, second] = await Promise.all(clients.map((client) => client.waitForText("zzz")));
    expect(first?.rsv1).toBe(true);
    expect(first?.bytes.equals(second?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test("a message below minBytes stays as it is", async () => {
    const client = await connect("json", anOffer);
    await origin.control.broadcast({ text: "short" });
    expect(await client.waitForText("short")).toMatchObject({ rsv1: false });
  });

  test("clientBytes counts what goes over the wire", async () => {
    const eventId = edge.newEventId();
    const [compressing, plain] = await Promise.all([connect("json", anOffer), connect("json")]);
    for (const client of [compressing, plain]) await invoke(client, wires.json, "1", "Subscribe", eventId);
    const before = edge.counter("clientBytes");
    await origin.control.publish({ eventId, payloadBytes });
    const frames = await Promise.all([compressing.waitForText("xxx"), plain.waitForText("xxx")]);
    expect(edge.counter("clientBytes") - before).toBe(frames[0].bytes.length + frames[1].bytes.length);
  });

  describe("negotiation (RFC 7692 section 7)", () => {
    test("the answer says that neither side keeps a context, and how large the windows are", async () => {
      const [chromium, firefox] = await Promise.all(offers.map((offer) => FrameClient.open(edge.hubUrl(), offer)));
      const common = "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12";
      expect(firefox?.extensions).toBe(`permessage-deflate; ${common}`);
      expect(chromium?.extensions).toContain("client_max_window_bits=10");
      expect(chromium?.extensions).toContain("server_max_window_bits=12");
    });

    test.each([
      "permessage-deflate; server_max_window_bits=9",
      "permessage-deflate; unheard_of",
      "x-webkit-deflate-frame",
      ";;;",
    ])("a client that offers %j gets a connection without compression", async (offer) => {
      const client = await connect("json", offer);
      expect(client.extensions).toBeUndefined();
      await origin.control.broadcast({ text: "w".repeat(payloadBytes) });
      expect(await client.waitForText("www")).toMatchObject({ rsv1: false });
    });

    test("a hub without compression has no extension, and a compressed frame ends its client", async () => {
      const client = await connect("json", anOffer, uncompressed);
      expect(client.extensions).toBeUndefined();
      client.sendDeflated('{"type":6}\u001e');
      expect(await client.closeCode()).toBe(1002);
    });
  });

  describe("what clients compress", () => {
    const wire = wires.json;
    const add = wire.encode({ type: 1, invocationId: "7", target: "Add", arguments: [1, 2] });

    test("is read in one frame and in fragments, of which the first alone has the bit", async () => {
      const client = await connect("json", anOffer);
      const payload = deflate(add);
      client.send({ opcode: 1, rsv1: true, fin: false }, payload.subarray(0, 5));
      client.send({ opcode: 9 }, Buffer.from("between"));
      client.send({ opcode: 0, fin: false }, payload.subarray(5, 6));
      client.send({ opcode: 0 }, payload.subarray(6));
      expect((await client.waitForText('"invocationId":"7"')).payload.toString()).toContain('"result":3');
      expect(await client.waitFor(({ opcode }) => opcode === 10)).toMatchObject({ rsv1: false });
    });

    test("and what they do not compress is read as well", async () => {
      const client = await connect("json", anOffer);
      client.send({ opcode: 1 }, add);
      expect((await client.waitForText('"invocationId":"7"')).payload.toString()).toContain('"result":3');
    });

    test.each([
      { what: "a control frame", head: { opcode: 9, rsv1: true }, payload: deflate("ping"), code: 1002 },
      { what: "a continuation", head: { opcode: 0, rsv1: true }, payload: deflate("x"), code: 1002 },
      { what: "what is no deflate", head: { opcode: 1, rsv1: true }, payload: Buffer.alloc(20, 0xff), code: 1007 },
    ])("$what as a compressed frame ends the client with $code", async ({ head, payload, code }) => {
      const client = await connect("json", anOffer);
      const before = closedBy("protocol-error");
      client.send(head, payload);
      expect(await client.closeCode()).toBe(code);
      expect(closedBy("protocol-error")).toBe(before + 1);
    });

    test("a hub message over maxMessageBytes ends the client as one that is not compressed", async () => {
      const client = await connect("json", anOffer);
      const before = closedBy("message-too-large");
      client.sendDeflated(wire.encode({ type: 1, invocationId: "1", target: "Echo", arguments: ["a".repeat(33_000)] }));
      await client.waitForText('{"type":7,"error":"Connection closed with an error.","allowReconnect":true}');
      expect(await client.closeCode()).toBe(1000);
      expect(closedBy("message-too-large")).toBe(before + 1);
    });

    test("a bomb is not inflated beyond what a message may have", async () => {
      const client = await connect("json", anOffer);
      const before = closedBy("message-too-large");
      const bomb = deflate(Buffer.alloc(200 * 1024 * 1024));
      expect(bomb.length).toBeLessThan(1024 * 1024);
      client.send({ opcode: 2, rsv1: true }, bomb.subarray(0, 60_000));
      expect(await client.closeCode()).toBe(1009);
      expect(closedBy("message-too-large")).toBe(before + 1);
    });

    test("many small messages that inflate a thousandfold end the client before they are much", async () => {
      const client = await connect("json", anOffer);
      const pings = deflate('{"type":6}\u001e'.repeat(2000));
      for (let count = 0; count < 20; count += 1) client.send({ opcode: 1, rsv1: true }, pings);
      expect(await client.closeCode()).toBe(1009);
    });

    test("as many pings as a client likes, each compressed by itself, are no bomb", async () => {
      const client = await connect("json", anOffer);
      for (let count = 0; count < 5000; count += 1) client.sendDeflated('{"type":6}\u001e');
      client.send({ opcode: 1 }, add);
      await client.waitForText('"invocationId":"7"');
    });
  });
});
