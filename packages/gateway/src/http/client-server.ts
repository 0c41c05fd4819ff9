import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { Clock } from "../clock.ts";
import type { Limits } from "../config/limits.ts";
import type { TlsIdentity } from "../config/read-files.ts";
import type { HubConfig } from "../config/schema.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Admission } from "./admission.ts";
import { answers, type HttpAnswer, sendAnswer, writeAnswer } from "./http-answer.ts";
import { isPlainRequest, normalizePath, splitTarget } from "./hub-path.ts";
import { answerClientError, createListener, type ListenerLimits, renewIdentity, renewLimits } from "./listener.ts";
import { listeningUrl } from "./listening-url.ts";
import type { NegotiateEndpoint } from "./negotiate-endpoint.ts";
import type { RequestEndpoint } from "./request-endpoint.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import type { WebSocketEndpoint } from "./websocket-endpoint.ts";

export interface ClientServerParts {
  readonly hubs: readonly ServedHub[];
  readonly negotiateEndpoint: NegotiateEndpoint;
  readonly webSocketEndpoint: WebSocketEndpoint;
  readonly requestEndpoint: RequestEndpoint;
  readonly proxies: TrustedProxies;
  readonly limits: ListenerLimits & Pick<Limits, "maxUrlBytes">;
  /** `undefined`: plain HTTP. */
  readonly tls: TlsIdentity | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A hub at work, with the configuration that its clients are admitted by. */
export interface ServedHub {
  readonly runtime: HubRuntime;
  readonly config: HubConfig;
}

/** By normalized path of the hub. */
export type Admissions = ReadonlyMap<string, Admission>;

/** A request to something that exists. */
interface Routed {
  readonly admission: Admission;
  readonly query: string;
  readonly isNegotiate: boolean;
}

const negotiateSuffix = "/negotiate";

/**
 * The listener for clients: path -> hub, negotiate and upgrades. What it checks, in this order: the request is one, the
 * hub exists, the page that asks may ask (CORS), the caller is somebody (`jwt`). Behind that come the endpoints.
 */
export class ClientServer {
  readonly #parts: ClientServerParts;
  readonly #app: FastifyInstance;
  #admissions: Admissions;
  #tls: TlsIdentity | undefined;
  #isDraining = false;

