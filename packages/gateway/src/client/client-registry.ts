import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { LongPollingTransport } from "./long-polling-transport.ts";
import type { ServerSentEventsTransport } from "./server-sent-events-transport.ts";
import type { WebSocketTransport } from "./websocket-transport.ts";

/** Secret that names a connection in `?id=`: 128 random bits, base64url, 22 characters (protocol.md 1.2). */
export type ConnectionToken = string & { readonly __brand: "ConnectionToken" };

export function newConnectionToken(): ConnectionToken {
  return randomBytes(16).toString("base64url") as ConnectionToken;
}

export type AnyTransport = WebSocketTransport | ServerSentEventsTransport | LongPollingTransport;

/** A negotiated id that no transport has used yet. `early` is what was posted meanwhile. */
export interface Negotiated<Ticket> {
  readonly kind: "negotiated";
  readonly hubPath: string;
  readonly ticket: Ticket;
  readonly expiresAtMs: number;
  readonly early: Buffer[];
}

/** A transport has come for the id and is being admitted. */
export interface Connecting<Ticket> {
  readonly kind: "connecting";
  readonly hubPath: string;
  readonly ticket: Ticket;
  readonly early: Buffer[];
}

export interface Connected {
  readonly kind: "connected";
  readonly hubPath: string;
  readonly connection: ClientConnection;
  readonly transport: AnyTransport;
}

export type Entry<Ticket> = Negotiated<Ticket> | Connecting<Ticket> | Connected;

/** Who is connected, and which negotiated ids wait for their transport. `Ticket` is what negotiate leaves for connect. */
export class ClientRegistry<Ticket> {
  readonly #clock: Clock;
  readonly #onForgotten: (token: string) => void;
  readonly #entries = new Map<string, Entry<Ticket>>();
  #negotiatedCount = 0;

  /** `onForgotten` is called once for each token that is not known any more. */
  constructor(clock: Clock, onForgotten: (token: string) => void = () => undefined) {
    this.#clock = clock;
    this.#onForgotten = onForgotten;
  }

  get negotiatedCount(): number {
    return this.#negotiatedCount;
  }

  /** Connecting ones included. */
  get connectedCount(): number {
    return this.#entries.size - this.#negotiatedCount;
  }

  add(token: string, hubPath: string, ticket: Ticket, lifetimeMs: number): void {
    const expiresAtMs = this.#clock.now() + lifetimeMs;
    this.#entries.set(token, { kind: "negotiated", hubPath, ticket, expiresAtMs, early: [] });
    this.#negotiatedCount += 1;
  }

  /** `undefined` for an id that this hub does not know (any more). */
  find(token: string, hubPath: string): Entry<Ticket> | undefined {
    const entry = this.#entries.get(token);
    return entry?.hubPath === hubPath ? entry : undefined;
  }

  /** A transport has come: `connect` or `remove` follows. */
  claim(token: string, hubPath: string, ticket: Ticket, early: Buffer[]): void {
    if (this.#entries.get(token)?.kind === "negotiated") this.#negotiatedCount -= 1;
    this.#entries.set(token, { kind: "connecting", hubPath, ticket, early });
  }

  connect(token: string, hubPath: string, connection: ClientConnection, transport: AnyTransport): void {
    this.#entries.set(token, { kind: "connected", hubPath, connection, transport });
  }

  remove(token: string): void {
    if (this.#entries.delete(token)) this.#onForgotten(token);
  }

  *connections(): Iterable<ClientConnection> {
    for (const entry of this.#entries.values()) if (entry.kind === "connected") yield entry.connection;
  }

  /** Forgets ids that no transport came for in time. */
  sweep(nowMs: number): void {
    if (this.#negotiatedCount === 0) return;
    for (const [token, entry] of this.#entries) {
      if (entry.kind !== "negotiated" || entry.expiresAtMs > nowMs) continue;
      this.remove(token);
      this.#negotiatedCount -= 1;
    }
  }
}
