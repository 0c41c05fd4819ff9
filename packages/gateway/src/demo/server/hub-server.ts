import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { CompiledHub } from "./compiled-hub.ts";
import { compileHub } from "./compiled-hub.ts";
import type { ConnectionTicket } from "./connection-tokens.ts";
import { ConnectionTokens } from "./connection-tokens.ts";
import { HubConnection } from "./hub-connection.ts";
import type { Authentication, HubClients, HubDefinition, HubRequest } from "./hub-definition.ts";
import type { HttpAnswer } from "./hub-endpoint.ts";
import { answerHubRequest, text } from "./hub-endpoint.ts";
import { HubHandshake } from "./hub-handshake.ts";
import { HubMembership } from "./hub-membership.ts";
import type { RoutedRequest } from "./hub-request.ts";
import { routeRequest } from "./hub-request.ts";
import { HubServerStats } from "./hub-server-stats.ts";
import { ServerSocket, ServerWebSocket } from "./server-socket.ts";

const tickMs = 1_000;

const webSocketOptions = {
  noServer: true,
  WebSocket: ServerWebSocket,
  clientTracking: false,
  perMessageDeflate: false,
  /** Several hub messages may share a WebSocket message, so this is far above the limit of one. */
  maxPayload: 1024 * 1024,
  /** Milliseconds that a peer may take to answer a Close frame. */
  closeTimeout: 5_000,
  /** Without this, the first subprotocol that a client offers would be chosen. */
  handleProtocols: () => false as const,
};

export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface ServedHub {
  readonly compiled: CompiledHub;
  readonly membership: HubMembership;
}

/** An upgrade that becomes a connection. */
interface Admission {
  readonly hub: ServedHub;
  readonly ticket: ConnectionTicket;
  readonly request: HubRequest;
  readonly identity: Authentication & { readonly kind: "identity" };
}

type LiveConnection = HubHandshake | HubConnection;

/**
 * A SignalR server over WebSockets, for the demo and for tests on machines without .NET. It answers as ASP.NET Core does
 * with its default options.
 */
export class HubServer {
  readonly stats = new HubServerStats();
  readonly #hubs = new Map<string, ServedHub>();
  readonly #hubPaths = new Map<string, string>();
  readonly #tokens = new ConnectionTokens();
  readonly #live = new Set<LiveConnection>();
  readonly #sockets = new Set<Socket>();
  /** Of sockets that are closed. */
  readonly #pastTraffic = { bytesIn: 0, bytesOut: 0 };
  readonly #http: Server;
  readonly #webSockets = new WebSocketServer(webSocketOptions);
  readonly #ticking: NodeJS.Timeout;

