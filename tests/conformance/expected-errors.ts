import type { HubConnection } from "@microsoft/signalr";
import { hubPaths } from "../support/origin.ts";
import type { RealClientOptions } from "../support/real-client.ts";
import { acceptingNegotiate, type Script } from "../support/scripted-origin.ts";
import { invocationErrorOf } from "./failures.ts";

/** A start that the real origin refuses. */
export interface StartCase {
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

export const starts: readonly StartCase[] = [
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

/** A start that an origin refuses in a way that ASP.NET Core does not have by itself. */
export interface ScriptCase {
  readonly what: string;
  readonly script: Script;
  readonly options?: Partial<RealClientOptions>;
  /** What is told, or a part of it. */
  readonly text: string;
  /** Where the gateway says something else, by design: it needs WebSockets and a negotiation that it understands. */
  readonly gatewayText?: string;
}

const badGateway = `${refusedNegotiation} The origin of this hub cannot be reached.: Status code '502'`;
const noTransport = "Unable to connect to the server with any of the available transports.";

export const scripts: readonly ScriptCase[] = [
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
    text: refusedWebSocket,
  },
  {
    what: "an event stream that is refused",
    script: { negotiate: acceptingNegotiate },
    options: { transport: "ServerSentEvents" },
    text: refusedStream,
  },
  {
    what: "a poll that is refused",
    script: { negotiate: acceptingNegotiate },
    options: { transport: "LongPolling" },
    text: "LongPolling failed: Error: Not Found: Status code '404'",
  },
  {
    what: "a connection that ends before the handshake",
    script: { negotiate: acceptingNegotiate, upgrade: "close" },
    options: { transport: "WebSockets" },
    text: "The underlying connection was closed before the hub handshake could complete.",
  },
];

/** An invocation that fails, and its text (protocol.md 8.2). */
export interface InvocationCase {
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

export const invocations: readonly InvocationCase[] = [
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
];
