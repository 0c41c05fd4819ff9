import { once } from "node:events";
import { MessageType } from "@signalr-edge/protocol";
import { expect, onTestFinished, test } from "vitest";
import { connectRaw } from "../support/connect-raw.ts";
import { hubPaths } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import type { RawConnection } from "../support/raw-connection.ts";
import { type ConfiguredGateway, contractHub, startConfigured } from "./support/configured-gateway.ts";
import { range } from "./support/updates.ts";

/** Nothing here is asked of an origin: invocations are answered by the gateway, with an error. */
const hub = contractHub("http://127.0.0.1:9/hubs/contract", { privateUpstream: "never", authentication: "none" });

async function start(limits: Readonly<Record<string, number>>): Promise<ConfiguredGateway> {
  const edge = await startConfigured({ hubs: [hub], limits });
  onTestFinished(() => edge.gateway.stop());
  return edge;
}

async function connect({ url }: ConfiguredGateway): Promise<RawClient> {
  const client = await RawClient.connect({ url: url + hubPaths.contract });
  onTestFinished(() => client.socket.terminate());
  return client;
}

function invoke(client: RawConnection, first: number, last: number): void {
  for (const id of range(first, last)) {
    client.sendMessages({ type: MessageType.Invocation, invocationId: String(id), target: "Any", arguments: [] });
  }
}

function throttled({ gateway }: ConfiguredGateway): number {
  return gateway.metrics.hub(hubPaths.contract).throttled;
}

for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"] as const) {
  test(`what a client sends too fast over ${transport} waits and is answered in order, and nobody else waits for it`, async () => {
    const edge = await start({ maxMessagesPerSecond: 50, maxMessageBurst: 20 });
    const fast = await connectRaw(transport, { url: edge.url + hubPaths.contract });
    const calm = await connect(edge);
    invoke(fast, 1, 60);
    await expect.poll(() => throttled(edge)).toBeGreaterThan(0);
    invoke(calm, 1, 1);
    await calm.nextMessage();
    const answers = await fast.nextMessages(60);
    expect(answers.map((message) => "invocationId" in message && message.invocationId)).toEqual(
      range(1, 60).map(String),
    );
    await fast.close();
  });
}

for (const { name, flood } of [
  { name: "messages", flood: (client: RawClient) => invoke(client, 1, 1000) },
  {
    name: "pings of the hub protocol",
    flood: (client: RawClient) => {
      for (let n = 0; n < 1000; n++) client.sendText('{"type":6}\u001e');
    },
  },
  {
    name: "pings of WebSockets",
    flood: (client: RawClient) => {
      for (let n = 0; n < 1000; n++) client.socket.pong();
    },
  },
  {
    name: "empty messages",
    flood: (client: RawClient) => {
      for (let n = 0; n < 1000; n++) client.sendText("");
    },
  },
]) {
  test(`a client that floods the gateway with ${name} is closed with a word, and its reason`, async () => {
    const edge = await start({
      maxMessagesPerSecond: 10,
      maxMessageBurst: 20,
      maxPingsPerSecond: 2,
      floodTimeoutMs: 1500,
    });
    const client = await connect(edge);
    flood(client);
    await edge.log.waitFor("client.closed", { reason: "flood" });
    expect((await client.closed).code).toBe(1000);
    expect(client.wire.decode(client.frames.at(-1) ?? Buffer.alloc(0))).toEqual({
      type: MessageType.Close,
      error: "Connection closed with an error.",
      allowReconnect: true,
    });
    expect(throttled(edge)).toBeGreaterThan(0);
  });
}

test("as many WebSocket pings as clients send are answered, each", async () => {
  const edge = await start({});
  const client = await connect(edge);
  for (let n = 0; n < 5; n++) {
    const answered = once(client.socket, "pong");
    client.socket.ping(String(n));
    expect(String((await answered)[0])).toBe(String(n));
  }
  expect(throttled(edge)).toBe(0);
});
