import type { HubProtocolName } from "@signalr-edge/protocol";
import { expect } from "vitest";
import { jsonFrame } from "../../support/json-wire.ts";
import { maskedText } from "../../support/masked-text.ts";
import { negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import type { SuiteContext } from "../suite-context.ts";

const noConnection = "No Connection with that ID";

/** Q032, Q036, Q046-Q055, Q062, Q063, Q149, Q246: the upgrade, and WebSocket frames against hub frames. */
export function webSocketCases(suite: SuiteContext): void {
  upgradeCases(suite);
  upgradeHeaderCases(suite);
  for (const protocol of suite.traits.protocols) {
    outgoingCases(suite, protocol);
    incomingCases(suite, protocol);
  }
}

function upgradeCases(suite: SuiteContext): void {
  suite.test("Q032 an unknown id is refused before the upgrade", async () => {
    const answer = await askUpgrade(suite.hubUrl(hubPaths.contract, "id=unknown"));
    expect(answer).toMatchObject({ status: 404, text: noConnection });
  });

  suite.test("Q036 a second WebSocket for one id is refused and the first lives on", async () => {
    const client = await suite.connect();
    const answer = await askUpgrade(suite.hubUrl(hubPaths.contract, `id=${client.connectionToken}`));
    expect(answer).toMatchObject({ status: 409, text: "" });
    await expectAnswer(client);
  });

  suite.test("Q046 no subprotocol is chosen, whatever is offered", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl());
    const url = suite.hubUrl(hubPaths.contract, `id=${connectionToken}`);
    const answer = await askUpgrade(url, { "sec-websocket-protocol": "foo" });
    answer.socket?.destroy();
    expect(answer.status).toBe(101);
    expect(answer.headers).not.toHaveProperty("sec-websocket-protocol");
  });
}

function upgradeHeaderCases(suite: SuiteContext): void {
  suite.test("Q062 compression is not accepted, and the connection works without", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl());
    const url = suite.hubUrl(hubPaths.contract, `id=${connectionToken}`);
    const answer = await askUpgrade(url, { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" });
    expect(answer.status).toBe(101);
    expect(answer.headers).not.toHaveProperty("sec-websocket-extensions");
    const { socket } = answer;
    const first = new Promise<Buffer>((resolve) => socket?.once("data", resolve));
    socket?.write(maskedText('{"protocol":"json","version":1}\u001e'));
    // A text frame, not compressed, of 3 bytes.
    expect(await first).toEqual(Buffer.from([0x81, 3, 0x7b, 0x7d, 0x1e]));
    socket?.destroy();
  });

  suite.test("Q246 a header of 16 kB is accepted, and one of 100 kB refused", async () => {
    const large = await askUpgrade(suite.hubUrl(), { "x-large": "x".repeat(16_000) });
    large.socket?.destroy();
    expect(large.status).toBe(101);
    // The request may be broken off while it is still being written.
    const status = await askUpgrade(suite.hubUrl(), { "x-large": "x".repeat(100_000) }).then(
      (answer) => answer.status,
      () => "broken off",
    );
    expect([400, 413, 414, 431, "broken off"]).toContain(status);
  });

  suite.test("Q047 a WebSocket without an id is a connection of its own", async () => {
    await expectAnswer(await suite.connect({ negotiate: "skip" }));
  });
}

function outgoingCases(suite: SuiteContext, protocol: HubProtocolName): void {
  const binary = protocol === "messagepack";
  const number = binary ? "Q049" : "Q048";

  suite.test(`${number} ${protocol} comes in whole frames in ${binary ? "binary" : "text"} messages`, async () => {
    // The raw client refuses partial frames.
    const client = await suite.connect({ protocol });
    client.sendMessages({ type: 1, invocationId: "1", target: "CallerThenReturn", arguments: [50] });
    await client.completionOf("1");
    expect(client.frames).toHaveLength(51);
    expect(client.webSocketMessages.every((message) => message.binary === binary)).toBe(true);
    expect(client.webSocketMessages[0]?.bytes.subarray(0, 3)).toEqual(jsonFrame("{}"));
  });

  suite.test(`Q063 1 MB of ${protocol} arrives in one WebSocket message`, async () => {
    const client = await suite.connect({ protocol });
    client.sendMessages({ type: 1, invocationId: "1", target: "Big", arguments: [1_000_000] });
    expect(await client.completionOf("1")).toMatchObject({ result: "x".repeat(1_000_000) });
    expect(client.webSocketMessages.at(-1)?.bytes.length).toBeGreaterThan(1_000_000);
  });
}

