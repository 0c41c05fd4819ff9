import { setTimeout as wait } from "node:timers/promises";
import { answerCalls } from "../child-calls.ts";
import { expectedMessages } from "../publication.ts";
import { BareSocketClient } from "./bare-socket-client.ts";
import type { BenchClient } from "./bench-client.ts";
import type { ClientPlan, Connected, Counts } from "./client-plan.ts";
import { EventStreamClient, PollingClient } from "./http-clients.ts";
import { OfficialClient } from "./official-client.ts";
import { WebSocketClient } from "./websocket-client.ts";
import { Window } from "./window.ts";

/** The process of the load generator: it connects clients and says what they got. */
const pingIntervalMs = 15_000;
const pingSteps = 150;
const pollMs = 10;
const timeToResetMs = 100;

const window = new Window();
const clients: BenchClient[] = [];
const plans = new Map<BenchClient, ClientPlan>();

async function connect(plan: ClientPlan): Promise<Connected> {
  const numbers = Array.from({ length: plan.count }, (_, position) => plan.first + position);
  const connectMs: number[] = [];
  const startedAt = performance.now();
  const connectNext = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const client = createClient(number, plan);
      const beganAt = performance.now();
      await client.start();
      connectMs.push(performance.now() - beganAt);
      clients.push(client);
      plans.set(client, plan);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, connectNext));
  return { elapsedMs: performance.now() - startedAt, connectMs: connectMs.sort((a, b) => a - b) };
}

function createClient(number: number, plan: ClientPlan): BenchClient {
  switch (plan.kind) {
    case "websocket":
      return new WebSocketClient(number, plan, window);
    case "events":
      return new EventStreamClient(number, plan, window);
    case "polling":
      return new PollingClient(number, plan, window);
    case "official":
      return new OfficialClient(number, plan, window);
    case "socket":
      return new BareSocketClient(number, plan);
  }
}

function beginWindow(): void {
  window.begin();
  for (const client of clients) client.received = 0;
}

/** Resolves when every client has got what `messages` messages of a publication bring it, or after `timeoutMs`. */
async function awaitMessages({ messages, timeoutMs }: { messages: number; timeoutMs: number }): Promise<Counts> {
  const fast = clients.filter(({ isSlow }) => !isSlow);
  const slow = clients.filter(({ isSlow }) => isSlow);
  const due = fast.map((client) => expectedBy(client, messages));
  const isComplete = (): boolean => fast.every(({ received }, position) => received >= (due[position] ?? 0));
  const startedAt = performance.now();
  while (!isComplete() && performance.now() - startedAt < timeoutMs) await wait(pollMs);
  if (slow.length > 0) await noticeEnds(slow);
  return count(fast, slow, due);
}

/**
 * A client that does not read sees no end. What it sends to a socket that is gone is answered with a reset, and
 * the next thing that it sends fails.
 */
async function noticeEnds(slow: readonly BenchClient[]): Promise<void> {
  for (let pings = 0; pings < 2; pings += 1) {
    for (const client of slow) client.ping();
    await wait(timeToResetMs);
  }
}

function expectedBy(client: BenchClient, messages: number): number {
  const plan = plans.get(client);
  return plan === undefined ? 0 : expectedMessages(client.number, plan.seating, messages);
}

function count(fast: readonly BenchClient[], slow: readonly BenchClient[], due: readonly number[]): Counts {
  const missing = fast.map(({ received }, position) => (due[position] ?? 0) - received);
  return {
    expected: due.reduce((sum, one) => sum + one, 0),
    delivered: fast.reduce((sum, { received }) => sum + received, 0),
    lost: missing.reduce((sum, one) => sum + Math.max(0, one), 0),
    excess: missing.reduce((sum, one) => sum + Math.max(0, -one), 0),
    outOfOrder: window.outOfOrder,
    ended: fast.filter(({ hasEnded }) => hasEnded).length,
    slow: slow.length,
    slowEnded: slow.filter(({ hasEnded }) => hasEnded).length,
    latenciesMs: window.latenciesMs,
    lastSentAtMs: window.lastSentAtMs,
    lastAtMs: window.lastAtUnixMs,
  };
}

/** Everybody once per interval, a few at a time, by the clock: timers of a busy process are late, and more so each time. */
let step = 0;
const pingsSince = performance.now();
setInterval(() => {
  const dueStep = Math.floor(((performance.now() - pingsSince) * pingSteps) / pingIntervalMs);
  for (; step < dueStep; step += 1) {
    for (let position = step % pingSteps; position < clients.length; position += pingSteps) clients[position]?.ping();
  }
}, pingIntervalMs / pingSteps);

answerCalls({ connect, beginWindow, awaitMessages });
