import type { HubConnection } from "@microsoft/signalr";
import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel, Subject } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askHub } from "../support/ask-hub.ts";
import { type HttpProxy, startHttpProxy } from "../support/http-proxy.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import { buildRealClient, type RealClientOptions } from "../support/real-client.ts";
import { acceptingNegotiate, type Script, startScriptedOrigin } from "../support/scripted-origin.ts";
import { startGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type Leg, SuiteContext } from "./suite-context.ts";
import type { SuiteTarget } from "./suite-target.ts";
import { connectThroughGateway, gatewayTraits } from "./targets.ts";

const { legs } = new SuiteContext(gatewayTraits);
const noConnection = "No Connection with that ID: Status code '404'";
const canceled = "Invocation canceled due to the underlying connection being closed.";

/** Q172: what the official client tells its application, directly and through the gateway (protocol.md 7.7, 8.2). */
describe.skipIf(!aspNetOriginAvailable)("the TypeScript client reports the same", () => {
  let target: SuiteTarget;
  beforeAll(async () => {
    target = await connectThroughGateway(await startAspNetOrigin());
  });
  afterAll(() => target.stop());

  startCases(() => target);
  scriptedCases();
  connectionCases(() => target);
  for (const leg of legs) invocationCases(() => target, leg);
});

interface StartCase {
  readonly what: string;
  readonly path: string;
  readonly options?: Partial<RealClientOptions>;
  readonly text: string;
}

const refusedNegotiation = "Failed to complete negotiation with the server: Error:";
const refusedWebSocket =
  "WebSocket failed to connect. The connection could not be found on the server, either the endpoint may not be a SignalR endpoint, the connection ID is not present on the server, or there is a proxy blocking WebSockets. If you have multiple servers check that sticky sessions are enabled.";
const refusedStream =
  "EventSource failed to connect. The connection could not be found on the server, either the connection ID is not present on the server, or a proxy is refusing/buffering the connection. If you have multiple servers check that sticky sessions are enabled.";

const starts: readonly StartCase[] = [
  {
    what: "a hub that is not there",
    path: "/hubs/none",
    text: `${refusedNegotiation} Not Found: Status code '404' Either this is not a SignalR endpoint or there is a proxy blocking the connection.`,
  },
  {
    what: "a hub that wants a token",
    path: hubPaths.auth,
    text: `${refusedNegotiation} Unauthorized: Status code '401'`,
  },
  {
    what: "a hub that does not want this user",
    path: hubPaths.auth,
    options: { accessToken: "user:eve:banned" },
    text: `${refusedNegotiation} Forbidden: Status code '403'`,
  },
  {
    what: "a hub that is not there, without negotiation",
    path: "/hubs/none",
    options: { transport: "WebSockets", skipNegotiation: true },
    text: refusedWebSocket,
  },
  {
    what: "a hub that wants a token, without negotiation",
    path: hubPaths.auth,
    options: { transport: "WebSockets", skipNegotiation: true },
    text: refusedWebSocket,
  },
];

function startCases(target: () => SuiteTarget): void {
  for (const { what, path, options, text } of starts) {
    test(`for ${what}`, async () => {
      for (const base of [target().origin.url, target().url]) {
        expect(await startErrorOf(buildRealClient({ url: base + path, ...options }))).toBe(text);
      }
    });
  }

  test("for a handshake that is refused", async () => {
    for (const base of [target().origin.url, target().url]) {
      const connection = new HubConnectionBuilder()
        .withUrl(base + hubPaths.contract, { transport: HttpTransportType.WebSockets })
        .withHubProtocol(Object.assign(new JsonHubProtocol(), { name: "nope" }))
        .configureLogging(LogLevel.None)
        .build();
      expect(await startErrorOf(connection)).toBe(
        "Server returned handshake error: The protocol 'nope' is not supported.",
      );
    }
  });
}

interface ScriptCase {
  readonly what: string;
  readonly script: Script;
  readonly options?: Partial<RealClientOptions>;
  readonly text: string;
  /** Where the gateway says something else, by design: it needs WebSockets and a negotiation that it understands. */
  readonly gatewayText?: string;
}

const badGateway = `${refusedNegotiation} The origin of this hub cannot be reached.: Status code '502'`;
const noTransport = "Unable to connect to the server with any of the available transports.";

