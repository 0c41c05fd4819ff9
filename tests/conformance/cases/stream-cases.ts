import { expect } from "vitest";
import type { Leg, SuiteContext } from "../suite-context.ts";

const endless = 1_000_000_000;

/** Q193-Q199: streams from the hub. */
export function streamCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q195 a stream is its items and a completion without result and error", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 4, invocationId: "7", target: "Counter", arguments: [3, 0] });
    const items = [0, 1, 2].map((item) => ({ type: 2, invocationId: "7", item }));
    expect(await client.nextMessages(4)).toEqual([...items, { type: 3, invocationId: "7" }]);
  });

  suite.test("Q193 a stream flows while an invocation before it is running", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(
      { type: 1, invocationId: "1", target: "Slow", arguments: [10_000] },
      { type: 4, invocationId: "7", target: "Counter", arguments: [1, 0] },
    );
    const item = { type: 2, invocationId: "7", item: 0 };
    expect(await client.nextMessages(2)).toEqual([item, { type: 3, invocationId: "7" }]);
  });

  suite.test("Q194 a stream is cancelled while an invocation is running", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 4, invocationId: "7", target: "Counter", arguments: [endless, 10_000] });
    expect(await client.nextMessage()).toEqual({ type: 2, invocationId: "7", item: 0 });
    client.sendMessages(
      { type: 1, invocationId: "1", target: "Slow", arguments: [10_000] },
      { type: 5, invocationId: "7" },
    );
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "7" });
  });

  suite.test("Q196 a stream that fails ends with an error behind its items", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 4, invocationId: "7", target: "CounterThrow", arguments: [2] });
    const items = [0, 1].map((item) => ({ type: 2, invocationId: "7", item }));
    const error = "An error occurred on the server while streaming results.";
    expect(await client.nextMessages(3)).toEqual([...items, { type: 3, invocationId: "7", error }]);
  });

  endCases(suite, leg);
}

function endCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q197 a cancelled stream ends at the hub and completes without an error", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "1", target: "WhoAmI", arguments: [] });
    const who = await client.nextMessage();
    const connectionId = who.type === 3 ? String(who.result) : "";
    client.sendMessages({ type: 4, invocationId: "7", target: "Counter", arguments: [endless, 1] });
    await client.nextMessages(3);
    client.sendMessages({ type: 5, invocationId: "7" });
    expect(await client.completionOf("7", 1_000)).toEqual({ type: 3, invocationId: "7" });
    const ended = { kind: "streamEnded", name: "Counter", connectionId } as const;
    expect(await suite.target.origin.control.waitFor(ended)).toMatchObject({ error: "cancelled" });
    const untilEnd = client.frames.length;
    client.sendMessages({ type: 1, invocationId: "8", target: "Add", arguments: [1, 2] });
    await client.completionOf("8");
    expect(client.frames).toHaveLength(untilEnd + 1);
  });

  suite.test("Q198 a stream ends at the hub when its client is gone", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "1", target: "WhoAmI", arguments: [] });
    const who = await client.nextMessage();
    const connectionId = who.type === 3 ? String(who.result) : "";
    client.sendMessages({ type: 4, invocationId: "7", target: "Counter", arguments: [endless, 1] });
    await client.nextMessages(3);
    await client.close();
    const ended = { kind: "streamEnded", name: "Counter", connectionId } as const;
    expect(await suite.target.origin.control.waitFor(ended, { timeoutMs: 2_000 })).toMatchObject({
      error: "cancelled",
    });
  });

  suite.test("Q199 a second stream under the same id is refused", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(
      { type: 4, invocationId: "7", target: "Counter", arguments: [endless, 10_000] },
      { type: 4, invocationId: "7", target: "Counter", arguments: [1, 0] },
    );
    const error = "Invocation ID '7' is already in use.";
    expect(await client.completionOf("7")).toEqual({ type: 3, invocationId: "7", error });
  });
}
