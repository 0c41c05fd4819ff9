import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { HubConnection } from "@microsoft/signalr";
import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel, Subject } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { HubDefinition } from "./hub-definition.ts";
import { HubException, integerArgument, ProtocolValue, stringArgument } from "./hub-definition.ts";
import { HubServer } from "./hub-server.ts";

const ended: string[] = [];
let endedCounters = 0;
let counterEnded = (): void => {};

const hub: HubDefinition = {
  methods: {
    Add: (_context, left, right) => integerArgument(left) + integerArgument(right),
    Nothing: () => undefined,
    Fail: () => {
      throw new HubException("as told");
    },
    Break: async () => {
      throw new Error("not for clients");
    },
    Slow: async (_context, milliseconds) => {
      await delay(integerArgument(milliseconds));
      return "slow";
    },
    Shape: () => new ProtocolValue((protocol) => (protocol === "json" ? { firstName: "Zoë" } : { FirstName: "Zoë" })),
    Count: async function* (context, count) {
      try {
        for (let number = 0; number < integerArgument(count); number += 1) {
          yield number;
          if (number > 2) await delay(5, undefined, { signal: context.aborted });
        }
      } finally {
        endedCounters += 1;
        counterEnded();
      }
    },
    Sum: {
      uploadStreamCount: 1,
      run: async ({ uploads: [numbers] }) => {
        let sum = 0;
        for await (const number of numbers ?? []) sum += integerArgument(number);
        return sum;
      },
    },
    Ask: (context, question) => context.clients.caller.invoke("Question", question),
    Join: (context, group) => context.addToGroup(stringArgument(group)),
    Leave: (context, group) => context.removeFromGroup(stringArgument(group)),
    Say: (context, group, text) => context.clients.group(stringArgument(group)).send("Said", text),
    SayToOthers: (context, text) => context.clients.others.send("Said", text),
    Leaves: (context) => context.abort(),
  },
  onConnected: (context) => context.clients.caller.send("Welcome", context.connectionId),
  onDisconnected: (context, error) => void ended.push(`${context.connectionId} ${error?.message ?? "gracefully"}`),
};

let server: HubServer;
let url: string;
let connections: HubConnection[];

beforeEach(async () => {
  server = new HubServer({ hubs: { "/hubs/test": hub } });
  url = await server.listen();
  connections = [];
});

afterEach(async () => {
  await Promise.all(connections.map((connection) => connection.stop()));
  await server.close();
});

function build(protocol: HubProtocolName): HubConnection {
  const builder = new HubConnectionBuilder()
    .withUrl(`${url}/hubs/test`, { transport: HttpTransportType.WebSockets })
    .configureLogging(LogLevel.None);
  const connection = (protocol === "json" ? builder : builder.withHubProtocol(new MessagePackHubProtocol())).build();
  connections.push(connection);
  return connection;
}

async function start(protocol: HubProtocolName): Promise<HubConnection> {
  const connection = build(protocol);
  connection.on("Welcome", () => {});
  await connection.start();
  return connection;
}

/** Resolves with the first arguments of the next `count` invocations of the target. */
function next(connection: HubConnection, target: string, count = 1): Promise<unknown[]> {
  const seen: unknown[] = [];
  return new Promise((resolve) => {
    connection.on(target, (argument: unknown) => {
      if (seen.push(argument) === count) resolve(seen);
    });
  });
}

function closeOf(connection: HubConnection): Promise<Error | undefined> {
  return new Promise((resolve) => connection.onclose(resolve));
}

