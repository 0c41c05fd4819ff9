import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { RawClient } from "../../support/raw-client.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Longer than the server bears the silence of a client that has pinged: 30 s and a tick. */
const beyondClientTimeoutMs = 36_000;
const testTimeoutMs = 60_000;

/** Q147, Q161, Q163-Q166 over one leg: pings and time limits in both directions. */
export function keepAliveCases(suite: SuiteContext, leg: Leg): void {
  const on = `in ${leg.protocol} over ${leg.transport}`;
  // The raw client counts exactly the bytes of the ping frame.
  const number = leg.protocol === "json" ? "Q161" : "Q147";

  suite.testConcurrently(
    `${number} an idle client gets a ping at least every 16.5 s ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connect({ ...leg, onFinished: onTestFinished });
      const startedAt = performance.now();
      await client.log.until(() => client.log.pings[1], "two pings", 35_000);
      const [first = 0, second = 0] = client.log.pings;
      expect(first - startedAt).toBeLessThan(16_500);
      expect(second - first).toBeLessThan(16_500);
      expect(client.frames).toEqual([]);
    },
    testTimeoutMs,
  );

  suite.testConcurrently(
    `Q163 a client that pinged once and fell silent is closed after 30 s ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connect({ ...leg, onFinished: onTestFinished });
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

  toleranceCases(suite, leg, on);
}

function toleranceCases(suite: SuiteContext, leg: Leg, on: string): void {
  suite.testConcurrently(
    `Q164 a silent client that never pinged is kept ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connect({ ...leg, onFinished: onTestFinished });
      await delay(beyondClientTimeoutMs);
      await expectAnswer(client);
    },
    testTimeoutMs,
  );

  suite.testConcurrently(
    `Q165 a client that pings during a slow method gets its completion ${on}`,
    async ({ onTestFinished }) => {
      const client = await suite.connect({ ...leg, onFinished: onTestFinished });
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
      const client = await suite.connect({ ...leg, onFinished: onTestFinished });
      client.send(client.wire.ping);
      for (let round = 0; round < 2; round++) {
        await delay(beyondClientTimeoutMs / 2);
        await expectAnswer(client);
      }
    },
    testTimeoutMs,
  );
}

async function expectAnswer(client: RawClient): Promise<void> {
  client.sendMessages({ type: 1, invocationId: "alive", target: "Add", arguments: [1, 2] });
  expect(await client.nextMessage()).toMatchObject({ invocationId: "alive", result: 3 });
}
