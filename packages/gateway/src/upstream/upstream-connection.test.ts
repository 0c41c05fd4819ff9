import { type Envelope, type Frame, type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { UpstreamConnection, type UpstreamConnectionListener, type UpstreamLimits } from "./upstream-connection.ts";
import { openWebSocketPair, type WebSocketPair } from "./websocket-origin.testing.ts";

const limits: UpstreamLimits = {
  maxDepth: 64,
  maxArguments: 100,
  upstreamMaxMessageBytes: 10_000,
  upstreamHandshakeTimeoutMs: 15_000,
  upstreamTimeoutMs: 30_000,
  keepAliveIntervalMs: 10_000,
};
const separator = "\u001e";
const update = '{"type":1,"target":"Changed","arguments":[1]}';

class Listener implements UpstreamConnectionListener {
  readonly events: string[] = [];
  #waiting: (() => void) | undefined;

  handshakeAccepted(): void {
    this.#add("accepted");
  }

  handshakeRefused(error: string): void {
    this.#add(`refused: ${error}`);
  }

  received(envelope: Envelope, frame: Frame): void {
    this.#add(`${envelope.type}: ${frame.toString("latin1")}`);
  }

  ended(closeFrame: Frame | undefined, reason: string): void {
    this.#add(`ended: ${closeFrame?.toString() ?? reason}`);
  }

  congested(): void {
    this.#add("congested");
  }

  drained(): void {
    this.#add("drained");
  }

  async until(count: number): Promise<readonly string[]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.events;
  }

  #add(event: string): void {
    this.events.push(event);
    this.#waiting?.();
  }
}

let pair: WebSocketPair;
let listener: Listener;
let connection: UpstreamConnection;
let nowMs: number;
const clock: Clock = { now: () => nowMs, after: () => ({ cancel: () => undefined }), random: () => 0 };

beforeEach(async () => {
  nowMs = 1000;
  pair = await openWebSocketPair(limits.upstreamMaxMessageBytes);
  listener = new Listener();
  connection = new UpstreamConnection(pair.near, limits, clock, listener);
});

afterEach(() => pair.close());

function answer(text: string | Buffer): void {
  pair.far.webSocket.send(text);
}

async function open(protocolName: HubProtocolName = "json"): Promise<void> {
  connection.handshake(hubProtocols[protocolName]);
  await pair.far.next();
  answer(`{}${separator}`);
  await listener.until(1);
  // The first ping.
  await pair.far.next();
}

describe("the handshake", () => {
  test.each(["json", "messagepack"] as const)("asks for %s in one text message", async (name) => {
    connection.handshake(hubProtocols[name]);
    const { data, isBinary } = await pair.far.next();
    expect(data.toString()).toBe(`{"protocol":"${name}","version":1}${separator}`);
    expect(isBinary).toBe(false);
  });

  test("is done with the origin's answer; a ping follows", async () => {
    connection.handshake(hubProtocols.messagepack);
    await pair.far.next();
    answer(`{}${separator}`);
    expect(await pair.far.next()).toEqual({ data: hubProtocols.messagepack.pingFrame, isBinary: true });
    expect(listener.events).toEqual(["accepted"]);
  });

  test("may be cut anywhere, and what lies behind it in the same message is received", async () => {
    connection.handshake(hubProtocols.json);
    await pair.far.next();
    answer("{");
    answer(`}${separator}${update}${separator}${update.slice(0, 9)}`);
    answer(`${update.slice(9)}${separator}`);
    expect(await listener.until(3)).toEqual(["accepted", `1: ${update}${separator}`, `1: ${update}${separator}`]);
  });

  test("that is refused ends the connection in the regular way", async () => {
    connection.handshake(hubProtocols.json);
    answer(`{"error":"no such protocol"}${separator}`);
    expect(await listener.until(1)).toEqual(["refused: no such protocol"]);
    expect(await pair.far.closed).toBe(1000);
    expect(listener.events.length).toBe(1);
  });

  test.each([
    ["a hub message", `${update}${separator}`],
    ["nonsense", `HTTP${separator}`],
    ["more bytes than any handshake has", "x".repeat(9000)],
  ])("answered with %s breaks the connection off", async (_name, text) => {
    connection.handshake(hubProtocols.json);
    for (let times = 0; times < 8; times += 1) answer(text);
    expect((await listener.until(1))[0]).toMatch(/^ended: /);
    expect(await pair.far.closed).toBe(1006);
    expect(listener.events.length).toBe(1);
  });

  test("that is not answered in time breaks the connection off", async () => {
    connection.handshake(hubProtocols.json);
    connection.sweep(nowMs + 14_999);
    expect(listener.events).toEqual([]);
    connection.sweep(nowMs + 15_000);
    expect(listener.events).toEqual(["ended: no handshake response in time"]);
    expect(await pair.far.closed).toBe(1006);
  });
});

