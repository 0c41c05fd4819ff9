import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { askHub } from "../../support/ask-hub.ts";
import { jsonFrame } from "../../support/json-wire.ts";
import { maskedText } from "../../support/masked-text.ts";
import { askNegotiate, type Negotiated, negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import { expectAlive, idAtOrigin, uniqueName } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

/** Q009, Q010, Q060, Q109, Q235, Q241, Q243: how long the server waits for a client. */
export function connectionLifetimeCases(suite: SuiteContext): void {
  idCases(suite);
  endCases(suite);
  handshakeCases(suite);
  if (suite.traits.variants) resumeCases(suite);
}

function idCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q009 an id that nobody used for 17 s is gone, for every transport",
    async () => {
      const ids = await Promise.all([1, 2, 3].map(() => negotiate(suite.hubUrl())));
      const [webSocket, stream, poll] = ids.map(({ connectionToken }) =>
        suite.hubUrl(hubPaths.contract, `id=${connectionToken}`),
      );
      await delay(17_000);
      const gone = { status: 404, text: "No Connection with that ID" };
      expect(await askUpgrade(String(webSocket))).toMatchObject(gone);
      expect(await askHub(String(stream), { headers: { accept: "text/event-stream" } })).toMatchObject(gone);
      expect(await askHub(String(poll))).toMatchObject(gone);
    },
    60_000,
  );

  for (const leg of suite.legs) {
    suite.testConcurrently(
      `Q010 an id is good for a connection 10 s later in ${leg.protocol} over ${leg.transport}`,
      async ({ onTestFinished }) => {
        const { connectionToken = "" } = await negotiate(suite.hubUrl());
        await delay(10_000);
        await expectAlive(await suite.connectOver(leg, { connectionToken, onFinished: onTestFinished }));
      },
      60_000,
    );
  }

  suite.testConcurrently(
    "Q241 1000 ids that nobody uses are all gone after 17 s",
    async () => {
      const answers: Negotiated[] = [];
      while (answers.length < 1000) {
        answers.push(...(await Promise.all(Array.from({ length: 50 }, () => negotiate(suite.hubUrl())))));
      }
      await delay(17_000);
      const statuses = new Set<number>();
      for (const { connectionToken } of answers) {
        statuses.add((await askHub(suite.hubUrl(hubPaths.contract, `id=${connectionToken}`))).status);
      }
      expect([...statuses]).toEqual([404]);
    },
    60_000,
  );
}

function resumeCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q235 a client with stateful reconnect that does not come back in 17 s is gone",
    async ({ onTestFinished }) => {
      const query = { negotiateVersion: "1", useStatefulReconnect: "true" };
      const { text } = await askNegotiate(suite.hubUrl(hubPaths.stateful), { query });
      const { connectionToken } = JSON.parse(text) as { connectionToken: string };
      const options = { hub: hubPaths.stateful, connectionToken, handshake: false, onFinished: onTestFinished };
      const client = await suite.connect(options);
      client.sendText('{"protocol":"json","version":2}\u001e');
      await client.handshakeResponse();
      const connectionId = await idAtOrigin(client);
      client.socket.terminate();
      const { control } = suite.target.origin;
      await control.waitFor({ kind: "disconnected", connectionId }, { timeoutMs: 20_000 });
      const answer = await askUpgrade(suite.hubUrl(hubPaths.stateful, `id=${connectionToken}`));
      expect(answer).toMatchObject({ status: 404, text: "No Connection with that ID" });
    },
    60_000,
  );
}

function endCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q060 a client that never answers the Close frame is cut off after about 5 s",
    async ({ onTestFinished }) => {
      const { socket } = await askUpgrade(suite.hubUrl());
      if (socket === undefined) throw new Error("the upgrade was refused");
      onTestFinished(() => void socket.destroy());
      const received: Buffer[] = [];
      socket.on("data", (chunk) => received.push(chunk));
      const ended = new Promise((resolve) => socket.once("close", resolve));
      socket.write(maskedText('{"protocol":"json","version":1}\u001e'));
      socket.write(maskedText('{"type":1,"target":"AbortMe","arguments":[]}\u001e'));
      const startedAt = performance.now();
      await ended;
      expect(performance.now() - startedAt).toBeGreaterThan(3_500);
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      // A Close frame of the server: not masked, 2 bytes, code 1000.
      expect(Buffer.concat(received).subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
    },
    60_000,
  );

  suite.testConcurrently(
    "Q243 a client that pinged and then neither sends nor reads is gone in 60 s",
    async ({ onTestFinished }) => {
      const user = uniqueName();
      const authorization = `Bearer user:${user}`;
      const { socket } = await askUpgrade(suite.hubUrl(hubPaths.auth), { authorization });
      if (socket === undefined) throw new Error("the upgrade was refused");
      onTestFinished(() => void socket.destroy());
      socket.write(maskedText('{"protocol":"json","version":1}\u001e'));
      socket.write(maskedText('{"type":1,"target":"Void","arguments":[]}\u001e'));
      socket.write(maskedText('{"type":6}\u001e'));
      await suite.target.origin.control.waitFor({ kind: "invoked", name: "Void", user });
      socket.pause();
      await suite.target.origin.control.waitFor({ kind: "disconnected", user }, { timeoutMs: 60_000 });
    },
    75_000,
  );
}

function handshakeCases(suite: SuiteContext): void {
  for (const transport of suite.traits.transports) {
    suite.testConcurrently(
      `Q109 a connection without a handshake ends after 15 s over ${transport}`,
      async ({ onTestFinished }) => {
        const leg = { transport, protocol: "json" } as const;
        const client = await suite.connectOver(leg, { handshake: false, onFinished: onTestFinished });
        const startedAt = performance.now();
        expect(await client.handshakeResponse(20_000)).toEqual(jsonFrame('{"error":"Handshake was canceled."}'));
        expect(performance.now() - startedAt).toBeGreaterThan(14_000);
        expect(performance.now() - startedAt).toBeLessThan(17_500);
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
      },
      60_000,
    );
  }
}
