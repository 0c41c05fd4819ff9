import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "vitest";
import { type AskHubOptions, askHub, type HubAnswer } from "../../support/ask-hub.ts";
import { negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import { expectAlive, idAtOrigin } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

const noConnection = "No Connection with that ID";
const noDelete = "Cannot terminate this connection using the DELETE endpoint.";
const otherTransport = "Cannot change transports mid-connection";
const eventStream = { accept: "text/event-stream" };

interface KindOfRequest {
  readonly what: string;
  readonly number: string;
  readonly options: AskHubOptions;
}

const kinds: readonly KindOfRequest[] = [
  { what: "an event stream", number: "Q027", options: { headers: eventStream } },
  { what: "a poll", number: "Q028", options: {} },
  { what: "a POST", number: "Q029", options: { method: "POST", body: "{}" } },
  { what: "a DELETE", number: "Q030", options: { method: "DELETE" } },
];

/** Q027-Q031, Q033-Q045: the hub's own URL, whatever the transport. */
export function endpointCases(suite: SuiteContext): void {
  for (const { what, number, options } of kinds) {
    suite.test(`${number} ${what} without an id is refused`, async () => {
      expect(await askHub(suite.hubUrl(), options)).toMatchObject(plainText(400, "Connection ID required"));
    });

    suite.test(`Q031 ${what} with an unknown id is refused`, async () => {
      expect(await askId(suite, "unknown", options)).toMatchObject(plainText(404, noConnection));
    });
  }

  for (const method of ["PUT", "PATCH"] as const) {
    suite.test(`Q033 ${method} is not allowed`, async () => {
      expect(await askHub(suite.hubUrl(), { method })).toMatchObject({ status: 405, text: "" });
    });
  }

  webSocketIdCases(suite);
  eventStreamIdCases(suite);
  if (suite.traits.variants) oneTransportCases(suite);
  idCases(suite);
  brokenPostCases(suite);
}

function webSocketIdCases(suite: SuiteContext): void {
  suite.test("Q034 a POST for a WebSocket is refused", async () => {
    const client = await suite.connect();
    const answer = await askId(suite, client.connectionToken, { method: "POST", body: "{}" });
    expect(answer).toMatchObject(plainText(405, "POST requests are not allowed for WebSocket connections."));
    await expectAlive(client);
  });

  suite.test("Q035 polls and event streams for a WebSocket are refused and it lives on", async () => {
    const client = await suite.connect();
    for (const headers of [{}, eventStream]) {
      const answer = await askId(suite, client.connectionToken, { headers });
      expect(answer).toMatchObject(plainText(400, otherTransport));
    }
    await expectAlive(client);
  });

  suite.testOver(
    ["LongPolling", "ServerSentEvents"],
    "Q035 a WebSocket or an event stream for a polling client is refused and it lives on",
    async () => {
      const client = await suite.connectPolling();
      const stream = await askId(suite, client.connectionToken, { headers: eventStream });
      expect(stream).toMatchObject(plainText(400, otherTransport));
      const upgrade = await askUpgrade(suite.hubUrl(hubPaths.contract, `id=${client.connectionToken}`));
      expect(upgrade).toMatchObject({ status: 400, text: otherTransport });
      await expectAlive(client);
    },
  );
}

function eventStreamIdCases(suite: SuiteContext): void {
  suite.testOver(
    ["ServerSentEvents"],
    "Q037 a second event stream for one id is refused and the first lives on",
    async () => {
      const client = await suite.connectEventStream();
      const answer = await askId(suite, client.connectionToken, { headers: eventStream });
      expect(answer).toMatchObject({ status: 409, text: "" });
      await expectAlive(client);
    },
  );

  suite.testOver(["ServerSentEvents"], "Q038 an event stream cannot be ended by DELETE", async () => {
    const client = await suite.connectEventStream();
    expect(await client.delete()).toMatchObject(plainText(400, noDelete));
    await expectAlive(client);
  });

  suite.test("Q038 neither can a WebSocket", async () => {
    const client = await suite.connect();
    const answer = await askId(suite, client.connectionToken, { method: "DELETE" });
    expect(answer).toMatchObject(plainText(400, noDelete));
    await expectAlive(client);
  });

  suite.test("Q039 an id without a transport cannot be ended by DELETE", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl());
    expect(await askId(suite, connectionToken, { method: "DELETE" })).toMatchObject(plainText(400, noDelete));
  });
}

