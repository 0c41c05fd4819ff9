import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { ClientWebSocket, WebSocketTransport } from "../client/websocket-transport.ts";
import type { Connector, ConnectRequest } from "./connector.ts";
import { answers, type HttpAnswer, refuseUpgrade } from "./http-answer.ts";
import { queryValue } from "./hub-path.ts";

/** Largest WebSocket message of a client: batches are allowed, single hub messages are bounded by the splitter. */
const maxWebSocketMessageBytes = 1_048_576;

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
    if (this.#resume(asked, socket, head)) return;
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

  /** Stateful reconnect: a new socket for a connection that is there already. False if it is none of that kind. */
  #resume({ admission, request, query }: ConnectRequest, socket: Socket, head: Buffer): boolean {
    const { registry, turn, limits } = this.#connector.parts;
    const { path } = admission.runtime.config;
    const id = queryValue(query, "id");
    const entry = id === undefined ? undefined : registry.find(id, path);
    if (id === undefined || entry?.kind !== "connected" || !entry.connection.isResumable) return false;
    const { connection } = entry;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WebSocketTransport(webSocket as ClientWebSocket, socket, turn, limits, connection);
      registry.connect(id, path, connection, transport);
      connection.resume(transport);
    });
    return true;
  }

  #refuse(socket: Socket, answer: HttpAnswer): void {
    this.#connector.parts.metrics.upgradesRefused += 1;
    refuseUpgrade(socket, answer);
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

/** An upgrade with a body is how requests are smuggled past proxies; no client sends one. */
function isPlainUpgrade({ method, headers }: IncomingMessage, head: Buffer): boolean {
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && !hasBody && head.length === 0;
}
