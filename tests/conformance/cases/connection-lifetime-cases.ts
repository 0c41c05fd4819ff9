import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { jsonFrame } from "../../support/json-wire.ts";
import { maskedText } from "../../support/masked-text.ts";
import { negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import type { SuiteContext } from "../suite-context.ts";

/** Q009, Q010, Q060, Q109: how long the server waits for a client. */
export function connectionLifetimeCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q009 an id that nobody used for 17 s is gone",
    async () => {
      const { connectionToken } = await negotiate(suite.hubUrl());
      await delay(17_000);
      const answer = await askUpgrade(suite.hubUrl(hubPaths.contract, `id=${connectionToken}`));
      expect(answer).toMatchObject({ status: 404, text: "No Connection with that ID" });
    },
    30_000,
  );

  suite.testConcurrently(
    "Q010 an id is good for a connection 10 s later",
    async ({ onTestFinished }) => {
      const { connectionToken } = await negotiate(suite.hubUrl());
      await delay(10_000);
      const client = await suite.connect({ connectionToken: String(connectionToken), onFinished: onTestFinished });
      client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
      expect(await client.nextMessage()).toMatchObject({ result: 3 });
    },
    30_000,
  );

  endCases(suite);
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
    30_000,
  );

  suite.testConcurrently(
    "Q109 a connection without a handshake ends after 15 s",
    async ({ onTestFinished }) => {
      const client = await suite.connect({ handshake: false, onFinished: onTestFinished });
      const startedAt = performance.now();
      expect(await client.handshakeResponse(20_000)).toEqual(jsonFrame('{"error":"Handshake was canceled."}'));
      expect(performance.now() - startedAt).toBeGreaterThan(14_000);
      expect(performance.now() - startedAt).toBeLessThan(17_500);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    },
    30_000,
  );
}