/** Hubs of the origin with one transport. A gateway offers them all, whatever its origin has (docs/CONFIG.md). */
function oneTransportCases(suite: SuiteContext): void {
  if (suite.traits.gateway) {
    for (const leg of suite.legs) {
      suite.test(`Q018 a WebSockets-only origin is reached in ${leg.protocol} over ${leg.transport}`, async () => {
        await expectAlive(await suite.connectOver(leg, { hub: hubPaths.webSockets }));
      });
    }
    suite.test("Q041 a hub whose origin has no WebSockets is refused at once", async () => {
      const answer = await askHub(`${suite.hubUrl(hubPaths.longPolling)}/negotiate`, { method: "POST" });
      expect(answer.status).toBe(502);
    });
    return;
  }

  for (const [hub, transport] of [
    [hubPaths.webSockets, "WebSockets"],
    [hubPaths.longPolling, "LongPolling"],
  ] as const) {
    suite.test(`Q018 ${hub} offers ${transport} only`, async () => {
      const { availableTransports } = await negotiate(suite.hubUrl(hub));
      expect(availableTransports.map((available) => available.transport)).toEqual([transport]);
    });
  }

  suite.test("Q040 transports that a hub does not have are refused", async () => {
    const { connectionToken: id } = await negotiate(suite.hubUrl(hubPaths.webSockets));
    const url = suite.hubUrl(hubPaths.webSockets, `id=${id}`);
    const refusal = "transport not supported by this end point type";
    const stream = await askHub(url, { headers: eventStream });
    expect(stream).toMatchObject(plainText(404, `ServerSentEvents ${refusal}`));
    expect(await askHub(url)).toMatchObject(plainText(404, `LongPolling ${refusal}`));
  });

  suite.test("Q041 a WebSocket is refused by a hub without them", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl(hubPaths.longPolling));
    expect(await askUpgrade(suite.hubUrl(hubPaths.longPolling, `id=${connectionToken}`))).toMatchObject({
      status: 404,
      text: "WebSockets transport not supported by this end point type",
    });
  });
}

const strangeIds = ["%00", "a%20b", "%C3%BC", "%3Cscript%3E", "a/../b", "%", "x".repeat(10_000)];

function idCases(suite: SuiteContext): void {
  for (const leg of suite.legs) {
    suite.test(`Q042 an id is unknown after the end in ${leg.protocol} over ${leg.transport}`, async () => {
      const client = await suite.connectOver(leg);
      const connectionId = await idAtOrigin(client);
      await client.close();
      await suite.target.origin.control.waitFor({ kind: "disconnected", connectionId });
      for (const { options } of kinds) await expectGone(() => askId(suite, client.connectionToken, options));
      await expectGone(() => askUpgrade(suite.hubUrl(hubPaths.contract, `id=${client.connectionToken}`)));
    });
  }

  suite.testOver(
    ["LongPolling", "ServerSentEvents"],
    "Q043 paths of transports may have any case and a slash at the end",
    async () => {
      const url = `${suite.target.url}/HUBS/Contract/`;
      const { connectionToken: id } = await negotiate(suite.hubUrl());
      expect(await askHub(`${url}?id=${id}`)).toMatchObject({ status: 200, text: "" });
      const posted = await askHub(`${url}?ID=${id}`, { method: "POST", body: '{"protocol":"json","version":1}\u001e' });
      expect(posted).toMatchObject({ status: 200, text: "" });
      expect(await askHub(`${url}?id=${id}`)).toMatchObject({ status: 200, text: "{}\u001e" });
      expect(await askHub(`${url}?id=${id}`, { method: "DELETE" })).toMatchObject({ status: 202 });
    },
  );

  for (const id of strangeIds) {
    suite.test(`Q044 the id ${id.slice(0, 20)} is refused`, async () => {
      const url = suite.hubUrl(hubPaths.contract, `id=${id}`);
      const answers = await Promise.all(kinds.map(({ options }) => askHub(url, options)));
      const upgrade = await askUpgrade(url);
      for (const { status } of [...answers, upgrade]) expect([400, 404, 414, 431]).toContain(status);
    });
  }
}

function brokenPostCases(suite: SuiteContext): void {
  suite.testOver(["LongPolling"], "Q045 a POST that breaks off harms its own connection at most", async () => {
    const client = await suite.connectEventStream();
    const other = await suite.connectEventStream();
    const { hostname, port, pathname, search } = client.url;
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 100\r\n\r\n`;
    await new Promise<void>((resolve) => socket.write(`${head}{"type":1,"invoc`, () => resolve()));
    socket.destroy();
    client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
    // What came of the broken request stands in front of the next one, or not: both are fine.
    expect([
      { type: 3, invocationId: "1", result: 3 },
      { type: 7, error: "Connection closed with an error.", allowReconnect: true },
    ]).toContainEqual(await client.nextMessage());
    await expectAlive(other);
  });
}

function askId(suite: SuiteContext, id: string | undefined, options: AskHubOptions): Promise<HubAnswer> {
  return askHub(suite.hubUrl(hubPaths.contract, `id=${id}`), options);
}

function plainText(status: number, text: string): object {
  return { status, text, headers: { "content-type": expect.stringMatching(/^text\/plain/) } };
}

/** The end of a connection is known to the hub a little earlier than the id is forgotten. */
async function expectGone(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  const deadline = performance.now() + 2_000;
  let { status } = await ask();
  while (status !== 404 && performance.now() < deadline) ({ status } = await ask());
  expect(status).toBe(404);
}