describe.each(["json", "messagepack"] as const)("over %s", (protocol) => {
  test("a client is greeted with the connection id that it negotiated", async () => {
    const connection = build(protocol);
    const welcome = next(connection, "Welcome");
    await connection.start();
    expect(await welcome).toEqual([connection.connectionId]);
  });

  test("invocations return results and null for nothing, whatever the case of the method", async () => {
    const connection = await start(protocol);
    expect(await connection.invoke("aDD", 1, 2)).toBe(3);
    expect(await connection.invoke("Nothing")).toBeNull();
  });

  test("a value has its own shape in each protocol", async () => {
    const connection = await start(protocol);
    const name = protocol === "json" ? "firstName" : "FirstName";
    expect(await connection.invoke("Shape")).toEqual({ [name]: "Zoë" });
  });

  test.each([
    ["Missing", [], "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist."],
    ["Add", [1], "Failed to invoke 'Add' due to an error on the server."],
    ["Add", [1, "2"], "Failed to invoke 'Add' due to an error on the server."],
    ["Fail", [], "An unexpected error occurred invoking 'Fail' on the server. HubException: as told"],
    ["Break", [], "An unexpected error occurred invoking 'Break' on the server."],
    ["Count", [1], "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."],
  ])("invoking %s with %j fails with the words of ASP.NET Core", async (method, args, text) => {
    const connection = await start(protocol);
    await expect(connection.invoke(method, ...args)).rejects.toThrow(new Error(text));
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
  });

  test("invocations of one connection run one after another, those of others do not wait", async () => {
    const [first, second] = [await start(protocol), await start(protocol)];
    const order: unknown[] = [];
    const slow = first.invoke("Slow", 100).then((result) => order.push(result));
    const behind = first.invoke("Add", 1, 2).then((result) => order.push(result));
    await second.invoke("Add", 2, 2).then((result) => order.push(result));
    await Promise.all([slow, behind]);
    expect(order).toEqual([4, "slow", 3]);
  });

  test("a stream ends by itself or by a cancel, beside a slow invocation", async () => {
    const connection = await start(protocol);
    const slow = connection.invoke("Slow", 100);
    expect(await collect(connection, 3)).toEqual([0, 1, 2]);
    const stopped = new Promise<void>((resolve) => {
      counterEnded = resolve;
    });
    const before = endedCounters;
    const subscription = connection.stream("Count", 1_000_000).subscribe({
      next: (item) => {
        if (item === 5) subscription.dispose();
      },
      complete: () => {},
      error: () => {},
    });
    await stopped;
    expect(endedCounters).toBe(before + 1);
    expect(await slow).toBe("slow");
  });

  test("an upload longer than the server's buffer arrives whole", async () => {
    const connection = await start(protocol);
    const numbers = new Subject<number>();
    const sum = connection.invoke("Sum", numbers);
    for (let number = 1; number <= 100; number += 1) numbers.next(number);
    numbers.complete();
    expect(await sum).toBe(5050);
  });

  test("a hub method can ask its caller, who asks back meanwhile", async () => {
    const connection = await start(protocol);
    connection.on("Question", async (left: number) => connection.invoke("Add", left, 40));
    expect(await connection.invoke("Ask", 2)).toBe(42);
  });

  test("members of a group get each message once until they leave, in the protocol of each", async () => {
    const [first, second, outsider] = [await start("json"), await start("messagepack"), await start(protocol)];
    for (const member of [first, second, second]) await member.invoke("Join", "g");
    const heard = [next(first, "Said", 2), next(second, "Said")];
    await outsider.invoke("Say", "g", "one");
    await second.invoke("Leave", "g");
    await outsider.invoke("Say", "g", "two");
    expect(await Promise.all(heard)).toEqual([["one", "two"], ["one"]]);
    expect(server.stats.joins).toBe(2);
    expect(server.stats.connectionsByProtocol).toEqual(
      protocol === "json" ? { json: 2, messagepack: 1 } : { json: 1, messagepack: 2 },
    );
  });

  test("the others do not include the caller", async () => {
    const [caller, other] = [await start(protocol), await start(protocol)];
    const heard: unknown[] = [];
    caller.on("Said", (text) => heard.push(text));
    const said = next(other, "Said");
    await caller.invoke("SayToOthers", "hello");
    expect(await said).toEqual(["hello"]);
    await caller.invoke("Nothing");
    expect(heard).toEqual([]);
  });

  test("an aborted client is told to stay away", async () => {
    const connection = await start(protocol);
    const closed = closeOf(connection);
    await connection.send("Leaves");
    expect(await closed).toBeUndefined();
  });

  test("a server that closes lets its clients reconnect and waits until they are gone", async () => {
    const connection = await start(protocol);
    const closed = closeOf(connection);
    const { connectionId } = connection;
    await server.close();
    expect(await closed).toBeUndefined();
    expect(connection.state).toBe(HubConnectionState.Disconnected);
    expect(ended).toContain(`${connectionId} gracefully`);
    expect(server.stats.connections).toBe(0);
  });
});

test("a client that resets is a disconnect with an error", async () => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/hubs/test`);
  await once(socket, "open");
  socket.send('{"protocol":"json","version":1}\u001e');
  const connectionId = await connectionIdFromWelcome(socket);
  await server.kill();
  await once(socket, "close");
  expect(ended.some((entry) => entry.startsWith(`${connectionId} The remote party closed`))).toBe(true);
});

/** The handshake response and the welcome may share one chunk, so all messages are looked at. */
function connectionIdFromWelcome(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("message", (data) => {
      const message: { arguments?: [string] } = JSON.parse(String(data).slice(0, -1));
      if (message.arguments !== undefined) resolve(message.arguments[0]);
    });
  });
}

async function collect(connection: HubConnection, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    connection.stream("Count", count).subscribe({ next: (item) => items.push(item), complete: resolve, error: reject });
  });
  return items;
}