function incomingCases(suite: SuiteContext, protocol: HubProtocolName): void {
  if (protocol === "json") {
    suite.test("Q050 JSON in binary WebSocket frames is understood", async () => {
      const client = await suite.connect({ handshake: false });
      client.send(jsonFrame('{"protocol":"json","version":1}'), true);
      client.send(add(client, "1"), true);
      expect(await client.nextMessage()).toMatchObject({ invocationId: "1", result: 3 });
      expect(client.webSocketMessages.every((message) => !message.binary)).toBe(true);
    });
  } else {
    for (const binary of [false, true]) {
      suite.test(`Q051 MessagePack works after a handshake in a ${binary ? "binary" : "text"} frame`, async () => {
        const client = await suite.connect({ protocol, handshake: false });
        client.send(jsonFrame('{"protocol":"messagepack","version":1}'), binary);
        expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
        await expectAnswer(client);
      });
    }
  }

  cutCases(suite, protocol);
}

function cutCases(suite: SuiteContext, protocol: HubProtocolName): void {
  const several = protocol === "json" ? "Q052" : "Q149";
  suite.test(`${several} three ${protocol} messages in one WebSocket frame are answered in order`, async () => {
    const client = await suite.connect({ protocol });
    client.send(Buffer.concat([add(client, "1"), add(client, "2"), add(client, "3")]));
    const answers = await client.nextMessages(3);
    expect(answers).toMatchObject([{ invocationId: "1" }, { invocationId: "2" }, { invocationId: "3" }]);
  });

  const cut = protocol === "json" ? "Q053" : "Q149";
  suite.test(`${cut} a ${protocol} message cut anywhere is processed once`, async () => {
    const client = await suite.connect({ protocol });
    // In binary WebSocket frames, as a text frame must not end inside of a character (RFC 6455, 8.1).
    await sendInPieces(client, "é😀".repeat(20), true);
  });

  if (protocol === "json") {
    suite.test("Q053 a json message cut anywhere into text frames is processed once", async () => {
      await sendInPieces(await suite.connect({ protocol }), "plain text", false);
    });
  }

  suite.test(
    `Q054 a fragmented ${protocol} message with a ping inside is processed and the ping answered`,
    async () => {
      const client = await suite.connect({ protocol });
      const pong = new Promise<string>((resolve) => client.socket.once("pong", (data) => resolve(data.toString())));
      const frame = add(client, "1");
      const binary = protocol === "messagepack";
      client.socket.send(frame.subarray(0, 5), { binary, fin: false });
      client.socket.ping("inside");
      client.socket.send(frame.subarray(5), { binary, fin: true });
      expect(await client.nextMessage()).toMatchObject({ invocationId: "1", result: 3 });
      expect(await pong).toBe("inside");
    },
  );

  suite.test(`Q055 a ${protocol} invocation in the frame of the handshake is processed`, async () => {
    const client = await suite.connect({ protocol, handshake: false });
    client.send(Buffer.concat([jsonFrame(`{"protocol":"${protocol}","version":1}`), add(client, "1")]));
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
    expect(await client.nextMessage()).toMatchObject({ invocationId: "1", result: 3 });
  });
}

function add(client: RawClient, invocationId: string): Buffer {
  return client.wire.encode({ type: 1, invocationId, target: "Add", arguments: [1, 2] });
}

/** Asks the connection something to see that it lives. */
async function expectAnswer(client: RawClient): Promise<void> {
  client.send(add(client, "alive"));
  expect(await client.nextMessage()).toMatchObject({ invocationId: "alive", result: 3 });
}

/** Sends an invocation of `Echo` cut into two at every place, and once into five; each must be answered once. */
async function sendInPieces(client: RawClient, text: string, binary: boolean): Promise<void> {
  const frame = client.wire.encode({ type: 1, invocationId: "1", target: "Echo", arguments: [text] });
  for (let length = 1; length < frame.length; length++) {
    client.send(frame.subarray(0, length), binary);
    client.send(frame.subarray(length), binary);
    expect(await client.nextMessage()).toMatchObject({ result: text });
  }
  for (const piece of fivePieces(frame)) client.send(piece, binary);
  expect(await client.nextMessage()).toMatchObject({ result: text });
  await expectAnswer(client);
  expect(client.frames).toHaveLength(frame.length + 1);
}

function fivePieces(frame: Buffer): Buffer[] {
  const size = Math.ceil(frame.length / 5);
  return Array.from({ length: 5 }, (_, index) => frame.subarray(index * size, (index + 1) * size));
}