describe("while it is open", () => {
  test("frames are passed on as they came, however they are cut into WebSocket messages", async () => {
    await open();
    answer(`${update}${separator}${update}${separator}`);
    for (const character of `${update}${separator}`) answer(character);
    expect(await listener.until(4)).toEqual(["accepted", ...Array(3).fill(`1: ${update}${separator}`)]);
  });

  test("MessagePack travels in binary messages both ways", async () => {
    await open("messagepack");
    const frame = hubProtocols.messagepack.writeCompletion("7", { kind: "void" });
    answer(frame);
    expect(await listener.until(2)).toEqual(["accepted", `3: ${frame.toString("latin1")}`]);
    connection.send(frame);
    expect(await pair.far.next()).toEqual({ data: frame, isBinary: true });
  });

  test("JSON travels in text messages", async () => {
    await open();
    connection.send(Buffer.from(`${update}${separator}`));
    expect(await pair.far.next()).toEqual({ data: Buffer.from(`${update}${separator}`), isBinary: false });
  });

  test("pings, acks and types from the future are not passed on", async () => {
    await open();
    answer(`{"type":6}${separator}{"type":8,"sequenceId":1}${separator}{"type":9,"sequenceId":1}${separator}`);
    answer(`{"type":99,"x":[]}${separator}{"type":5,"invocationId":"1"}${separator}`);
    expect(await listener.until(2)).toEqual(["accepted", `5: {"type":5,"invocationId":"1"}${separator}`]);
  });

  test("a Close message is the end: it is handed over, answered with a WebSocket close, and nothing follows", async () => {
    await open();
    const close = '{"type":7,"error":"over","allowReconnect":true}';
    answer(`${update}${separator}${close}${separator}${update}${separator}`);
    answer(`${update}${separator}`);
    expect(await listener.until(3)).toEqual(["accepted", `1: ${update}${separator}`, `ended: ${close}${separator}`]);
    expect(await pair.far.closed).toBe(1000);
    expect(listener.events.length).toBe(3);
  });

  test.each([
    ["malformed", `{"type":1,"target":1}${separator}`],
    ["too long, and not complete", "x".repeat(9999)],
    ["deeper than allowed", `{"type":1,"target":"t","arguments":[${"[".repeat(64)}${"]".repeat(64)}]}${separator}`],
  ])("a message that is %s breaks the connection off", async (_name, text) => {
    await open();
    answer(text);
    answer(text);
    answer(`${update}${separator}`);
    expect((await listener.until(2))[1]).toMatch(/^ended: /);
    expect(await pair.far.closed).toBe(1006);
    expect(listener.events.length).toBe(2);
  });

  test("a WebSocket message over the bound ends the connection", async () => {
    await open();
    answer("x".repeat(10_001));
    expect((await listener.until(2))[1]).toMatch(/^ended: .*payload/i);
    expect(await pair.far.closed).toBe(1009);
  });

  test("the end of the WebSocket without a Close message is an end without a reason of the hub", async () => {
    await open();
    pair.far.webSocket.close(1001);
    expect(await listener.until(2)).toEqual(["accepted", "ended: the WebSocket ended with 1001"]);
  });

  test("a connection that breaks ends once", async () => {
    await open();
    pair.far.webSocket.terminate();
    expect((await listener.until(2))[1]).toMatch(/^ended: /);
    connection.sweep(nowMs + 1e6);
    connection.send(Buffer.from(`${update}${separator}`));
    expect(listener.events.length).toBe(2);
  });

  test("a regular end from this side is a WebSocket close without a Close message, and the owner hears nothing", async () => {
    await open();
    connection.close(true);
    answer(`${update}${separator}`);
    expect(await pair.far.closed).toBe(1000);
    expect(listener.events).toEqual(["accepted"]);
  });

  test("an end that is not regular breaks the connection off", async () => {
    await open();
    connection.close(false);
    expect(await pair.far.closed).toBe(1006);
    expect(listener.events).toEqual(["accepted"]);
  });

  test("an origin that does not read makes the owner wait until it does", async () => {
    await open();
    pair.far.webSocket.pause();
    const frame = Buffer.from(`{"type":1,"target":"t","arguments":["${"x".repeat(60_000)}"]}${separator}`);
    for (let sent = 0; sent < 1000 && listener.events.length === 1; sent += 1) connection.send(frame);
    connection.send(frame);
    expect(listener.events).toEqual(["accepted", "congested"]);
    pair.far.webSocket.resume();
    expect(await listener.until(3)).toEqual(["accepted", "congested", "drained"]);
  });
});

describe("silence", () => {
  test("of the origin for too long breaks the connection off", async () => {
    await open();
    connection.sweep(nowMs + 29_999);
    expect(listener.events).toEqual(["accepted"]);
    connection.sweep(nowMs + 30_000);
    expect(listener.events).toEqual(["accepted", "ended: silent for 30000 ms"]);
    expect(await pair.far.closed).toBe(1006);
  });

  test("ends with any byte of the origin, a ping included", async () => {
    await open();
    nowMs += 29_000;
    answer(`{"type":6}${separator}{"type":3,"invocationId":"1"}${separator}`);
    await listener.until(2);
    connection.sweep(nowMs + 29_999);
    expect(listener.events.length).toBe(2);
    connection.sweep(nowMs + 30_000);
    expect(listener.events.at(-1)).toBe("ended: silent for 30000 ms");
  });

  test("does not count while nobody reads, nor from before reading went on", async () => {
    await open();
    connection.pause();
    nowMs += 100_000;
    connection.sweep(nowMs);
    connection.resume();
    connection.sweep(nowMs);
    expect(listener.events).toEqual(["accepted"]);
    connection.sweep(nowMs + 30_000);
    expect(listener.events.at(-1)).toMatch(/^ended: silent/);
  });

  test("of this side is kept short by pings", async () => {
    await open();
    connection.sweep(nowMs + 9999);
    connection.sweep(nowMs + 10_000);
    connection.sweep(nowMs + 10_001);
    connection.sweep(nowMs + 20_000);
    connection.send(Buffer.from(`${update}${separator}`));
    const seen = [await pair.far.next(), await pair.far.next(), await pair.far.next()];
    expect(seen.map(({ data }) => data.toString())).toEqual([
      `{"type":6}${separator}`,
      `{"type":6}${separator}`,
      `${update}${separator}`,
    ]);
  });
});
