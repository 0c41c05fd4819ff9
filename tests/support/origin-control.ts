import type { HubProtocolName } from "@signalr-edge/protocol";
import type { HubPath } from "./origin.ts";

export type TransportName = "WebSockets" | "ServerSentEvents" | "LongPolling";

/** First and last sequence number of what was published. Sequences start at 1 per hub and group. */
export interface Published {
  readonly first: number;
  readonly last: number;
}

export interface Publication {
  /** Default: the contract hub. */
  readonly hub?: HubPath;
  /** The group: exactly one of `eventId` and `key` (a text subscription). Integers beyond 2^53 as bigint. */
  readonly eventId?: number | bigint;
  readonly key?: string;
  /** Default: `OddsChanged` for an event, `TextChanged` for a text key. */
  readonly target?: string;
  /** Default 1. */
  readonly count?: number;
  /** Default: as fast as the members take them. */
  readonly perSecond?: number;
  /** Length of the message's `payload` string; default none. */
  readonly payloadBytes?: number;
}

export interface RawPublication {
  readonly hub?: HubPath;
  readonly eventId: number | bigint;
  readonly target: string;
  /** The array of arguments as it shall stand on the wire: JSON text, or MessagePack bytes. */
  readonly arguments: string | Uint8Array;
}

export type JournalKind =
  | "connected"
  | "refused"
  | "disconnected"
  | "invoked"
  | "returned"
  | "joined"
  | "left"
  | "streamEnded"
  | "uploadEnded";

/** One thing that happened at the origin. */
export interface JournalEntry {
  readonly number: number;
  readonly kind: JournalKind;
  readonly hub: string;
  readonly connectionId: string;
  /** `null` for anonymous clients, and for the ends of streams and uploads. */
  readonly user: string | null;
  /** The hub method; for `joined` and `left` the group, as `event:42` or `text:KEY`. */
  readonly name: string | null;
  /** Why a connection, method, stream or upload failed; `null` for a graceful end. A cancelled stream: `cancelled`. */
  readonly error: string | null;
}

/** Entries that have all the given members. */
export interface JournalQuery {
  readonly kind: JournalKind;
  readonly connectionId?: string;
  readonly user?: string;
  readonly name?: string;
}

export interface ConnectionState {
  readonly connectionId: string;
  readonly hub: string;
  readonly protocol: HubProtocolName;
  readonly transport: TransportName;
  readonly user: string | null;
}

/** What the origin did since it started or was reset. */
export interface OriginState {
  readonly currentConnections: number;
  readonly totalConnections: number;
  readonly kinds: readonly {
    readonly hub: string;
    readonly protocol: HubProtocolName;
    readonly transport: TransportName;
    readonly current: number;
    readonly total: number;
  }[];
  readonly connections: readonly ConnectionState[];
  readonly joins: number;
  readonly joinsByGroup: Readonly<Record<string, number>>;
  readonly leaves: number;
  readonly leavesByGroup: Readonly<Record<string, number>>;
  /** Calls of send, whatever the number of members. */
  readonly sendsByGroup: Readonly<Record<string, number>>;
  /** Hub methods that started, by name. */
  readonly invocations: Readonly<Record<string, number>>;
  /** The newest ends of connections, newest last. */
  readonly lastDisconnects: readonly JournalEntry[];
  /** Bytes of TCP payload on all connections but those of control requests, since the process started. */
  readonly traffic: { readonly bytesIn: number; readonly bytesOut: number };
}

/** What a test tells and asks an origin behind the clients' backs. Every call rejects if the origin refuses it. */
export interface OriginControl {
  /** Resolves when everything is sent. */
  publish(publication: Publication): Promise<Published>;
  /** One `KindsChanged` whose argument has a value of every kind. */
  publishKinds(publication: { readonly hub?: HubPath; readonly eventId: number | bigint }): Promise<Published>;
  /** One `OddsChanged` for each member of the event's group, with a `secret` of its own: what no group message is. */
  publishPersonal(publication: { readonly hub?: HubPath; readonly eventId: number | bigint }): Promise<void>;
  /** Exactly these bytes as arguments. Members that speak the other hub protocol get nulls. */
  publishRaw(publication: RawPublication): Promise<void>;
  /** `ServiceMessage` to every client of the hub. */
  broadcast(broadcast?: {
    readonly hub?: HubPath;
    readonly count?: number;
    readonly text?: string;
  }): Promise<Published>;
  /** From now on joins of this event are refused, until the next reset or restart; members stay. */
  closeEvent(event: { readonly hub?: HubPath; readonly eventId: number }): Promise<void>;
  state(): Promise<OriginState>;
  /** Resolves with the `count`th (default first) matching entry since the last reset, past or to come; rejects after `timeoutMs` (5 s). */
  waitFor(
    query: JournalQuery,
    options?: { readonly count?: number; readonly timeoutMs?: number },
  ): Promise<JournalEntry>;
  /** Forgets counts, journal and sequence numbers; connections and memberships stay. */
  reset(): Promise<void>;
  /** `Context.Abort()` for every connection of the hub, or of all hubs. Resolves with their number. */
  abortConnections(hub?: HubPath): Promise<number>;
  /** Ends every connection of the hub, or of all hubs, with a Close message that tells the client to reconnect. The origin goes on. */
  closeGracefully(hub?: HubPath): Promise<void>;
}