  constructor(parts: ClientServerParts) {
    const { hubs, proxies, tls } = parts;
    this.#parts = parts;
    this.#tls = tls;
    this.#admissions = this.prepare(hubs, proxies);
    this.#app = fastify({
      forceCloseConnections: true,
      serverFactory: (handle) => createListener(handle, tls, parts.limits),
      clientErrorHandler: (error, socket) => this.#refuseBytes(error, socket),
      // A path that is no valid URL is one like any other that no hub has.
      frameworkErrors: (_error, { raw }, reply) => void this.#request(raw, reply),
    });
    this.#app.removeAllContentTypeParsers();
    // Bodies are byte streams with any or no Content-Type; whoever wants one reads it from the request (protocol.md 2.3).
    this.#app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    this.#app.setNotFoundHandler(({ raw }, reply) => this.#request(raw, reply));
    this.#app.setErrorHandler((error, { raw }, reply) => {
      this.#failed(raw, error);
      return sendAnswer(reply, answers.failed);
    });
    this.#app.server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
  }

  /** Resolves to the URL once clients can connect. */
  async listen(host: string, port: number): Promise<string> {
    await this.#app.listen({ host, port });
    return listeningUrl(this.#app.server, this.#parts.tls === undefined ? "http" : "https");
  }

  /** For `use`. Throws an `Error` if a file that an admission needs cannot be read. */
  prepare(hubs: readonly ServedHub[], proxies: TrustedProxies): Admissions {
    const { clock, log } = this.#parts;
    return new Map(
      hubs.map(({ runtime, config }) => [
        normalizePath(config.path),
        new Admission({ runtime, config, proxies, clock, log }),
      ]),
    );
  }

  /** What comes from now on is admitted by these. What the origin said of credentials is asked again. */
  use(admissions: Admissions): void {
    this.#admissions = admissions;
  }

  /** The limits have changed. */
  useLimits(): void {
    renewLimits(this.#app.server, this.#parts.limits);
  }

  /** For connections from now on. False if it is the one in use. */
  useIdentity(tls: TlsIdentity | undefined): boolean {
    const { server } = this.#app;
    if (tls === undefined || (tls.cert === this.#tls?.cert && tls.key === this.#tls.key)) return false;
    this.#tls = tls;
    renewIdentity(server, tls);
    return true;
  }

  /** From now on nobody new gets in. */
  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  async #request(request: IncomingMessage, reply: FastifyReply): Promise<void> {
    const answer = await this.#answer(request, reply.raw);
    if (answer !== undefined) await sendAnswer(reply, answer);
    else reply.hijack();
    // What nobody read of a body must not stay in the way of the next request on this socket.
    request.resume();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer | undefined> {
    const routed = this.#route(request);
    if ("status" in routed) return routed;
    const { admission, query, isNegotiate } = routed;
    const knock = admission.receive(request, query);
    const { crossOrigin } = admission;
    response.setHeaders(new Map(Object.entries(crossOrigin.headersFor(request, knock.page))));
    const preflight = crossOrigin.preflight(request, knock.page);
    if (preflight !== undefined) return preflight;
    const identified = await admission.identify(knock);
    if (identified.kind === "refused") {
      if (isNegotiate) this.#parts.metrics.negotiationsRefused += 1;
      return identified.answer;
    }
    const asked = { admission, request, query, caller: identified.caller, address: knock.route.address };
    if (!isNegotiate) return this.#parts.requestEndpoint.handle(asked, response);
    return this.#isDraining ? answers.draining : this.#parts.negotiateEndpoint.answer(asked);
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    // Whoever waits for it hears of its end by `close`; without a listener the process would exit.
    socket.on("error", ignore);
    try {
      const routed = this.#route(request);
      if ("status" in routed) return this.#refuse(socket, routed);
      const { admission, query, isNegotiate } = routed;
      if (isNegotiate) return this.#refuse(socket, answers.noHub);
      const knock = admission.receive(request, query);
      if (!admission.mayUpgrade(knock)) return this.#refuse(socket, answers.foreignPage);
      const identified = await admission.identify(knock);
      if (identified.kind === "refused") return this.#refuse(socket, identified.answer);
      if (this.#isDraining) return this.#refuse(socket, answers.draining);
      const { caller } = identified;
      await this.#parts.webSocketEndpoint.upgrade(
        { admission, request, query, caller, address: knock.route.address },
        socket,
        head,
      );
    } catch (error) {
      this.#failed(request, error);
      writeAnswer(socket, answers.failed);
    }
  }

  /** What a request is for, or why it is for nothing. */
  #route(request: IncomingMessage): Routed | HttpAnswer {
    if (!isPlainRequest(request)) return answers.badRequest;
    const { maxUrlBytes, maxRequestHeaders } = this.#parts.limits;
    const { url = "/", rawHeaders } = request;
    if (url.length > maxUrlBytes) return this.#overLimit(answers.urlTooLong);
    if (rawHeaders.length / 2 > maxRequestHeaders) return this.#overLimit(answers.tooManyHeaders);
    const { path, query } = splitTarget(url);
    const normalized = normalizePath(path);
    if (normalized.endsWith(negotiateSuffix)) {
      const admission = this.#admissions.get(normalized.slice(0, -negotiateSuffix.length));
      if (admission !== undefined) return { admission, query, isNegotiate: true };
    }
    const admission = this.#admissions.get(normalized);
    return admission === undefined ? answers.noHub : { admission, query, isNegotiate: false };
  }

  #overLimit(answer: HttpAnswer): HttpAnswer {
    this.#parts.metrics.requestsOverLimit += 1;
    return answer;
  }

  /** What is no request, or takes too long to become one. */
  #refuseBytes(error: Error, socket: Socket): void {
    if (answerClientError(error, socket) >= 408) this.#parts.metrics.requestsOverLimit += 1;
  }

  #refuse(socket: Socket, answer: HttpAnswer): void {
    this.#parts.metrics.upgradesRefused += 1;
    writeAnswer(socket, answer);
  }

  /** A bug that met a request before there was a connection. */
  #failed(request: IncomingMessage, error: unknown): void {
    const routed = this.#route(request);
    if ("admission" in routed) routed.admission.runtime.metrics.internalErrors += 1;
    this.#parts.log.error("connection.failed", { error: error instanceof Error ? error.stack : String(error) });
  }
}

function ignore(): void {}
