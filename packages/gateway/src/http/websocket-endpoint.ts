import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { ClientConnection } from "../client/client-connection.ts";
import { ClientWebSocket, WebSocketTransport } from "../client/websocket-transport.ts";
import type { Connector, ConnectRequest } from "./connector.ts";
import { answers, type HttpAnswer, writeAnswer } from "./http-answer.ts";
import { connectionIdOf } from "./hub-path.ts";

/** Largest WebSocket message of a client: batches are allowed, single hub messages are bounded by the splitter. */
const maxWebSocketMessageBytes = 1_048_576;

interface Resumable {
  readonly id: string;
  readonly connection: ClientConnection;
}

/** WebSocket upgrades on `{hub}`. They pass no fastify route or hook, so every check is made here (protocol.md 2.1). */
export class WebSocketEndpoint {
  readonly #connector: Connector;
  readonly #webSockets: WebSocketServer;

  constructor(connector: Connector) {
    this.#connector = connector;
    this.#webSockets = new WebSocketServer(webSocketOptions(connector.parts.limits.closeTimeoutMs));
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
    const { turn, limits } = this.#connector.parts;
    let isAttached = false;
    this.#webSockets.handleUpgrade(asked.request, socket, head, (webSocket) => {
      isAttached = true;
      this.#connector.attach(
        asked,
        prepared,
        (connection) => new WebSocketTransport(webSocket as ClientWebSocket, socket, turn, limits, connection),
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
    const { admission, request, caller } = asked;
    const { registry, turn, limits } = this.#connector.parts;
    const { id, connection } = found;
    const refusal = await admission.refuseUse(connection.owner, caller);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    // While the origin was asked, the connection may have ended.
    if (!connection.isResumable) return this.#refuse(socket, answers.unknownId);
    connection.owner.renew(caller);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WebSocketTransport(webSocket as ClientWebSocket, socket, turn, limits, connection);
      registry.connect(id, admission.runtime.config.path, connection, transport);
      connection.resume(transport);
    });
  }

  #refuse(socket: Socket, answer: HttpAnswer): void {
    this.#connector.parts.metrics.upgradesRefused += 1;
    writeAnswer(socket, answer);
  }
}

/** Not written in place: the type definitions of `ws` do not know its newest limits yet. */
function webSocketOptions(closeTimeoutMs: number) {
  return {
    noServer: true,
    clientTracking: false,
    WebSocket: ClientWebSocket,
    perMessageDeflate: false,
    // ASP.NET Core selects no subprotocol; the default here would echo the first one offered.
    handleProtocols: () => false as const,
    // Frame boundaries mean nothing, so a message may end inside a code point; `peek` checks UTF-8 of whole messages.
    skipUTF8Validation: true,
    maxPayload: maxWebSocketMessageBytes,
    maxFragments: 1024,
    maxBufferedChunks: 4096,
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
