import { expect } from "vitest";
import type { RawConnection } from "../../support/raw-connection.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q160, Q205-Q207: the hub asks a client and waits for its answer. */
export function clientResultCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q205 every caller's answer gets to its own invocation", async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => suite.connectOver(leg)));
    const questions = await Promise.all(clients.map((client, number) => ask(client, `question ${number}`)));
    for (const [number, client] of [...clients.entries()].reverse()) {
      client.sendMessages({ type: 3, invocationId: questions[number] ?? "", result: `answer ${number}` });
    }
    for (const [number, client] of clients.entries()) {
      expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: `answer ${number}` });
    }
  });

  suite.test("Q206 a client that waits for its own invocation can answer", async () => {
    const connection = await suite.startRealClient(leg);
    connection.on("Question", (question: string) => `${question} 42`);
    expect(await connection.invoke("AskClient", "how much?")).toBe("how much? 42");
  });

  // Not the default of the expected type: the framework wants a value.
  suite.test("Q160 an answer without a value is an error in the hub", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 3, invocationId: await ask(client, "?") });
    const error =
      "An unexpected error occurred invoking 'AskClient' on the server. HubException: Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown.";
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", error });
  });

  suite.test("Q207 an error for an answer is a HubException with its text", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 3, invocationId: await ask(client, "?"), error: "I do not know" });
    const error = "An unexpected error occurred invoking 'AskClient' on the server. HubException: I do not know";
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", error });
  });

  suite.test("Q207 the hub stops waiting when the client is gone", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "0", target: "WhoAmI", arguments: [] });
    const who = await client.nextMessage();
    const connectionId = who.type === 3 ? String(who.result) : "";
    await ask(client, "?");
    await client.close();
    const returned = { kind: "returned", name: "AskClient", connectionId } as const;
    const end = await suite.target.origin.control.waitFor(returned, { timeoutMs: 2_000 });
    expect(end.error).not.toBeNull();
  });
}

/** Invokes `AskClient` with id "1" and returns the id under which the hub wants the answer. */
async function ask(client: RawConnection, question: string): Promise<string> {
  client.sendMessages({ type: 1, invocationId: "1", target: "AskClient", arguments: [question] });
  const message = await client.nextMessage();
  expect(message).toMatchObject({
    type: 1,
    invocationId: expect.any(String),
    target: "Question",
    arguments: [question],
  });
  return message.type === 1 ? (message.invocationId ?? "") : "";
}
