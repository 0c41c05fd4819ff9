import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connected, Entry } from "../client/client-registry.ts";
import { LongPollingTransport } from "../client/long-polling-transport.ts";
import { ServerSentEventsTransport } from "../client/server-sent-events-transport.ts";
import type { Connector, ConnectRequest, Prepared } from "./connector.ts";
import { answers, type HttpAnswer } from "./http-answer.ts";
import { connectionIdOf } from "./hub-path.ts";
import type { ConnectTicket } from "./negotiate-endpoint.ts";

/** What may be posted before a transport has come for the id; ASP.NET Core's pipe has the same bound. */
const maxEarlyBytes = 65_536;

/**
 * Server-Sent Events and long polling on `{hub}`: GET, POST and DELETE, with ASP.NET Core's status codes and texts
 * (protocol.md 2.0, 2.2-2.4). Returns an answer, or `undefined` if the response is in the hands of a transport.
 */
export class RequestEndpoint {
  readonly #connector: Connector;
  readonly #pollTimeoutMs: number;

  constructor(connector: Connector, pollTimeoutMs: number) {
    this.#connector = connector;
    this.#pollTimeoutMs = pollTimeoutMs;
  }

  async handle(asked: ConnectRequest, response: ServerResponse): Promise<HttpAnswer | undefined> {
    const { method, headers } = asked.request;
    if (method !== "GET" && method !== "POST" && method !== "DELETE") return answers.methodNotAllowed;
    const id = connectionIdOf(asked.query);
    if (id === undefined) return answers.noId;
    const { registry } = this.#connector.parts;
    const { path } = asked.admission.runtime.config;
    const found = registry.find(id, path);
    if (found === undefined) return answers.unknownId;
    const refusal = await refuseUse(found, asked);
    if (refusal !== undefined) return refusal;
    // While the origin was asked, the connection may have been opened, or have ended.
    const entry = registry.find(id, path);
    if (entry === undefined) return answers.unknownId;
    if (method === "POST") return this.#post(asked.request, entry);
    if (method === "DELETE") return this.#delete(entry);
    if (acceptsEventStream(headers.accept)) return this.#getEvents(asked, response, entry);
    return this.#poll(asked, response, entry);
  }

  async #post(request: IncomingMessage, entry: Entry<ConnectTicket>): Promise<HttpAnswer> {
    if (entry.kind !== "connected") return postEarly(request, entry.early);
    const { transport } = entry;
    if (transport.name === "WebSockets") return answers.noPost;
    try {
      await transport.input.take(request);
      return answers.empty;
    } catch {
      return answers.unreadable; // the client broke off its own request
    }
  }

  #delete(entry: Entry<ConnectTicket>): HttpAnswer {
    if (entry.kind !== "connected" || entry.transport.name !== "LongPolling") return answers.noDelete;
    entry.transport.delete();
    return answers.deleted;
  }

  async #getEvents(
    asked: ConnectRequest,
    response: ServerResponse,
    entry: Entry<ConnectTicket>,
  ): Promise<HttpAnswer | undefined> {
    if (entry.kind === "connected") return inUse(entry, "ServerSentEvents");
    const prepared = await this.#prepare(asked, response);
    if (prepared.kind === "refused") return prepared.answer;
    const { limits } = this.#connector.parts;
    const pace = this.#connector.paceOf(asked);
    this.#connector.attach(
      asked,
      prepared,
      (connection) => new ServerSentEventsTransport(response, pace, limits, connection),
    );
    return undefined;
  }

  async #poll(
    asked: ConnectRequest,
    response: ServerResponse,
    entry: Entry<ConnectTicket>,
  ): Promise<HttpAnswer | undefined> {
    if (entry.kind === "connected") {
      if (entry.transport.name !== "LongPolling") return inUse(entry, "LongPolling");
      entry.transport.poll(response);
      return undefined;
    }
    const prepared = await this.#prepare(asked, response);
    if (prepared.kind === "refused") return prepared.answer;
    const { limits, clock } = this.#connector.parts;
    const pace = this.#connector.paceOf(asked);
    const bounds = { ...limits, pollTimeoutMs: this.#pollTimeoutMs };
    this.#connector.attach(
      asked,
      prepared,
      (connection) => new LongPollingTransport(response, pace, bounds, connection, () => clock.now()),
    );
    return undefined;
  }

  async #prepare(asked: ConnectRequest, response: ServerResponse): Promise<Prepared> {
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    response.on("close", abort);
    const prepared = await this.#connector.prepare(asked, aborter.signal);
    response.off("close", abort);
    if (prepared.kind === "refused" || !response.destroyed) return prepared;
    this.#connector.abandon(prepared);
    return { kind: "refused", answer: answers.unknownId };
  }
}

/** A GET that opens a transport is judged where that is done. */
async function refuseUse(
  entry: Entry<ConnectTicket>,
  { admission, request, caller }: ConnectRequest,
): Promise<HttpAnswer | undefined> {
  if (entry.kind !== "connected") {
    if (request.method === "GET") return undefined;
    return admission.refuseUse(entry.ticket.owner, caller);
  }
  const { owner } = entry.connection;
  const answer = await admission.refuseUse(owner, caller);
  if (answer === undefined) owner.renew(caller);
  return answer;
}

/** Accepted and kept for the transport that is still to come. */
async function postEarly(request: IncomingMessage, early: Buffer[]): Promise<HttpAnswer> {
  let bytes = early.reduce((sum, { length }) => sum + length, 0);
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxEarlyBytes) return answers.tooEarly;
    early.push(chunk);
  }
  return answers.empty;
}

/** The words depend on whether the same transport asks again. */
function inUse({ transport }: Connected, asked: "ServerSentEvents" | "LongPolling"): HttpAnswer {
  return transport.name === asked ? answers.idInUse : answers.otherTransport;
}

/** As in the origin, a media type with parameters is another one. */
function acceptsEventStream(accept: string | undefined): boolean {
  const types = accept?.split(",") ?? [];
  return types.some((type) => type.trim().toLowerCase() === "text/event-stream");
}
