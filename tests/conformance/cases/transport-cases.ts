import { expect } from "vitest";
import { jsonFrame } from "../../support/json-wire.ts";
import { lengthPrefixed } from "../../support/messagepack-wire.ts";
import type { RawConnection } from "../../support/raw-connection.ts";
import { addFrame, idAtOrigin } from "../invoke.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

const closedWithError = { type: 7, error: "Connection closed with an error.", allowReconnect: true };
const maxMessageBytes = 32_768;

/** Handshake, limits and ends that are the same over every transport; to the byte they are tested over WebSockets. */
export function transportCases(suite: SuiteContext, leg: Leg): void {
  handshakeCases(suite, leg);
  sizeCases(suite, leg);
  endCases(suite, leg);
}

function handshakeCases(suite: SuiteContext, leg: Leg): void {
  suite.test(`${leg.protocol === "json" ? "Q102" : "Q103"} the answer to the handshake is {}`, async () => {
    const client = await suite.connectOver(leg);
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
  });

  for (const { number, handshake, error } of [
    { number: "Q106", handshake: '{"protocol":"nope","version":1}', error: "The protocol 'nope' is not supported." },
    {
      number: "Q107",
      handshake: `{"protocol":"${leg.protocol}","version":99}`,
      error: `The server does not support version 99 of the '${leg.protocol}' protocol.`,
    },
    { number: "Q111", handshake: "{}", error: "An unexpected error occurred during connection handshake." },
  ]) {
    suite.test(`${number} the handshake ${handshake} is refused, and the transport ends`, async () => {
      const client = await suite.connectOver(leg, { handshake: false });
      client.sendText(`${handshake}\u001e`);
      expect(await client.handshakeResponse()).toEqual(jsonFrame(JSON.stringify({ error })));
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
      expect(client.frames).toEqual([]);
    });
  }

  suite.test("Q108 version 2 is accepted without stateful reconnect", async () => {
    const client = await suite.connectOver(leg, { handshake: false });
    client.sendText(`{"protocol":"${leg.protocol}","version":2}\u001e`);
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
  });

  suite.test("Q112 what the hub sends on connection comes between {} and the first answer", async () => {
    const client = await suite.connectOver(leg, { query: "greet=1", handshake: false });
    client.send(Buffer.concat([jsonFrame(`{"protocol":"${leg.protocol}","version":1}`), addFrame(client, "1")]));
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
    const id: unknown = suite.traits.groups ? expect.any(String) : client.connectionId;
    const greeting = { type: 1, target: "Greeting", arguments: [id] };
    expect(await client.nextMessages(2)).toEqual([greeting, { type: 3, invocationId: "1", result: 3 }]);
  });

  suite.test("Q113 a hub that fails on connection closes for good", async () => {
    const client = await suite.connectOver(leg, { query: "failConnect=1" });
    if (suite.traits.groups) client.sendMessages({ type: 1, target: "Void", arguments: [] });
    expect(await client.nextMessage()).toEqual({ type: 7, error: "Connection closed with an error." });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });
}

function sizeCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q132 a message of exactly the limit is accepted, one byte more closes the connection", async () => {
    const client = await suite.connectOver(leg);
    client.send(echoOfSize(client, maxMessageBytes));
    expect(await client.nextMessage()).toMatchObject({ type: 3, result: expect.any(String) });
    client.send(echoOfSize(client, maxMessageBytes + 1));
    expect(await client.nextMessage()).toEqual(closedWithError);
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  suite.test("Q135 a result of 5 MB is delivered", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "1", target: "Big", arguments: [5_000_000] });
    const message = await client.nextMessage(15_000);
    expect(message.type === 3 && message.result === "x".repeat(5_000_000)).toBe(true);
  });

  suite.test("Q140 1,000 invocations in one piece are each answered once and in order", async () => {
    const client = await suite.connectOver(leg);
    const ids = Array.from({ length: 1_000 }, (_, id) => String(id));
    client.send(Buffer.concat(ids.map((id) => addFrame(client, id))));
    await client.completionOf("999", 15_000);
    const answers = client.frames.map((frame) => client.wire.decode(frame));
    expect(answers).toEqual(ids.map((invocationId) => ({ type: 3, invocationId, result: 3 })));
  });
}

function endCases(suite: SuiteContext, leg: Leg): void {
  const bad = leg.protocol === "json" ? jsonFrame("{not JSON}") : lengthPrefixed(Buffer.from([0xc1]));
  suite.test(
    `${leg.protocol === "json" ? "Q129" : "Q157"} bytes that are no message close the connection`,
    async () => {
      const client = await suite.connectOver(leg);
      client.send(bad);
      expect(await client.nextMessage()).toEqual(closedWithError);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    },
  );

  suite.test("Q138 a client's Close message is answered with one and is a graceful end", async () => {
    const client = await suite.connectOver(leg);
    const connectionId = await idAtOrigin(client);
    client.sendMessages({ type: 7 });
    expect(await client.nextMessage()).toEqual({ type: 7 });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    const { control } = suite.target.origin;
    expect(await control.waitFor({ kind: "disconnected", connectionId })).toMatchObject({ error: null });
  });

  suite.test("Q142 completions, items and cancellations for unknown ids are ignored", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(
      { type: 3, invocationId: "s99", result: 1 },
      { type: 2, invocationId: "99", item: 1 },
      { type: 5, invocationId: "99" },
    );
    client.send(addFrame(client, "1"));
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });
}

/** An invocation of `Echo` whose frame has this many bytes. Its text is long enough for the longest form of its length. */
function echoOfSize(client: RawConnection, bytes: number): Buffer {
  const frameOf = (length: number): Buffer =>
    client.wire.encode({ type: 1, invocationId: "1", target: "Echo", arguments: ["x".repeat(length)] });
  const around = frameOf(30_000).length - 30_000;
  return frameOf(bytes - around);
}
