import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Clock } from "../clock.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import type { Logger } from "../observe/log.ts";
import { Admission } from "./admission.ts";
import { answers, type HttpAnswer, plainText, refuseUpgrade, sendAnswer } from "./http-answer.ts";
import { normalizePath, splitTarget } from "./hub-path.ts";
import { listeningUrl } from "./listening-url.ts";
import type { NegotiateEndpoint } from "./negotiate-endpoint.ts";
import type { RequestEndpoint } from "./request-endpoint.ts";
import type { WebSocketEndpoint } from "./websocket-endpoint.ts";

/** As Kestrel: 32 KiB of headers, which leaves room for long tokens in the query. */
const maxHeaderBytes = 32_768;
const requestTimeoutMs = 30_000;
/** Longer than what load balancers keep idle connections for. */
const keepAliveTimeoutMs = 120_000;

export interface ClientServerParts {
  readonly runtimes: readonly HubRuntime[];
  readonly negotiateEndpoint: NegotiateEndpoint;
  readonly webSocketEndpoint: WebSocketEndpoint;
  readonly requestEndpoint: RequestEndpoint;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The listener for clients: path -> hub, negotiate and upgrades. */
export class ClientServer {
  readonly #parts: ClientServerParts;
  readonly #app: FastifyInstance;
  /** By normalized path. */
  readonly #admissions: ReadonlyMap<string, Admission>;
  #isDraining = false;

  constructor(parts: ClientServerParts) {
    this.#parts = parts;
    this.#admissions = new Map(
      parts.runtimes.map((runtime) => [normalizePath(runtime.config.path), new Admission(runtime, parts.clock)]),
    );
    this.#app = fastify({
      forceCloseConnections: true,
      keepAliveTimeout: keepAliveTimeoutMs,
      requestTimeout: requestTimeoutMs,
      http: { maxHeaderSize: maxHeaderBytes, insecureHTTPParser: false },
    });
    this.#app.removeAllContentTypeParsers();
    // Bodies are byte streams with any or no Content-Type; whoever wants one reads it from the request (protocol.md 2.3).
    this.#app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    this.#app.setNotFoundHandler((request, reply) => this.#request(request, reply));
    this.#app.server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
  }

  /** Resolves to the URL once clients can connect. */
  async listen(host: string, port: number): Promise<string> {
    await this.#app.listen({ host, port });
    return listeningUrl(this.#app.server);
  }

  /** From now on nobody new gets in. */
  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  async #request({ raw: request }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { path, query } = splitTarget(request.url ?? "/");
    const answer = await this.#answer(request, reply, normalizePath(path), query);
    if (answer !== undefined) await sendAnswer(reply, answer);
    else reply.hijack();
    // What nobody read of a body must not stay in the way of the next request on this socket.
    request.resume();
  }

  async #answer(
    request: IncomingMessage,
    reply: FastifyReply,
    path: string,
    query: string,
  ): Promise<HttpAnswer | undefined> {
    const hubPath = path.endsWith("/negotiate") ? path.slice(0, -"/negotiate".length) : undefined;
    const negotiated = hubPath === undefined ? undefined : this.#admissions.get(hubPath);
    if (negotiated !== undefined) {
      if (this.#isDraining) return answers.draining;
      return this.#parts.negotiateEndpoint.answer(negotiated, request, query);
    }
    const admission = this.#admissions.get(path);
    if (admission === undefined) return answers.noHub;
    return this.#parts.requestEndpoint.handle({ admission, request, query }, reply.raw);
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { path, query } = splitTarget(request.url ?? "/");
    const admission = this.#admissions.get(normalizePath(path));
    if (admission === undefined) return refuseUpgrade(socket, answers.noHub);
    if (this.#isDraining) return refuseUpgrade(socket, answers.draining);
    try {
      await this.#parts.webSocketEndpoint.upgrade({ admission, request, query }, socket, head);
    } catch (error) {
      admission.runtime.metrics.internalErrors += 1;
      this.#parts.log.error("connection.failed", { error: error instanceof Error ? error.stack : String(error) });
      refuseUpgrade(socket, plainText(500));
    }
  }
}