const scripts: readonly ScriptCase[] = [
  ...[
    [400, "Bad Request"],
    [401, "Unauthorized"],
    [403, "Forbidden"],
    [405, "Method Not Allowed"],
    [500, "Internal Server Error"],
    [503, "Service Unavailable"],
  ].map(([status, words]) => ({
    what: `negotiate answered with ${status}`,
    script: { negotiate: { status: Number(status) } },
    text: `${refusedNegotiation} ${words}: Status code '${status}'`,
  })),
  {
    what: "negotiate answered with 403 and a text",
    script: { negotiate: { status: 403, body: "nope", contentType: "text/plain" } },
    text: `${refusedNegotiation} nope: Status code '403'`,
  },
  {
    what: "negotiate answered with 204",
    script: { negotiate: { status: 204 } },
    text: "Unexpected status code returned from negotiate '204'",
  },
  {
    what: "negotiate answered with an error",
    script: { negotiate: { status: 200, body: '{"error":"not today"}' } },
    text: "not today",
  },
  {
    what: "negotiate answered with something else than JSON",
    script: { negotiate: { status: 200, body: "<html>", contentType: "text/html" } },
    text: `Failed to complete negotiation with the server: SyntaxError: Unexpected token '<', "<html>" is not valid JSON`,
    gatewayText: badGateway,
  },
  {
    what: "negotiate without transports",
    script: { negotiate: { status: 200, body: '{"connectionId":"id","availableTransports":[]}' } },
    text: "None of the transports supported by the client are supported by the server.",
    gatewayText: badGateway,
  },
  {
    what: "negotiate with a transport of the future",
    script: {
      negotiate: {
        status: 200,
        body: '{"connectionId":"id","availableTransports":[{"transport":"Carrier","transferFormats":["Text"]}]}',
      },
    },
    text: `${noTransport} Carrier failed: Error: Skipping transport 'Carrier' because it is not supported by this client.`,
    gatewayText: badGateway,
  },
  {
    what: "a WebSocket that is refused",
    script: { negotiate: acceptingNegotiate },
    options: { transport: "WebSockets" },
    text: `${noTransport} WebSockets failed: Error: ${refusedWebSocket} Error: ServerSentEvents failed: Error: 'ServerSentEvents' is disabled by the client.`,
    gatewayText: `${noTransport} WebSockets failed: Error: ${refusedWebSocket} Error: ServerSentEvents failed: Error: 'ServerSentEvents' is disabled by the client. Error: LongPolling failed: Error: 'LongPolling' is disabled by the client.`,
  },
  {
    what: "an event stream that is refused",
    script: { negotiate: acceptingNegotiate },
    options: { transport: "ServerSentEvents" },
    text: `${noTransport} Error: WebSockets failed: Error: 'WebSockets' is disabled by the client. ServerSentEvents failed: Error: ${refusedStream}`,
    gatewayText: `${noTransport} Error: WebSockets failed: Error: 'WebSockets' is disabled by the client. ServerSentEvents failed: Error: ${refusedStream} Error: LongPolling failed: Error: 'LongPolling' is disabled by the client.`,
  },
  {
    what: "a connection that ends before the handshake",
    script: { negotiate: acceptingNegotiate, upgrade: "close" },
    options: { transport: "WebSockets" },
    text: "The underlying connection was closed before the hub handshake could complete.",
  },
];

function scriptedCases(): void {
  for (const { what, script, options, text, gatewayText } of scripts) {
    test(`for ${what}`, async () => {
      const origin = await startScriptedOrigin(script);
      onTestFinished(() => origin.stop());
      const gateway = await startGateway({ origin });
      onTestFinished(() => gateway.stop());
      const errorOf = (base: string): Promise<string> =>
        startErrorOf(buildRealClient({ url: base + hubPaths.contract, ...options }));
      expect(await errorOf(origin.url)).toBe(text);
      expect(await errorOf(gateway.url)).toBe(gatewayText ?? text);
    });
  }
}

/** Ends and failures of connections that stand. */
function connectionCases(target: () => SuiteTarget): void {
  const both = async (run: (base: string) => Promise<unknown>, expected: unknown): Promise<void> => {
    for (const base of [target().origin.url, target().url]) expect(await run(base)).toEqual(expected);
  };

  test("for a poll with an id that is unknown", () =>
    both(
      async (base) => {
        const { connection, closed, proxy } = await startPolling(base);
        const slow = connection.invoke("Slow", 30_000).catch((error: Error) => error.message);
        proxy.misroute("GET");
        // Its answer ends the poll that waits.
        await connection.invoke("Void").catch(() => "");
        return [await slow, (await closed)?.message];
      },
      [noConnection, noConnection],
    ));

  test("for a POST with an id that is unknown: only that invocation fails", () =>
    both(
      async (base) => {
        const { connection, proxy } = await startPolling(base);
        proxy.misroute("POST");
        return [await invocationErrorOf(connection, "Add", 1, 2), connection.state];
      },
      [noConnection, "Connected"],
    ));

  test("for a polling client that somebody ends", () =>
    both(async (base) => {
      const { closed, proxy } = await startPolling(base);
      await askHub(`${base}${hubPaths.contract}?id=${proxy.lastId}`, { method: "DELETE" });
      return closed;
    }, undefined));

  test("for a server that says nothing", () =>
    both(async (base) => {
      const connection = connectionOf({ url: base + hubPaths.contract });
      const closed = closeOf(connection);
      connection.serverTimeoutInMilliseconds = 300;
      await connection.start();
      return (await closed)?.message;
    }, "Server timeout elapsed without receiving a message from the server."));

  for (const leg of legs) {
    test(`for a connection that the hub aborts, in ${leg.protocol} over ${leg.transport}`, () =>
      both(
        async (base) => {
          const connection = connectionOf({ url: base + hubPaths.contract, ...leg });
          const closed = closeOf(connection);
          await connection.start();
          const connectionId = String(await connection.invoke("WhoAmI"));
          const slow = invocationErrorOf(connection, "Slow", 30_000);
          const { control } = target().origin;
          await control.waitFor({ kind: "invoked", name: "Slow", connectionId });
          await control.abortConnections(hubPaths.contract);
          return [await slow, await closed];
        },
        [canceled, undefined],
      ));
  }
}

