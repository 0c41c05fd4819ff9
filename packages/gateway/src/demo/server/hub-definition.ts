import type { IncomingHttpHeaders } from "node:http";
import type { HubProtocolName } from "@signalr-edge/protocol";

/** What a hub method may see of the HTTP request that opened the connection. */
export interface HubRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** Who connects: an identity, or the HTTP status that refuses every request of this client. */
export type Authentication =
  | { readonly kind: "identity"; readonly userIdentifier: string | undefined; readonly roles: readonly string[] }
  | { readonly kind: "refused"; readonly status: 401 | 403 };

/** Recipients of one send. A message is encoded once per hub protocol, however many they are. */
export interface Recipients {
  send(target: string, ...args: readonly unknown[]): void;
}

/** One recipient, which may also be asked for a result (protocol.md 8.5). */
export interface SingleRecipient extends Recipients {
  /** Rejects with `HubException` when the client answers with an error or disconnects. */
  invoke(target: string, ...args: readonly unknown[]): Promise<unknown>;
}

/** `Clients` of a hub, as far as it does not depend on a caller. */
export interface HubClients {
  readonly all: Recipients;
  group(name: string): Recipients;
  /** One copy per group: a member of two of them gets two. */
  groups(names: readonly string[]): Recipients;
  user(userIdentifier: string): Recipients;
  client(connectionId: string): SingleRecipient;
}

export interface CallerClients extends HubClients {
  readonly caller: SingleRecipient;
  readonly others: Recipients;
  othersInGroup(name: string): Recipients;
}

/** What a hub method gets besides its arguments. One per invocation. */
export interface HubContext {
  readonly connectionId: string;
  readonly protocol: HubProtocolName;
  readonly userIdentifier: string | undefined;
  readonly roles: readonly string[];
  readonly request: HubRequest;
  readonly clients: CallerClients;
  /** Aborted by a disconnect and, for streams, by a cancel. */
  readonly aborted: AbortSignal;
  /** The arguments as they came, for methods that must not change them. */
  readonly rawArguments: readonly RawValue[];
  /** One per upload stream that the client sends with the invocation. */
  readonly uploads: readonly AsyncIterable<unknown>[];
  addToGroup(name: string): void;
  removeFromGroup(name: string): void;
  /** Ends the connection with a Close message without `allowReconnect`. */
  abort(): void;
}

/**
 * A hub method. It takes exactly the arguments that it names: a client that sends more or fewer gets an error.
 * A promise is awaited, an async generator streams, nothing or `undefined` completes with null.
 */
export type HubFunction = (context: HubContext, ...args: readonly unknown[]) => unknown;

export interface HubMethodOptions {
  readonly run: HubFunction;
  /** Where the parameters of `run` do not show it. */
  readonly argumentCount?: number;
  /** `run` returns an `AsyncIterable` although it is no async generator. */
  readonly stream?: boolean;
  readonly uploadStreamCount?: number;
  /** Caller needs one of these roles. */
  readonly roles?: readonly string[];
}

export type HubMethod = HubFunction | HubMethodOptions;

export interface HubDefinition {
  /** By name, in the case that documentation uses; clients may write any case. */
  readonly methods: Readonly<Record<string, HubMethod>>;
  /** Runs after the handshake and before any message of the client. Throwing ends the connection. */
  readonly onConnected?: (context: HubContext) => unknown;
  /** `error` is `undefined` after a graceful end. Must not throw. */
  readonly onDisconnected?: (context: HubContext, error: Error | undefined) => void;
  readonly authenticate?: (request: HubRequest) => Authentication;
  /** Adds exception names and texts to what clients are told. */
  readonly detailedErrors?: boolean;
  /** Both, unless named. */
  readonly protocols?: readonly HubProtocolName[];
}

/** An error whose text the caller is told, detailed errors or not. */
export class HubException extends Error {
  override readonly name = "HubException";
}

/** An argument is not what the method takes: that invocation fails, the connection goes on (protocol.md 8.2). */
export class ArgumentMismatch extends Error {
  override readonly name = "InvalidDataException";

  constructor() {
    super(
      "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
    );
  }
}

/** A value that looks different in each hub protocol, as most .NET types do (protocol.md 5.3). */
export class ProtocolValue {
  readonly shape: (protocol: HubProtocolName) => unknown;

  constructor(shape: (protocol: HubProtocolName) => unknown) {
    this.shape = shape;
  }
}

/**
 * A value as the bytes it has on the wire, never interpreted. Written to a connection of a hub protocol that it has no
 * bytes for it is null.
 */
export class RawValue {
  readonly bytes: Readonly<Partial<Record<HubProtocolName, Uint8Array>>>;

  constructor(bytes: Readonly<Partial<Record<HubProtocolName, Uint8Array>>>) {
    this.bytes = bytes;
  }
}

/** Throws `ArgumentMismatch` for anything but a string. */
export function stringArgument(value: unknown): string {
  if (typeof value !== "string") throw new ArgumentMismatch();
  return value;
}

/** Throws `ArgumentMismatch` for anything but a whole number that a double holds exactly. */
export function integerArgument(value: unknown): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) throw new ArgumentMismatch();
  return number;
}
