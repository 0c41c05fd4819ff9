import { type AvailableTransport, nonIntegerVersionError, parseNegotiateVersion } from "@signalr-edge/protocol";
import { type ClientRegistry, newConnectionToken } from "../client/client-registry.ts";
import type { Limits } from "../config/limits.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import { Owner } from "../identity.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { UpstreamTicket } from "../upstream/upstream-negotiate.ts";
import type { AddressPlace, AddressTable } from "./address-table.ts";
import type { ConnectRequest } from "./connector.ts";
import { answers, type HttpAnswer } from "./http-answer.ts";
import { queryValue } from "./hub-path.ts";
import { negotiateAnswer, refusal } from "./refusal.ts";

/** What a negotiated id carries to the transport that comes for it. */
export interface ConnectTicket {
  /** The client's own id at the origin; only for hubs whose private upstreams are eager. */
  readonly upstream: UpstreamTicket | undefined;
  /** Stateful reconnect was asked for and granted. */
  readonly isStateful: boolean;
  /** Who negotiated: the transport must come from the same user. */
  readonly owner: Owner;
}

export interface NegotiateParts {
  readonly registry: ClientRegistry<ConnectTicket>;
  readonly addresses: AddressTable;
  readonly metrics: Metrics;
  readonly limits: Pick<Limits, "maxNegotiations" | "disconnectTimeoutMs">;
}

/** The client's trial order. */
const availableTransports: readonly AvailableTransport[] = [
  { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
  { transport: "ServerSentEvents", transferFormats: ["Text"] },
  { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
];

/** `POST {hub}/negotiate` (protocol.md 1). */
export class NegotiateEndpoint {
  readonly #parts: NegotiateParts;

  constructor(parts: NegotiateParts) {
    this.#parts = parts;
  }

  async answer(asked: ConnectRequest): Promise<HttpAnswer> {
    const { request, query, address } = asked;
    if (request.method !== "POST") return answers.methodNotAllowed;
    const { registry, addresses, limits } = this.#parts;
    const requested = parseNegotiateVersion(queryValue(query, "negotiateVersion"));
    if (requested === undefined) return negotiateAnswer({ kind: "error", error: nonIntegerVersionError });
    if (registry.negotiatedCount >= limits.maxNegotiations) return answers.full;
    const taken = addresses.take(address);
    if (taken.kind === "full") return answers.tooManyFromAddress;
    return this.#admit(asked, requested === 0 ? 0 : 1, taken.place);
  }

  async #admit(
    { admission, query, caller }: ConnectRequest,
    version: 0 | 1,
    place: AddressPlace | undefined,
  ): Promise<HttpAnswer> {
    const { addresses, metrics } = this.#parts;
    const outcome = await addresses.hold(place, admission.admitNegotiate(caller));
    if (outcome.kind !== "accepted") addresses.giveBack(place);
    if (outcome.kind === "redirected") {
      metrics.negotiationsRedirected += 1;
      return { status: 200, contentType: outcome.contentType, body: outcome.body };
    }
    if (outcome.kind !== "accepted") {
      metrics.negotiationsRefused += 1;
      return refusal(outcome);
    }
    metrics.negotiations += 1;
    const { runtime } = admission;
    const isAsked = queryValue(query, "useStatefulReconnect")?.toLowerCase() === "true";
    const isStateful = isAsked && runtime.config.statefulReconnect;
    const ticket = { upstream: outcome.ticket, isStateful, owner: new Owner(caller) };
    return this.#accept(runtime, version, ticket, place);
  }

  #accept(runtime: HubRuntime, version: 0 | 1, ticket: ConnectTicket, place: AddressPlace | undefined): HttpAnswer {
    // Hubs hand out Context.ConnectionId, and clients compare it: an eager client is given the origin's.
    const connectionId = ticket.upstream?.connectionId ?? newConnectionToken();
    const connectionToken = version === 0 ? connectionId : newConnectionToken();
    const { registry, addresses, limits } = this.#parts;
    addresses.keep(place, connectionToken);
    registry.add(connectionToken, runtime.config.path, ticket, limits.disconnectTimeoutMs);
    return negotiateAnswer({
      kind: "connection",
      version,
      connectionId,
      connectionToken,
      availableTransports,
      useStatefulReconnect: ticket.isStateful,
    });
  }
}
