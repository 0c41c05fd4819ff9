import { expect } from "vitest";
import type { RawConnection } from "../../support/raw-connection.ts";
import { expectAlive, idAtOrigin } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

/** Q061, Q077, Q100: what happens to those who do not read. */
export function backPressureCases(suite: SuiteContext): void {
  const { transports } = suite.traits;
  if (transports.includes("WebSockets")) webSocketCase(suite);
  if (transports.includes("ServerSentEvents")) eventStreamCase(suite);
  for (const transport of ["ServerSentEvents", "LongPolling"] as const) {
    if (transports.includes(transport)) postCase(suite, transport);
  }
}

function webSocketCase(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q061 a client that does not read is dropped, and does not disturb others, over WebSockets",
    async ({ onTestFinished: onFinished }) => {
      const client = await suite.connect({ onFinished });
      await expectDropped(suite, client, await suite.connect({ onFinished }), {
        pause: () => client.socket.pause(),
        resume: () => client.socket.resume(),
      });
    },
    90_000,
  );
}

function eventStreamCase(suite: SuiteContext): void {
  suite.testConcurrently(
    "Q077 a client that does not read is dropped, and does not disturb others, over Server-Sent Events",
    async ({ onTestFinished: onFinished }) => {
      const client = await suite.connectEventStream({ onFinished });
      await expectDropped(suite, client, await suite.connectEventStream({ onFinished }), {
        pause: () => client.response.pause(),
        resume: () => client.response.resume(),
      });
    },
    90_000,
  );
}

function postCase(suite: SuiteContext, transport: "ServerSentEvents" | "LongPolling"): void {
  suite.testConcurrently(
    `Q100 a POST is held back while the hub does not read, over ${transport}`,
    async ({ onTestFinished: onFinished }) => {
      const isPolling = transport === "LongPolling";
      const client = await (isPolling
        ? suite.connectPolling({ onFinished })
        : suite.connectEventStream({ onFinished }));
      const connectionId = await idAtOrigin(client);
      client.sendMessages({ type: 1, invocationId: "slow", target: "Slow", arguments: [5_000] });
      await suite.target.origin.control.waitFor({ kind: "invoked", name: "Slow", connectionId });
      const order: string[] = [];
      // More than all the buffers on the way take, those of the kernel included.
      const posting = client.post(manyMessages(client, 20_000_000)).then((answer) => {
        order.push("posted");
        return answer;
      });
      await client.completionOf("slow", 30_000);
      order.push("completed");
      expect(await posting).toMatchObject({ status: 200, text: "" });
      expect(order).toEqual(["completed", "posted"]);
      await client.completionOf("last", 30_000);
    },
    90_000,
  );
}

interface Reading {
  pause(): void;
  resume(): void;
}

async function expectDropped(
  suite: SuiteContext,
  client: RawConnection,
  other: RawConnection,
  reading: Reading,
): Promise<void> {
  const connectionId = await idAtOrigin(client);
  reading.pause();
  for (let id = 0; id < 50; id++) {
    client.sendMessages({ type: 1, invocationId: `${id}`, target: "Big", arguments: [1_000_000] });
  }
  const ended = suite.target.origin.control.waitFor({ kind: "disconnected", connectionId }, { timeoutMs: 60_000 });
  await expectAlive(other);
  await ended;
  await expectAlive(other);
  reading.resume();
  await client.closed;
}

/** Invocations nobody answers, of 30 kB each, and a last one with an answer. */
function manyMessages(client: RawConnection, bytes: number): Buffer {
  const text = "x".repeat(30_000);
  const message = client.wire.encode({ type: 1, target: "Echo", arguments: [text] });
  const last = client.wire.encode({ type: 1, invocationId: "last", target: "Add", arguments: [1, 2] });
  return Buffer.concat([...Array.from({ length: Math.ceil(bytes / message.length) }, () => message), last]);
}