interface InvocationCase {
  readonly what: string;
  readonly run: (connection: HubConnection) => Promise<string>;
  readonly text: string;
  /** What the hub with detailed errors adds. */
  readonly detail?: string;
}

const unexpected = (name: string): string => `An unexpected error occurred invoking '${name}' on the server.`;
const failed = (name: string): string => `Failed to invoke '${name}' due to an error on the server.`;
const ofInvoke =
  (name: string, ...args: readonly unknown[]): InvocationCase["run"] =>
  (connection) =>
    invocationErrorOf(connection, name, ...args);
const ofStream =
  (name: string, ...args: readonly unknown[]): InvocationCase["run"] =>
  (connection) =>
    new Promise((resolve) =>
      connection.stream(name, ...args).subscribe({
        next: () => undefined,
        complete: () => resolve("no error"),
        error: (error: Error) => resolve(error.message),
      }),
    );

const invocations: readonly InvocationCase[] = [
  { what: "an unknown method", run: ofInvoke("Nope"), text: `${failed("Nope")} HubException: Method does not exist.` },
  {
    what: "an argument too few",
    run: ofInvoke("Add", 1),
    text: failed("Add"),
    detail: " InvalidDataException: Invocation provides 1 argument(s) but target expects 2.",
  },
  {
    what: "an argument of another type",
    run: ofInvoke("Add", "one", 2),
    text: failed("Add"),
    detail:
      " InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
  },
  {
    what: "an exception",
    run: ofInvoke("Throw"),
    text: unexpected("Throw"),
    detail: " InvalidOperationException: thrown by the hub",
  },
  {
    what: "a HubException",
    run: ofInvoke("ThrowHub", "für alle"),
    text: `${unexpected("ThrowHub")} HubException: für alle`,
  },
  {
    what: "a method for others",
    run: ofInvoke("Secret"),
    text: "Failed to invoke 'Secret' because user is unauthorized",
  },
  {
    what: "a stream that is invoked",
    run: ofInvoke("Counter", 1, 0),
    text: "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.",
  },
  {
    what: "a method that is streamed",
    run: ofStream("Add", 1, 2),
    text: "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation.",
  },
  {
    what: "an exception in a stream",
    run: ofStream("CounterThrow", 2),
    text: "An error occurred on the server while streaming results.",
    detail: " InvalidOperationException: thrown by the stream",
  },
  {
    what: "a stream that is none",
    run: ofStream("NullStream"),
    text: "The value returned by the streaming method 'NullStream' is not a ChannelReader<> or IAsyncEnumerable<>.",
  },
  {
    what: "a stream too many",
    run: ofInvoke("Upload", new Subject(), new Subject()),
    text: `${unexpected("Upload")} HubException: Client sent 2 stream(s), Hub method expects 1.`,
  },
];

function invocationCases(target: () => SuiteTarget, leg: Leg): void {
  describe(`in ${leg.protocol} over ${leg.transport}`, () => {
    for (const { what, run, text, detail = "" } of invocations) {
      test(`for ${what}`, async () => {
        for (const base of [target().origin.url, target().url]) {
          expect(await runOn(base, hubPaths.contract, leg, run)).toBe(text);
          expect(await runOn(base, hubPaths.detailed, leg, run)).toBe(text + detail);
        }
      });
    }
  });
}

async function runOn(base: string, hub: HubPath, leg: Leg, run: InvocationCase["run"]): Promise<string> {
  const connection = connectionOf({ url: base + hub, ...leg });
  await connection.start();
  return run(connection);
}

function connectionOf(options: RealClientOptions): HubConnection {
  const connection = buildRealClient(options);
  onTestFinished(() => connection.stop());
  return connection;
}

function startErrorOf(connection: HubConnection): Promise<string> {
  return connection.start().then(
    () => "no error",
    (error: Error) => error.message,
  );
}

function invocationErrorOf(connection: HubConnection, method: string, ...args: readonly unknown[]): Promise<string> {
  return connection.invoke(method, ...args).then(
    () => "no error",
    (error: Error) => error.message,
  );
}

function closeOf(connection: HubConnection): Promise<Error | undefined> {
  return new Promise((resolve) => connection.onclose(resolve));
}

interface Polling {
  readonly connection: HubConnection;
  readonly closed: Promise<Error | undefined>;
  readonly proxy: HttpProxy;
}

async function startPolling(base: string): Promise<Polling> {
  const proxy = await startHttpProxy(base);
  onTestFinished(() => proxy.stop());
  const connection = connectionOf({ url: proxy.url + hubPaths.contract, transport: "LongPolling" });
  const closed = closeOf(connection);
  await connection.start();
  return { connection, closed, proxy };
}
