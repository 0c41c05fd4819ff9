import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { PassThrough } from "../aggregation/ports.ts";
import { ClientConnection } from "../client/client-connection.ts";
import type { ClientConnectionParts } from "../client/client-connection-parts.ts";
import { type AnyTransport, type ClientRegistry, newConnectionToken } from "../client/client-registry.ts";
import { Pace } from "../client/pace.ts";
import type { Turn } from "../client/turn.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import { Owner } from "../identity.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { DialOutcome } from "../upstream/dial.ts";
import { LazyPrivateUpstream } from "../upstream/lazy-private-upstream.ts";
import { NoPrivateUpstream } from "../upstream/no-private-upstream.ts";
import { PrivateUpstream } from "../upstream/private-upstream.ts";
import type { AddressTable } from "./address-table.ts";
import type { Admission } from "./admission.ts";
import { type Caller, isOtherUser } from "./caller.ts";
import { clientPartition } from "./client-partition.ts";
import { answers, type HttpAnswer } from "./http-answer.ts";
import { connectionIdOf } from "./hub-path.ts";
import type { ConnectTicket } from "./negotiate-endpoint.ts";
import { refusal } from "./refusal.ts";

export interface ConnectorParts {
  readonly registry: ClientRegistry<ConnectTicket>;
  readonly limits: Config["limits"];
  readonly turn: Turn;
  readonly addresses: AddressTable;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A client's request, on a hub that exists. */
export interface ConnectRequest {
  readonly admission: Admission;
  readonly request: IncomingMessage;
  readonly query: string;
  readonly caller: Caller;
  /** Of the client, as far as is known. */
  readonly address: string | undefined;
}

/** What all clients of a hub share. */
interface HubClients {
  readonly parts: ClientConnectionParts;
  readonly pace: Pace;
}

export type Prepared =
  | {
      readonly kind: "ready";
      readonly token: string;
      readonly owner: Owner;
      readonly isStateful: boolean;
      readonly upstreamSocket: WebSocket | undefined;
    }
  | { readonly kind: "refused"; readonly answer: HttpAnswer };

type Claimed = { readonly kind: "claimed"; readonly token: string; readonly ticket: ConnectTicket };
type Refused = Prepared & { readonly kind: "refused" };

/** What every transport has in common: who may connect, the private upstream, and the connection behind the transport. */
export class Connector {
  readonly parts: ConnectorParts;
  readonly #hubs = new WeakMap<HubRuntime, HubClients>();

  constructor(parts: ConnectorParts) {
    this.parts = parts;
  }

  /**
   * Everything that may refuse, before the transport is answered: the id, limits, and for eager hubs the origin's own
   * answer. Without an id negotiation was skipped. A prepared connection is attached or abandoned.
   */
  async prepare(asked: ConnectRequest, signal: AbortSignal): Promise<Prepared> {
    const { registry, limits } = this.parts;
    if (registry.connectedCount >= limits.maxConnections) return refused(answers.full);
    const id = connectionIdOf(asked.query);
    const claimed = id === undefined ? await this.#admit(asked) : await this.#claim(id, asked);
    if (claimed.kind === "refused") return claimed;
    const { token, ticket } = claimed;
    const { isStateful } = ticket;
    const { admission, caller } = asked;
    // A token that ends between negotiate and the transport has ended, although its end cannot be seen from here.
    const owner = ticket.owner.credential === caller.credential ? ticket.owner : new Owner(caller);
    const ready = { kind: "ready", token, owner, isStateful } as const;
    if (ticket.upstream === undefined) return { ...ready, upstreamSocket: undefined };
    const dialed = await admission.runtime.dialPrivate(caller.as, ticket.upstream, signal);
    if (dialed.kind === "opened") return { ...ready, upstreamSocket: dialed.webSocket };
    registry.remove(token);
    return refused(dialRefusal(dialed));
  }

  /** When what is written to the clients of this hub leaves. */
  paceOf({ admission }: ConnectRequest): Pace {
    return this.#clientsOf(admission.runtime).pace;
  }

  abandon({ token, upstreamSocket }: Prepared & { readonly kind: "ready" }): void {
    this.parts.registry.remove(token);
    upstreamSocket?.terminate();
  }

