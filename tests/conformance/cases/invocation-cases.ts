import { expect } from "vitest";
import { hubPaths } from "../../support/origin.ts";
import type { RawConnection } from "../../support/raw-connection.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q181-Q192, Q212: invocations, in either hub protocol. */
export function invocationCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q181 a hub method is found in any case", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "1", target: "aDD", arguments: [1, 2] });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });

  suite.test("Q182 a target arrives in the case of the hub", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, target: "CallerMessage", arguments: [] });
    expect(await client.nextMessage()).toEqual({ type: 1, target: "ReceiveMessage", arguments: [1, "x", null] });
  });

  errorCases(suite, leg);

  suite.test("Q188 a method for others is refused, and runs for those with the role", async () => {
    const anonymous = await suite.connectOver(leg);
    expect(await invoke(anonymous, "Secret")).toEqual(
      failure("Failed to invoke 'Secret' because user is unauthorized"),
    );
    const entitled = await suite.connectOver(leg, { headers: { authorization: "Bearer user:ann:x" } });
    expect(await invoke(entitled, "Secret")).toEqual({ type: 3, invocationId: "1", result: "secret" });
  });

  orderCases(suite, leg);
}

function orderCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q190 what the hub sends to the caller comes in order and before the completion", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, invocationId: "1", target: "CallerThenReturn", arguments: [100] });
    const messages = await client.nextMessages(101);
    const expected = Array.from({ length: 100 }, (_, number) => ({ type: 1, target: "seq", arguments: [number] }));
    expect(messages).toEqual([...expected, { type: 3, invocationId: "1", result: 100 }]);
  });

  suite.test("Q191 an invocation waits for the one before it", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages(
      { type: 1, invocationId: "slow", target: "Slow", arguments: [200] },
      { type: 1, invocationId: "quick", target: "Add", arguments: [1, 2] },
    );
    expect(await client.nextMessages(2)).toMatchObject([{ invocationId: "slow" }, { invocationId: "quick" }]);
  });

  suite.test("Q192 a slow method of one connection does not delay another's", async () => {
    const slow = await suite.connectOver(leg);
    const quick = await suite.connectOver(leg);
    const connectionId = resultOf(await invoke(slow, "WhoAmI"));
    slow.sendMessages({ type: 1, invocationId: "2", target: "Slow", arguments: [10_000] });
    await suite.target.origin.control.waitFor({ kind: "invoked", name: "Slow", connectionId });
    expect(await invoke(quick, "Add", 1, 2)).toMatchObject({ result: 3 });
    expect(slow.frames).toHaveLength(1);
  });

  suite.test("Q212 clients with the same invocation ids each get their own answers under their own ids", async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => suite.connectOver(leg)));
    await Promise.all(
      clients.map(async (client, number) => {
        const ids = ["1", "a b", "ü", "x".repeat(200)];
        for (const invocationId of ids)
          client.sendMessages({ type: 1, invocationId, target: "Echo", arguments: [number] });
        const expected = ids.map((invocationId) => ({ type: 3, invocationId, result: number }));
        expect(await client.nextMessages(ids.length)).toEqual(expected);
      }),
    );
  });
}

/** `detail` is what the hub with detailed errors adds. */
const failures = [
  {
    number: "Q183",
    method: "Nope",
    args: [],
    error: "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.",
  },
  {
    number: "Q184",
    method: "Add",
    args: [1],
    error: "Failed to invoke 'Add' due to an error on the server.",
    detail: " InvalidDataException: Invocation provides 1 argument(s) but target expects 2.",
  },
  {
    number: "Q184",
    method: "Add",
    args: [1, 2, 3],
    error: "Failed to invoke 'Add' due to an error on the server.",
    detail: " InvalidDataException: Invocation provides 3 argument(s) but target expects 2.",
  },
  {
    number: "Q185",
    method: "Add",
    args: ["one", 2],
    error: "Failed to invoke 'Add' due to an error on the server.",
    detail:
      " InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
  },
  {
    number: "Q186",
    method: "Throw",
    args: [],
    error: "An unexpected error occurred invoking 'Throw' on the server.",
    detail: " InvalidOperationException: thrown by the hub",
  },
  {
    number: "Q187",
    method: "ThrowHub",
    args: ["x"],
    error: "An unexpected error occurred invoking 'ThrowHub' on the server. HubException: x",
  },
  {
    number: "Q189",
    method: "Counter",
    args: [1, 0],
    error: "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.",
  },
];

function errorCases(suite: SuiteContext, leg: Leg): void {
  for (const { number, method, args, error, detail = "" } of failures) {
    suite.test(`${number} ${method}(${args.join(", ")}) fails and the connection lives`, async () => {
      const client = await suite.connectOver(leg);
      expect(await invoke(client, method, ...args)).toEqual(failure(error));
      expect(await invoke(client, "Add", 1, 2)).toMatchObject({ result: 3 });
    });

    if (suite.traits.detailedHub) {
      suite.test(`${number} ${method}(${args.join(", ")}) is explained by the detailed hub`, async () => {
        const client = await suite.connectOver(leg, { hub: hubPaths.detailed });
        expect(await invoke(client, method, ...args)).toEqual(failure(error + detail));
      });
    }
  }

  suite.test("Q183 an unknown method without an id is not answered", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 1, target: "Nope", arguments: [] });
    expect(await invoke(client, "Add", 1, 2)).toMatchObject({ result: 3 });
  });

  suite.test("Q189 a method that does not stream refuses a stream invocation", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 4, invocationId: "1", target: "Add", arguments: [1, 2] });
    const error = "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation.";
    expect(await client.nextMessage()).toEqual(failure(error));
  });
}

/** Invokes with id "1"; the next message must be the completion. */
function invoke(
  client: RawConnection,
  target: string,
  ...args: readonly unknown[]
): ReturnType<RawConnection["nextMessage"]> {
  client.sendMessages({ type: 1, invocationId: "1", target, arguments: args });
  return client.nextMessage();
}

function resultOf(message: Awaited<ReturnType<RawConnection["nextMessage"]>>): string {
  return message.type === 3 ? String(message.result) : "";
}

function failure(error: string): { type: number; invocationId: string; error: string } {
  return { type: 3, invocationId: "1", error };
}
