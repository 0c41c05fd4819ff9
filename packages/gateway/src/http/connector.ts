import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { partitionOf } from "../aggregation/partition-key.ts";
import type { PassThrough } from "../aggregation/ports.ts";
import { ClientConnection } from "../client/client-connection.ts";
import { type AnyTransport, type ClientRegistry, newConnectionToken } from "../client/client-registry.ts";
import type { Turn } from "../client/turn.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { DialOutcome } from "../upstream/dial.ts";
import { LazyPrivateUpstream } from "../upstream/lazy-private-upstream.ts";
import { NoPrivateUpstream } from "../upstream/no-private-upstream.ts";
import { PrivateUpstream } from "../upstream/private-upstream.ts";
import type { Admission } from "./admission.ts";
import { answers, type HttpAnswer } from "./http-answer.ts";
import { queryValue } from "./hub-path.ts";
import { type ConnectTicket, refusal } from "./negotiate-endpoint.ts";

export interface ConnectorParts {
  readonly registry: ClientRegistry<ConnectTicket>;
  readonly limits: Config["limits"];
  readonly turn: Turn;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A client's request for a transport, on a hub that exists. */
export interface ConnectRequest {
  readonly admission: Admission;
  readonly request: IncomingMessage;
  readonly query: string;
}

export type Prepared =
  | {
      readonly kind: "ready";
      readonly token: string;
      readonly isStateful: boolean;
      readonly upstreamSocket: WebSocket | undefined;
    }
  | { readonly kind: "refused"; readonly answer: HttpAnswer };

type Claimed = { readonly kind: "claimed"; readonly token: string; readonly ticket: ConnectTicket };
type Refused = Prepared & { readonly kind: "refused" };

/** What every transport has in common: who may connect, the private upstream, and the connection behind the transport. */
export class Connector {
  readonly parts: ConnectorParts;

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
    const id = queryValue(asked.query, "id");
    const claimed = id === undefined ? await this.#admit(asked) : this.#claim(id, asked);
    if (claimed.kind === "refused") return claimed;
    const { token, ticket } = claimed;
    const { isStateful } = ticket;
    if (ticket.upstream === undefined) return { kind: "ready", token, isStateful, upstreamSocket: undefined };
    const { admission, request, query } = asked;
    const dialed = await admission.runtime.dialPrivate(admission.forward(request, query), ticket.upstream, signal);
    if (dialed.kind === "opened") return { kind: "ready", token, isStateful, upstreamSocket: dialed.webSocket };
    registry.remove(token);
    return refused(dialRefusal(dialed));
  }

  abandon({ token, upstreamSocket }: Prepared & { readonly kind: "ready" }): void {
    this.parts.registry.remove(token);
    upstreamSocket?.terminate();
  }

  /** Puts a connection behind the transport that `makeTransport` makes for it. */
  attach<Transport extends AnyTransport>(
    asked: ConnectRequest,
    { token, isStateful, upstreamSocket }: Prepared & { readonly kind: "ready" },
    makeTransport: (connection: ClientConnection) => Transport,
  ): Transport {
    const { registry, limits, clock, log } = this.parts;
    const { runtime } = asked.admission;
    const entry = registry.find(token, runtime.config.path);
    const connection = new ClientConnection({
      hub: runtime.hub,
      partition: partitionOf(runtime.rules, {
        query: (name) => queryValue(asked.query, name),
        header: (name) => headerValue(asked.request, name),
      }),
      isStateful,
      limits,
      clock,
      metrics: runtime.metrics,
      log,
      onClosed: () => registry.remove(token),
    });
    const transport = makeTransport(connection);
    registry.connect(token, runtime.config.path, connection, transport);
    connection.attach(transport, this.#passThrough(asked, connection, upstreamSocket));
    if (entry?.kind === "connecting") for (const chunk of entry.early) connection.received(chunk);
    return transport;
  }

  #claim(id: string, { admission }: ConnectRequest): Refused | Claimed {
    const { registry } = this.parts;
    const { path } = admission.runtime.config;
    const entry = registry.find(id, path);
    if (entry === undefined) return refused(answers.unknownId);
    if (entry.kind !== "negotiated") return refused(answers.idInUse);
    registry.claim(id, path, entry.early);
    return { kind: "claimed", token: id, ticket: entry.ticket };
  }

  /** Skipped negotiation: no id, so the client is admitted now and gets a token that nobody knows. */
  async #admit({ admission, request, query }: ConnectRequest): Promise<Refused | Claimed> {
    const outcome = await admission.admit(request, query);
    if (outcome.kind !== "accepted") return refused(outcome.kind === "error" ? answers.unknownId : refusal(outcome));
    const token = newConnectionToken();
    this.parts.registry.claim(token, admission.runtime.config.path, []);
    return { kind: "claimed", token, ticket: { upstream: outcome.ticket, isStateful: false } };
  }

  #passThrough(
    { admission, request, query }: ConnectRequest,
    client: ClientConnection,
    upstreamSocket: WebSocket | undefined,
  ): PassThrough {
    const { limits, clock } = this.parts;
    const { runtime } = admission;
    const parts = { client, limits: runtime.upstreamLimits, clock, metrics: runtime.metrics };
    if (upstreamSocket !== undefined) return new PrivateUpstream(upstreamSocket, parts);
    if (runtime.config.privateUpstream === "never") return new NoPrivateUpstream(client);
    const as = admission.forward(request, query);
    return new LazyPrivateUpstream({
      ...parts,
      privateQueueMaxBytes: limits.privateQueueMaxBytes,
      connect: (signal) => runtime.connectPrivate(as, signal),
    });
  }
}

function refused(answer: HttpAnswer): Refused {
  return { kind: "refused", answer };
}

function dialRefusal(dialed: Exclude<DialOutcome, { kind: "opened" }>): HttpAnswer {
  return dialed.kind === "refused" ? dialed : answers.originUnreachable;
}

function headerValue(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
