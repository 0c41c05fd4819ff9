import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { ClientConnection } from "../client/client-connection.ts";
import { serverMaxWindowBits } from "../client/shared-deflate.ts";
import { ClientWebSocket, inflatedMaxBytes, WebSocketTransport } from "../client/websocket-transport.ts";
import type { Limits } from "../config/limits.ts";
import { chooseOffer } from "./compression-offer.ts";
import type { Connector, ConnectRequest } from "./connector.ts";
import { answers, type HttpAnswer, writeAnswer } from "./http-answer.ts";
import { connectionIdOf } from "./hub-path.ts";

/** Smallest bound of a WebSocket message of a client: batches are allowed, single hub messages are bounded by the splitter. */
const maxBatchBytes = 1_048_576;

/**
 * Nothing is compressed by `ws`: group messages come compressed, and everything else stays as it is (docs/adr/0010). It
 * inflates what clients send, each message by itself, in small steps: the buffer for one step is kept with each client.
 */
const perMessageDeflate = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits,
  zlibInflateOptions: { chunkSize: 1024 },
} as const;

const serverLimits = ["maxMessageBytes", "closeTimeoutMs", "maxFragments", "maxBufferedChunks"] as const;
type ServerLimits = Pick<Limits, (typeof serverLimits)[number]>;

/** Neither listens: they answer upgrades. */
interface WebSocketServers {
  /** That they were made for. */
  readonly limits: ServerLimits;
  readonly plain: WebSocketServer;
  readonly compressing: WebSocketServer;
}

type UseWebSocket = (webSocket: ClientWebSocket) => void;

interface Resumable {
  readonly id: string;
  readonly connection: ClientConnection;
}

/** WebSocket upgrades on `{hub}`. They pass no fastify route or hook, so every check is made here (protocol.md 2.1). */
export class WebSocketEndpoint {
  readonly #connector: Connector;
  #servers: WebSocketServers;

  constructor(connector: Connector) {
    this.#connector = connector;
    this.#servers = createServers(connector.parts.limits);
  }

  async upgrade(asked: ConnectRequest, socket: Socket, head: Buffer): Promise<void> {
    if (!isPlainUpgrade(asked.request, head)) return this.#refuse(socket, answers.badUpgrade);
    const resumable = this.#findResumable(asked);
    if (resumable !== undefined) return this.#resume(asked, resumable, socket, head);
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    socket.on("error", abort);
    socket.on("close", abort);
    const prepared = await this.#connector.prepare(asked, aborter.signal);
    socket.off("close", abort);
    socket.off("error", abort);
    if (prepared.kind === "refused") return this.#refuse(socket, prepared.answer);
    if (socket.destroyed) return this.#connector.abandon(prepared);
    const { limits } = this.#connector.parts;
    const pace = this.#connector.paceOf(asked);
    let isAttached = false;
    this.#accept(asked, socket, head, (webSocket) => {
      isAttached = true;
      this.#connector.attach(
        asked,
        prepared,
        (connection) => new WebSocketTransport(webSocket, socket, pace, limits, connection),
      );
    });
    // `ws` answers a malformed upgrade itself, and calls back at once otherwise.
    if (!isAttached) this.#connector.abandon(prepared);
  }

  /** Stateful reconnect: the connection for which a new socket comes, if it is one of that kind. */
  #findResumable({ admission, query }: ConnectRequest): Resumable | undefined {
    const id = connectionIdOf(query);
    if (id === undefined) return undefined;
    const entry = this.#connector.parts.registry.find(id, admission.runtime.config.path);
    if (entry?.kind !== "connected" || !entry.connection.isResumable) return undefined;
    return { id, connection: entry.connection };
  }

  async #resume(asked: ConnectRequest, found: Resumable, socket: Socket, head: Buffer): Promise<void> {
    const { admission, caller } = asked;
    const { registry, limits } = this.#connector.parts;
    const pace = this.#connector.paceOf(asked);
    const { id, connection } = found;
    const refusal = await admission.refuseUse(connection.owner, caller);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    // While the origin was asked, the connection may have ended.
    if (!connection.isResumable) return this.#refuse(socket, answers.unknownId);
    connection.owner.renew(caller);
    this.#accept(asked, socket, head, (webSocket) => {
      const transport = new WebSocketTransport(webSocket, socket, pace, limits, connection);
      registry.connect(id, admission.runtime.config.path, connection, transport);
      connection.resume(transport);
    });
  }

  /** `ws` answers with 400 where the best offer cannot be accepted, so it gets to see only one that can. */
  #accept({ admission, request }: ConnectRequest, socket: Socket, head: Buffer, use: UseWebSocket): void {
    const { compression } = admission.runtime.config;
    const offer = compression.enabled ? chooseOffer(request.headers["sec-websocket-extensions"]) : undefined;
    if (offer !== undefined) request.headers["sec-websocket-extensions"] = offer;
    const servers = this.#serversOf(this.#connector.parts.limits);
    const webSockets = offer === undefined ? servers.plain : servers.compressing;
    webSockets.handleUpgrade(request, socket, head, (webSocket) => use(webSocket as ClientWebSocket));
  }

  /** Limits change with a reload; these go into every connection when it is made. */
  #serversOf(limits: ServerLimits): WebSocketServers {
    const { limits: before } = this.#servers;
    if (serverLimits.some((name) => before[name] !== limits[name])) this.#servers = createServers(limits);
    return this.#servers;
  }

  #refuse(socket: Socket, answer: HttpAnswer): void {
    this.#connector.parts.metrics.upgradesRefused += 1;
    writeAnswer(socket, answer);
  }
}

function createServers(limits: ServerLimits): WebSocketServers {
  const inflatedBytes = inflatedMaxBytes(limits.maxMessageBytes);
  const options = webSocketOptions(limits, Math.max(maxBatchBytes, inflatedBytes));
  return {
    limits: { ...limits },
    plain: new WebSocketServer(options),
    compressing: new WebSocketServer({ ...options, maxPayload: inflatedBytes, perMessageDeflate }),
  };
}

/** Not written in place: the type definitions of `ws` do not know its newest limits yet. */
function webSocketOptions({ maxFragments, maxBufferedChunks, closeTimeoutMs }: ServerLimits, maxPayload: number) {
  return {
    noServer: true,
    clientTracking: false,
    WebSocket: ClientWebSocket,
    perMessageDeflate: false,
    // ASP.NET Core selects no subprotocol; the default here would echo the first one offered.
    handleProtocols: () => false as const,
    // Frame boundaries mean nothing, so a message may end inside a code point; `peek` checks UTF-8 of whole messages.
    skipUTF8Validation: true,
    maxPayload,
    maxFragments,
    maxBufferedChunks,
    maxPendingAutoPongs: 8,
    closeTimeout: closeTimeoutMs,
  };
}

/**
 * An upgrade with a body is how requests are smuggled past proxies; no client sends one. What `ws` would refuse is refused
 * here, before the origin is asked for a connection.
 */
function isPlainUpgrade({ method, headers }: IncomingMessage, head: Buffer): boolean {
  const hasBody =
    headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined || head.length > 0;
  const isWebSocket = headers.upgrade?.toLowerCase() === "websocket" && headers["sec-websocket-version"] === "13";
  const hasKey = /^[+/\dA-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");
  return method === "GET" && isWebSocket && hasKey && !hasBody;
}
