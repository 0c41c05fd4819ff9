import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { type ConfiguredGateway, contractHub, startConfigured } from "./support/configured-gateway.ts";

/** Nothing here is asked of an origin. */
const hub = contractHub("http://127.0.0.1:9/hubs/contract", { privateUpstream: "never", authentication: "none" });
const path = hubPaths.contract;

async function start(limits: Readonly<Record<string, number>> = {}): Promise<ConfiguredGateway> {
  const edge = await startConfigured({ hubs: [hub], limits });
  onTestFinished(() => edge.gateway.stop());
  return edge;
}

function open({ url }: ConfiguredGateway): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // A reset behind an answer is part of it.
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Everything that comes until the gateway ends the connection. */
async function untilEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks);
}

/** One byte each time the clock says so, for as long as the other side takes it. */
function trickle(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 50);
  socket.on("close", () => clearInterval(timer));
}

test("a URL over maxUrlBytes is answered with 414 and says which limit it was", async () => {
  const edge = await start({ maxUrlBytes: 200 });
  const answer = await askUpgrade(`${edge.url}${path}?access_token=${"x".repeat(200)}`);
  expect(answer).toMatchObject({ status: 414, text: expect.stringContaining("limits.maxUrlBytes") });
  expect((await askUpgrade(`${edge.url}${path}?access_token=x`)).status).toBe(101);
  expect(edge.gateway.metrics.requestsOverLimit).toBe(1);
});

test("more than maxRequestHeaders are answered with 431, and exactly as many are taken", async () => {
  const edge = await start({ maxRequestHeaders: 20 });
  // Host, Connection, Upgrade and two of WebSockets are there already.
  const headers = (count: number) => Object.fromEntries(Array.from({ length: count - 5 }, (_, n) => [`x-${n}`, "x"]));
  expect((await askUpgrade(edge.url + path, headers(20))).status).toBe(101);
  const answer = await askUpgrade(edge.url + path, headers(21));
  expect(answer).toMatchObject({ status: 431, text: expect.stringContaining("limits.maxRequestHeaders") });
  expect((await askUpgrade(edge.url + path, headers(300))).status).toBe(431);
  expect(edge.gateway.metrics.requestsOverLimit).toBe(2);
});

test("headers over maxRequestHeaderBytes are answered with 431", async () => {
  const edge = await start({ maxRequestHeaderBytes: 4096 });
  expect((await askUpgrade(edge.url + path, { "x-large": "x".repeat(5000) })).status).toBe(431);
  expect(edge.gateway.metrics.requestsOverLimit).toBe(1);
});

test("a body that comes a byte at a time is cut at requestTimeoutMs, however steadily it comes", async () => {
  const edge = await start({ requestHeadersTimeoutMs: 200, requestTimeoutMs: 300 });
  const client = await RawClient.connect({ url: edge.url + path });
  onTestFinished(() => client.socket.terminate());
  const negotiated = await fetch(`${edge.url}${path}/negotiate?negotiateVersion=1`, { method: "POST" });
  const { connectionToken } = (await negotiated.json()) as { connectionToken: string };
  const socket = open(edge);
  socket.write(`POST ${path}?id=${connectionToken} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 30000\r\n\r\n`);
  trickle(socket, "x");
  expect((await untilEnd(socket)).toString()).toMatch(/^HTTP\/1\.1 408 /);
  expect(edge.gateway.metrics.requestsOverLimit).toBe(1);
  // Whoever sent its request long ago is none of those.
  expect(client.socket.readyState).toBe(client.socket.OPEN);
});

test("headers that come a byte at a time are cut at requestHeadersTimeoutMs", async () => {
  const edge = await start({ requestHeadersTimeoutMs: 200 });
  const socket = open(edge);
  socket.write(`GET ${path} HTTP/1.1\r\nX-Slow: `);
  trickle(socket, "x");
  expect((await untilEnd(socket)).toString()).toMatch(/^HTTP\/1\.1 408 /);
});

/** A masked WebSocket frame with a mask of zeros. */
function frame(isFinal: boolean, opcode: number, payload: string): Buffer {
  return Buffer.concat([
    Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | payload.length, 0, 0, 0, 0]),
    Buffer.from(payload),
  ]);
}

async function upgraded({ url }: ConfiguredGateway): Promise<Socket> {
  const answer = await askUpgrade(url + path);
  if (answer.socket === undefined) throw new Error(`answered with ${answer.status}`);
  const { socket } = answer;
  onTestFinished(() => void socket.destroy());
  return socket;
}

test("a message in more than maxFragments closes the client with 1008 and its own reason", async () => {
  const edge = await start({ maxFragments: 10 });
  const socket = await upgraded(edge);
  // As many as are allowed, and the hub answers.
  const handshake = '{"protocol":"json","version":1}\u001e';
  const parts = Array.from({ length: 9 }, (_, n) => frame(false, n === 0 ? 1 : 0, n === 0 ? handshake : ""));
  socket.write(Buffer.concat([...parts, frame(true, 0, "")]));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toContain("{}\u001e");

  const ended = untilEnd(socket);
  socket.write(Buffer.concat([frame(false, 1, ""), ...Array.from({ length: 10 }, () => frame(false, 0, ""))]));
  // A Close frame with 1008, policy violation.
  expect([...(await ended)]).toEqual([0x88, 0x02, 0x03, 0xf0]);
  await edge.log.waitFor("client.closed", { reason: "too-many-fragments" });
});

test("a frame in more than maxBufferedChunks closes the client with its own reason", async () => {
  const edge = await start({ maxBufferedChunks: 5 });
  const socket = await upgraded(edge);
  socket.setNoDelay(true);
  // The frame announces 100 bytes, and they come one by one.
  socket.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0]));
  trickle(socket, "x");
  await untilEnd(socket);
  await edge.log.waitFor("client.closed", { reason: "too-many-fragments" });
});
