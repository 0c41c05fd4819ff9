import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "vitest";
import { askHub } from "../../support/ask-hub.ts";
import { jsonFrame } from "../../support/json-wire.ts";
import { negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { openStream } from "../../support/raw-event-stream-client.ts";
import { expectAlive, idAtOrigin } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

const handshake = '{"protocol":"json","version":1}\u001e';
const soonMs = 1_000;

/** Q065-Q069, Q071-Q075, Q077: Server-Sent Events, to the byte. */
export function eventStreamCases(suite: SuiteContext): void {
  beginCases(suite);
  handshakeCases(suite);
  httpCases(suite);
  eventCases(suite);
  endCases(suite);
}

function beginCases(suite: SuiteContext): void {
  for (const { number, accept } of [
    { number: "Q065", accept: "text/event-stream" },
    { number: "Q067", accept: "application/json, text/event-stream, */*;q=0.1" },
    { number: "Q067", accept: "text/html,Text/Event-Stream" },
  ]) {
    suite.test(
      `${number} Accept: ${accept} opens an event stream with a comment at once`,
      async ({ onTestFinished }) => {
        const { connectionToken } = await negotiate(suite.hubUrl());
        const startedAt = performance.now();
        const response = await openStream(suite.hubUrl(hubPaths.contract, `id=${connectionToken}`), { accept });
        onTestFinished(() => void response.destroy());
        const [first] = (await once(response, "data")) as [Buffer];
        expect(performance.now() - startedAt).toBeLessThan(soonMs);
        expect(first.toString()).toBe(":\r\n");
        expect(response.headers["content-type"]).toBe("text/event-stream");
        expect(response.headers["cache-control"]).toBe("no-cache,no-store");
        expect(response.headers.pragma).toBe("no-cache");
      },
    );
  }

  suite.test("Q067 an event stream with parameters is another media type, and the request a poll", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl());
    const headers = { accept: "text/event-stream;q=0.9" };
    const answer = await askHub(suite.hubUrl(hubPaths.contract, `id=${connectionToken}`), { headers });
    expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-type": "application/octet-stream" } });
  });
}

function handshakeCases(suite: SuiteContext): void {
  suite.test("Q068 a handshake by POST is answered with an empty 200 and with an event", async () => {
    const client = await suite.connectEventStream({ handshake: false });
    expect(await client.post(handshake)).toMatchObject({ status: 200, text: "" });
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
    expect(client.bytes.toString()).toBe(":\r\ndata: {}\u001e\r\n\r\n");
  });

  suite.test("Q069 MessagePack is refused, and the stream ends", async () => {
    const client = await suite.connectEventStream({ handshake: false });
    client.sendText('{"protocol":"messagepack","version":1}\u001e');
    const error =
      "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.";
    expect(await client.handshakeResponse()).toEqual(jsonFrame(JSON.stringify({ error })));
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.frames).toEqual([]);
  });
}

function httpCases(suite: SuiteContext): void {
  suite.test("Q074 an event stream is not compressed, and its events come at once", async () => {
    const client = await suite.connectEventStream({ headers: { "accept-encoding": "gzip, deflate, br" } });
    expect(client.response.headers["content-encoding"] ?? "identity").toBe("identity");
    const startedAt = performance.now();
    await expectAlive(client);
    expect(performance.now() - startedAt).toBeLessThan(soonMs);
  });

  for (const [version, header] of [
    ["1.0", ""],
    ["1.1", "Connection: close\r\n"],
  ]) {
    suite.test(`Q075 events come in HTTP/${version} ${header?.trim()} too`, async ({ onTestFinished }) => {
      const { connectionToken } = await negotiate(suite.hubUrl());
      const { hostname, port, pathname, search } = new URL(suite.hubUrl(hubPaths.contract, `id=${connectionToken}`));
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      const request = `GET ${pathname}${search} HTTP/${version}\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n`;
      socket.write(`${request}${header}\r\n`);
      await readUntil(socket, ":\r\n");
      const posted = fetch(`${suite.hubUrl()}?id=${connectionToken}`, { method: "POST", body: handshake });
      // In HTTP/1.1 the pieces of an event may be chunks of their own.
      await readUntil(socket, "{}\u001e");
      expect((await posted).status).toBe(200);
    });
  }
}

function eventCases(suite: SuiteContext): void {
  suite.test("Q066 an event is data, the message and a blank line, and nothing else", async () => {
    const client = await suite.connectEventStream();
    client.sendMessages({ type: 1, target: "CallerMessage", arguments: [] });
    await client.nextFrame();
    client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
    await client.nextFrame();
    expect(client.bytes.toString()).toBe(
      [
        ":\r\ndata: {}\u001e\r\n\r\n",
        'data: {"type":1,"target":"ReceiveMessage","arguments":[1,"x",null]}\u001e\r\n\r\n',
        'data: {"type":3,"invocationId":"1","result":3}\u001e\r\n\r\n',
      ].join(""),
    );
  });

  suite.test("Q066 line feeds inside of a message do not break the event", async () => {
    const client = await suite.connectEventStream();
    client.sendText('{"type":1,"invocationId":"1","target":"EchoRaw","arguments":[{"a":\n1,\r\n"b":2}]}\u001e');
    // A carriage return at the end of a line of data is lost, as in the origin.
    expect((await client.nextFrame()).toString()).toBe(
      '{"type":3,"invocationId":"1","result":{"a":\n1,\n"b":2}}\u001e',
    );
  });

  suite.test("Q073 a message of 1 MB is one event", async () => {
    const client = await suite.connectEventStream();
    client.sendMessages({ type: 1, invocationId: "1", target: "Big", arguments: [1_000_000] });
    expect(await client.completionOf("1")).toMatchObject({ result: "x".repeat(1_000_000) });
    expect(client.events).toHaveLength(2);
  });
}

function endCases(suite: SuiteContext): void {
  suite.test("Q071 a client that drops the stream has ended gracefully", async () => {
    const client = await suite.connectEventStream();
    const connectionId = await idAtOrigin(client);
    await client.close();
    const ended = { kind: "disconnected", connectionId } as const;
    const { error } = await suite.target.origin.control.waitFor(ended, { timeoutMs: 2_000 });
    expect(error).toBeNull();
  });

  suite.test("Q072 an end by the server is a Close message and a whole body", async () => {
    const client = await suite.connectEventStream();
    client.sendMessages({ type: 1, target: "AbortMe", arguments: [] });
    expect(await client.nextMessage()).toEqual({ type: 7 });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    expect(client.response.complete).toBe(true);
    expect(client.bytes.toString()).toBe(':\r\ndata: {}\u001e\r\n\r\ndata: {"type":7}\u001e\r\n\r\n');
  });
}

/** Reads until the text is there; rejects at the end of the socket. */
async function readUntil(socket: AsyncIterable<Buffer> & NodeJS.EventEmitter, text: string): Promise<void> {
  let seen = "";
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      seen += chunk.toString();
      if (!seen.includes(text)) return;
      socket.off("data", take);
      resolve();
    };
    socket.on("data", take);
    socket.once("close", () => reject(new Error(`the socket ended behind ${JSON.stringify(seen)}`)));
  });
}
