import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";

/** What stands where a gateway should be. `requests` are the lines that clients sent first, such as `POST /x HTTP/1.1`. */
export interface BrokenGateway {
  readonly url: string;
  readonly requests: readonly string[];
}

/** A port where nobody listens: one that was free a moment ago. */
export async function closedPort(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  server.close();
  await once(server, "close");
  return url;
}

export interface SilentGateway extends BrokenGateway {
  readonly firstRequest: Promise<void>;
}

/** Accepts connections and never answers. */
export async function startSilentGateway(): Promise<SilentGateway> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  const firstRequest = new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      sockets.add(socket);
      // A client that gives up is why this server exists.
      socket.on("error", () => socket.destroy());
      socket.once("data", (chunk) => {
        requests.push(chunk.toString("latin1").split("\r\n", 1)[0] ?? "");
        resolve();
      });
    });
  });
  const url = await listen(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url, requests, firstRequest };
}

export interface Answer {
  readonly status: number;
  readonly body?: string;
}

/** Answers every request, WebSocket upgrades included, with what `answer` gives at that time. `undefined` is silence. */
export async function startAnsweringGateway(answer: (path: string) => Answer | undefined): Promise<BrokenGateway> {
  const requests: string[] = [];
  const server = createHttpServer((request, response) => {
    requests.push(`${request.method} ${request.url} HTTP/1.1`);
    const given = answer(request.url ?? "/");
    if (given !== undefined) response.writeHead(given.status, { "access-control-allow-origin": "*" }).end(given.body);
  });
  server.on("upgrade", (request, socket) => {
    requests.push(`${request.method} ${request.url} HTTP/1.1`);
    socket.on("error", () => socket.destroy());
    const given = answer(request.url ?? "/");
    if (given !== undefined)
      socket.end(`HTTP/1.1 ${given.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  });
  const url = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, requests };
}

/** Opens every WebSocket and closes it. */
export async function startClosingGateway(): Promise<Pick<BrokenGateway, "url">> {
  const server = createHttpServer();
  const webSockets = new WebSocketServer({ server });
  webSockets.on("connection", (socket) => socket.close(1011));
  const url = await listen(server);
  onTestFinished(() => {
    webSockets.close();
    server.close();
  });
  return { url };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
