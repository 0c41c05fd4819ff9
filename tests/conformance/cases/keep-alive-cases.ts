import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { loadClientVersions } from "../../clients/support/client-versions.ts";
import { NpmConnection } from "../../clients/support/npm-connection.ts";
import type { RawConnection } from "../../support/raw-connection.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";
import { isFullSize } from "../targets.ts";

/** Longer than the server bears the silence of a client that has pinged: 30 s and a tick. */
const beyondClientTimeoutMs = 36_000;
const testTimeoutMs = 60_000;
const longTestTimeoutMs = 120_000;
/** Three times every time limit, or as long as the checklist says. */
const idleMs = isFullSize ? 180_000 : 95_000;

/** Q070, Q088, Q147, Q161-Q166 over one leg: pings and time limits in both directions. */
export function keepAliveCases(suite: SuiteContext, leg: Leg): void {
  const on = `in ${leg.protocol} over ${leg.transport}`;
  // A poll shows by itself that both ends live.
  if (leg.transport === "LongPolling") pollingCases(suite, leg, on);
  else pingCases(suite, leg, on);
  timeoutCases(suite, leg, on);
  patienceCases(suite, leg, on);
}

function pollingCases(suite: SuiteContext, leg: Leg, on: string): void {
  suite.testConcurrently(
    `Q088 a polling client gets no pings, and need not send any ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      await delay(60_000);
      await expectAnswer(client);
      expect(client.log.pings).toEqual([]);
      expect(client.frames).toHaveLength(1);
    },
    longTestTimeoutMs,
  );
}

function pingCases(suite: SuiteContext, leg: Leg, on: string): void {
  // The raw client counts exactly the bytes of the ping frame.
  const jsonNumber = leg.transport === "ServerSentEvents" ? "Q070" : "Q161";
  const number = leg.protocol === "json" ? jsonNumber : "Q147";

  suite.testConcurrently(
    `${number} an idle client gets a ping at least every 16.5 s ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      const startedAt = performance.now();
      await client.log.until(() => client.log.pings[1], "two pings", 35_000);
      const [first = 0, second = 0] = client.log.pings;
      expect(first - startedAt).toBeLessThan(16_500);
      expect(second - first).toBeLessThan(16_500);
      expect(client.frames).toEqual([]);
    },
    testTimeoutMs,
  );
}

function timeoutCases(suite: SuiteContext, leg: Leg, on: string): void {
  suite.testConcurrently(
    `Q163 a client that pinged once and fell silent is closed after 30 s ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      client.send(client.wire.ping);
      const startedAt = performance.now();
      const close = { type: 7, error: "Connection closed with an error.", allowReconnect: true };
      expect(await client.nextMessage(beyondClientTimeoutMs)).toEqual(close);
      expect(performance.now() - startedAt).toBeGreaterThan(28_000);
      expect(performance.now() - startedAt).toBeLessThan(33_500);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    },
    testTimeoutMs,
  );

  suite.testConcurrently(
    `Q162 every version of the TypeScript client stays connected while it is idle ${on}`,
    async ({ onTestFinished }) => {
      const events: string[] = [];
      const connections = loadClientVersions().map((version) => {
        const connection = new NpmConnection(version, { ...leg, url: suite.hubUrl(), reconnect: true });
        onTestFinished(() => connection.stop());
        connection.onLifecycle((event, error) => events.push(`${version.name} ${event} ${error}`));
        return connection;
      });
      await Promise.all(connections.map((connection) => connection.start()));
      await delay(idleMs);
      for (const connection of connections) expect(await connection.invoke("Add", 1, 2)).toBe(3);
      expect(events).toEqual([]);
    },
    idleMs + 30_000,
  );
}

function patienceCases(suite: SuiteContext, leg: Leg, on: string): void {
  suite.testConcurrently(
    `Q164 a silent client that never pinged is kept ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      await delay(beyondClientTimeoutMs);
      await expectAnswer(client);
    },
    testTimeoutMs,
  );

  suite.testConcurrently(
    `Q165 a client that pings during a slow method gets its completion ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      client.send(client.wire.ping);
      client.sendMessages({ type: 1, invocationId: "1", target: "Slow", arguments: [beyondClientTimeoutMs] });
      const pings = setInterval(() => client.send(client.wire.ping), 10_000);
      onTestFinished(() => clearInterval(pings));
      expect(await client.nextMessage(testTimeoutMs)).toEqual({ type: 3, invocationId: "1", result: null });
    },
    testTimeoutMs,
  );

  suite.testConcurrently(
    `Q166 any message keeps a client that pinged once ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connectOver(leg, { onFinished: onTestFinished });
      client.send(client.wire.ping);
      for (let round = 0; round < 2; round++) {
        await delay(beyondClientTimeoutMs / 2);
        await expectAnswer(client);
      }
    },
    testTimeoutMs,
  );
}

async function expectAnswer(client: RawConnection): Promise<void> {
  client.sendMessages({ type: 1, invocationId: "alive", target: "Add", arguments: [1, 2] });
  expect(await client.nextMessage()).toMatchObject({ invocationId: "alive", result: 3 });
}
