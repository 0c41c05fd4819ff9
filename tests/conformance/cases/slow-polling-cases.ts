import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { SuiteContext } from "../suite-context.ts";

const handshake = '{"protocol":"json","version":1}\u001e';
const whoAmI = '{"type":1,"invocationId":"1","target":"WhoAmI","arguments":[]}\u001e';

/** Q080, Q086: how long polls are held, and how long the server waits for the next one. */
export function slowPollingCases(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q080 a poll without data is held for 90 s and answered with nothing",
    async ({ onTestFinished }) => {
      const client = await suite.connectPolling({ onFinished: onTestFinished, polls: false });
      await client.poll();
      await client.post(handshake);
      await client.poll();
      const startedAt = performance.now();
      const answer = await client.poll();
      expect(performance.now() - startedAt).toBeGreaterThan(88_000);
      expect(performance.now() - startedAt).toBeLessThan(93_000);
      expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-length": "0" } });
      await client.post(whoAmI);
      expect(await client.poll()).toMatchObject({ status: 200, text: expect.stringContaining('"type":3') });
    },
    120_000,
  );

  suite.testConcurrently(
    "Q086 a client that does not poll for 17 s is gone",
    async ({ onTestFinished }) => {
      const client = await suite.connectPolling({ onFinished: onTestFinished, polls: false });
      await client.poll();
      await client.post(handshake + whoAmI);
      const connectionId = await idIn(client);
      await delay(17_000);
      expect(await client.poll()).toMatchObject({ status: 404, text: "No Connection with that ID" });
      await suite.target.origin.control.waitFor({ kind: "disconnected", connectionId });
    },
    60_000,
  );

  suite.testConcurrently(
    "Q086 a pause of 10 s between polls is no harm",
    async ({ onTestFinished }) => {
      const client = await suite.connectPolling({ onFinished: onTestFinished, polls: false });
      await client.poll();
      await client.post(handshake + whoAmI);
      await idIn(client);
      await delay(10_000);
      await client.post(whoAmI);
      expect(await client.poll()).toMatchObject({ status: 200, text: expect.stringContaining('"type":3') });
    },
    60_000,
  );
}

/** Polls until the answer to `WhoAmI` is there. */
async function idIn(client: Awaited<ReturnType<SuiteContext["connectPolling"]>>): Promise<string> {
  while (client.frames.length === 0) await client.poll();
  const [frame] = client.frames;
  const message = frame === undefined ? undefined : client.wire.decode(frame);
  return message?.type === 3 ? String(message.result) : "";
}