  /** Puts a connection behind the transport that `makeTransport` makes for it. */
  attach<Transport extends AnyTransport>(
    asked: ConnectRequest,
    { token, owner, isStateful, upstreamSocket }: Prepared & { readonly kind: "ready" },
    makeTransport: (connection: ClientConnection) => Transport,
  ): Transport {
    const { registry } = this.parts;
    const { admission, request, query } = asked;
    const { runtime } = admission;
    const entry = registry.find(token, runtime.config.path);
    const address = this.parts.addresses.of(token);
    const partition = clientPartition(admission, request, query, owner.identity);
    const connection = new ClientConnection(
      { token, partition, owner, address, isStateful },
      this.#clientsOf(runtime).parts,
    );
    const transport = makeTransport(connection);
    registry.connect(token, runtime.config.path, connection, transport);
    connection.attach(transport, this.#passThrough(asked, connection, upstreamSocket));
    if (entry?.kind === "connecting") for (const chunk of entry.early) connection.received(chunk);
    return transport;
  }

  async #claim(id: string, asked: ConnectRequest): Promise<Refused | Claimed> {
    const { registry } = this.parts;
    const { path } = asked.admission.runtime.config;
    const entry = registry.find(id, path);
    if (entry === undefined) return refused(answers.unknownId);
    if (entry.kind === "connected" && isOtherUser(entry.connection.owner, asked.caller))
      return refused(answers.unknownId);
    if (entry.kind === "connected" && entry.transport.name !== "WebSockets") return refused(answers.otherTransport);
    if (entry.kind !== "negotiated") return refused(answers.idInUse);
    const { ticket } = entry;
    const answer = await refuseOpening(ticket, asked);
    if (answer !== undefined) return refused(answer);
    // While the origin was asked, somebody else may have come for it.
    if (registry.find(id, path) !== entry) return refused(answers.idInUse);
    registry.claim(id, path, ticket, entry.early);
    return { kind: "claimed", token: id, ticket };
  }

  /** Skipped negotiation: no id, so the client is admitted now and gets a token that nobody knows. */
  async #admit({ admission, caller, address }: ConnectRequest): Promise<Refused | Claimed> {
    const { addresses } = this.parts;
    const taken = addresses.take(address);
    if (taken.kind === "full") return refused(answers.tooManyFromAddress);
    const outcome = await addresses.hold(taken.place, admission.admit(caller));
    if (outcome.kind !== "accepted") {
      addresses.giveBack(taken.place);
      return refused(outcome.kind === "error" ? answers.unknownId : refusal(outcome));
    }
    const owner = new Owner(caller);
    const token = newConnectionToken();
    addresses.keep(taken.place, token);
    const ticket = { upstream: outcome.ticket, isStateful: false, owner };
    this.parts.registry.claim(token, admission.runtime.config.path, ticket, []);
    return { kind: "claimed", token, ticket };
  }

  #passThrough(
    { admission, caller }: ConnectRequest,
    client: ClientConnection,
    upstreamSocket: WebSocket | undefined,
  ): PassThrough {
    const { privateUpstreams, config } = admission.runtime;
    if (upstreamSocket !== undefined) return new PrivateUpstream(upstreamSocket, client, privateUpstreams);
    if (config.privateUpstream === "never") return new NoPrivateUpstream(client);
    return new LazyPrivateUpstream(client, caller.as, privateUpstreams);
  }

  #clientsOf(runtime: HubRuntime): HubClients {
    const known = this.#hubs.get(runtime);
    if (known !== undefined) return known;
    const { registry, limits, turn, clock, log } = this.parts;
    const { hub, metrics, config } = runtime;
    const parts = { hub, limits, clock, metrics, log, onClosed: (token: string) => registry.remove(token) };
    const clients = { parts, pace: new Pace(turn, config.flushIntervalMs) };
    this.#hubs.set(runtime, clients);
    return clients;
  }
}

/** An id of an eager hub is about to be opened at the origin, which then says itself what it thinks of the credentials. */
async function refuseOpening(
  ticket: ConnectTicket,
  { admission, caller }: ConnectRequest,
): Promise<HttpAnswer | undefined> {
  if (ticket.upstream === undefined) return admission.refuseUse(ticket.owner, caller);
  return isOtherUser(ticket.owner, caller) ? answers.unknownId : undefined;
}

function refused(answer: HttpAnswer): Refused {
  return { kind: "refused", answer };
}

function dialRefusal(dialed: Exclude<DialOutcome, { kind: "opened" }>): HttpAnswer {
  return dialed.kind === "refused" ? refusal(dialed) : answers.originUnreachable;
}