  /** `hubs` by path, as in `/hubs/odds`. */
  constructor({ hubs }: { readonly hubs: Readonly<Record<string, HubDefinition>> }) {
    for (const [path, definition] of Object.entries(hubs)) {
      this.#hubs.set(path, { compiled: compileHub(definition), membership: new HubMembership() });
      this.#hubPaths.set(path.toLowerCase(), path);
    }
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on("connection", (socket) => this.#track(socket));
    this.#ticking = setInterval(() => this.#tick(), tickMs);
    this.#ticking.unref();
  }

  /** Resolves with `http://HOST:PORT`. Port 0 picks a free one. */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    this.#http.listen(port, host);
    await once(this.#http, "listening");
    const address = this.#http.address() as AddressInfo;
    return `http://${host}:${address.port}`;
  }

  /** Bytes of TCP payload so far, HTTP and WebSocket framing included. */
  get traffic(): Traffic {
    const total = { ...this.#pastTraffic };
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      total.bytesIn += bytesRead;
      total.bytesOut += bytesWritten;
    }
    return total;
  }

  /** Senders of a hub, for code that is not in a hub method. */
  clients(path: string): HubClients {
    const hub = this.#hubs.get(path);
    if (hub === undefined) throw new Error(`there is no hub at ${path}`);
    return hub.membership.clients;
  }

  /** Tells all clients to come back later, closes everything and waits until it is closed. */
  async close(): Promise<void> {
    await this.#stop(() => {
      for (const connection of [...this.#live]) connection.shutDown();
    });
  }

  /** Resets all TCP connections, as the death of a process does. */
  async kill(): Promise<void> {
    await this.#stop(() => {
      for (const socket of [...this.#sockets]) socket.resetAndDestroy();
    });
  }

  async #stop(end: () => void): Promise<void> {
    clearInterval(this.#ticking);
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeIdleConnections();
    end();
    await closed;
  }

  #tick(): void {
    const now = Date.now();
    this.#tokens.expire(now);
    for (const connection of [...this.#live]) connection.tick(now);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#pastTraffic.bytesIn += socket.bytesRead;
      this.#pastTraffic.bytesOut += socket.bytesWritten;
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const routed = routeRequest(request, this.#hubPaths);
    const answer = this.#answerRouted(request.method ?? "GET", routed);
    response.writeHead(answer.status, {
      "content-type": answer.contentType,
      "content-length": Buffer.byteLength(answer.body),
    });
    response.end(answer.body);
  }

  #answerRouted(method: string, routed: RoutedRequest): HttpAnswer {
    const { hubPath } = routed;
    if (hubPath === undefined) return text(404);
    const authentication = this.#authenticate(hubPath, routed.hubRequest);
    if (authentication.kind === "refused") return text(authentication.status);
    if (routed.negotiate && method === "POST") this.stats.negotiations += 1;
    return answerHubRequest(method, { ...routed, hubPath }, this.#tokens, Date.now());
  }

  #authenticate(hubPath: string, request: HubRequest): Authentication {
    const authenticate = this.#hubs.get(hubPath)?.compiled.definition.authenticate;
    return authenticate?.(request) ?? { kind: "identity", userIdentifier: undefined, roles: [] };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that resets during the upgrade is no event of the server.
    socket.on("error", () => socket.destroy());
    const admission = this.#admit(routeRequest(request, this.#hubPaths));
    if ("status" in admission) {
      refuseUpgrade(socket, admission);
      return;
    }
    // Covers an upgrade that fails as well.
    socket.on("close", () => this.#tokens.release(admission.ticket.connectionToken));
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open(admission, new ServerSocket(webSocket, socket));
    });
  }

  /** Decides whether an upgrade may become a connection. One without an id is a skipped negotiation (protocol.md 1.4). */
  #admit({ hubPath, negotiate, connectionToken, hubRequest }: RoutedRequest): Admission | HttpAnswer {
    const hub = this.#hubs.get(hubPath ?? "");
    if (hubPath === undefined || hub === undefined || negotiate) return text(404);
    const authentication = this.#authenticate(hubPath, hubRequest);
    if (authentication.kind === "refused") return text(authentication.status);
    const token = connectionToken ?? this.#tokens.issue(hubPath, 1, Date.now()).connectionToken;
    const found = this.#tokens.find(token, hubPath);
    if (found === "unknown") return text(404, "No Connection with that ID");
    if (found === "attached") return text(409);
    return { hub, ticket: this.#tokens.attach(token), request: hubRequest, identity: authentication };
  }

  #open({ hub, ticket, request, identity }: Admission, socket: ServerSocket): void {
    const parts = {
      hub: hub.compiled,
      surroundings: { membership: hub.membership, stats: this.stats },
      socket,
      connectionId: ticket.connectionId,
      userIdentifier: identity.userIdentifier,
      roles: identity.roles,
      request,
    };
    const handshake: HubHandshake = new HubHandshake(
      {
        hub: hub.compiled.definition,
        socket,
        onAccepted: (protocol, rest) => {
          this.#live.delete(handshake);
          const connection: HubConnection = new HubConnection(
            { ...parts, protocol, onClosed: () => this.#live.delete(connection) },
            Date.now(),
          );
          this.#live.add(connection);
          socket.owner = connection;
          connection.start(rest);
        },
        onClosed: () => this.#live.delete(handshake),
      },
      Date.now(),
    );
    socket.owner = handshake;
    this.#live.add(handshake);
  }
}

/** Upgrade requests have no response object. */
function refuseUpgrade(socket: Duplex, { status, body }: HttpAnswer): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
