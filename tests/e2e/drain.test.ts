import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { range } from "./support/updates.ts";

const hubs = { [hubPaths.contract]: { groups: contractGroups } };

/** `{"type":7,"allowReconnect":true}` */
const closeForReconnect = {
  json: Buffer.from('{"type":7,"allowReconnect":true}\u001e'),
  messagepack: Buffer.from("049307c0c3", "hex"),
};

describe.skipIf(!aspNetOriginAvailable)("drain", () => {
  let origin: Origin;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());

  test("every client is closed for a reconnect, whatever it does, and nothing is left at the origin", async () => {
    const edge = await Edge.startForTest({ origin, hubs });
    await edge.origin.control.reset();
    const members = await Promise.all([edge.connect(), edge.connect({ protocol: "messagepack" })]);
    for (const client of members) await resultOf(client, "1", "Subscribe", 1);
    const callers = await Promise.all([
      edge.connect(),
      edge.connect({ protocol: "messagepack", hub: hubPaths.detailed }),
    ]);
    for (const client of callers) await resultOf(client, "1", "WhoAmI");
    const [silent, busy] = [await edge.connect(), await edge.connect()];
    busy.sendMessages({ type: 1, invocationId: "1", target: "Slow", arguments: [60_000] });
    await edge.origin.control.waitFor({ kind: "invoked", name: "Slow" });
    expect((await edge.origin.control.state()).currentConnections).toBe(5);

    const handshaking = await edge.connect({ handshake: false });

    await edge.gateway.stop();
    expect(await handshaking.closed).toEqual({ code: 1000, reason: "" });
    expect(handshaking.webSocketMessages).toEqual([]);
    for (const client of [...members, ...callers, silent, busy]) {
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
      expect(client.frames.at(-1)).toEqual(closeForReconnect[client.wire.protocol]);
    }
    await edge.origin.control.waitFor({ kind: "disconnected" }, { count: 5 });
    const { currentConnections, lastDisconnects } = await edge.origin.control.state();
    expect(currentConnections).toBe(0);
    expect(lastDisconnects.map(({ error }) => error)).toEqual(range(1, 5).map(() => null));
  });

  test("an official client with automatic reconnect takes the end for a reason to reconnect", async () => {
    const edge = await Edge.startForTest({ origin, hubs });
    const connection = edge.buildRealClient({ reconnectDelaysMs: [60_000] });
    const reconnecting = new Promise((resolve) => connection.onreconnecting(resolve));
    await connection.start();
    await connection.invoke("Subscribe", 1);
    await edge.gateway.stop();
    expect(await reconnecting).toBeUndefined();
  });

  test("nobody new gets in while clients are still there", async () => {
    const edge = await Edge.startForTest({ origin, hubs });
    // A client that does not read keeps the gateway waiting for it.
    const lingering = await edge.connect();
    const negotiated = await askNegotiate(edge.hubUrl());
    lingering.socket.pause();
    const stopped = edge.gateway.stop();
    const { connectionToken } = JSON.parse(negotiated.text);
    expect(await askNegotiate(edge.hubUrl())).toMatchObject({ status: 503 });
    expect(await askUpgrade(edge.hubUrl())).toMatchObject({ status: 503 });
    expect(await askUpgrade(`${edge.hubUrl()}?id=${connectionToken}`)).toMatchObject({ status: 503 });
    expect(edge.hub().clients).toBeLessThanOrEqual(1);
    lingering.socket.resume();
    await stopped;
    await expect(askNegotiate(edge.hubUrl())).rejects.toThrow();
  });

  test("a client that never reads its end is cut at the deadline", async () => {
    const edge = await Edge.startForTest({ origin, hubs, limits: { drainTimeoutMs: 300 } });
    const stuck = await edge.connect();
    stuck.socket.pause();
    const startedAt = performance.now();
    await edge.gateway.stop();
    // The deadline, and what a busy machine takes for the rest.
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(edge.hub().clients).toBe(0);
    await expect(edge.connect()).rejects.toThrow();
  });

  test("members of large groups are closed over a time, each once", async () => {
    const edge = await Edge.startForTest({ origin, hubs });
    const clients = await edge.connectMany(200);
    await Promise.all(clients.map((client) => resultOf(client, "1", "Subscribe", 1)));
    await edge.gateway.stop();
    const ends = await Promise.all(clients.map((client) => client.closed));
    expect(ends.every(({ code }) => code === 1000)).toBe(true);
    const closes = clients.map(({ frames }) => frames.filter((frame) => frame.equals(closeForReconnect.json)).length);
    expect(closes).toEqual(clients.map(() => 1));
    expect(edge.log.count("client.closed", { reason: "drained" })).toBe(200);
  });
});
