import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** An HTTP proxy that knows nothing of WebSockets, as there are in some networks. */
export interface HttpProxy {
  readonly url: string;
  /** Method and path of each request, without its query; upgrades as `UPGRADE`. */
  readonly seen: readonly string[];
  /** The newest `?id=`. */
  readonly lastId: string | undefined;
  /** From now on requests of this method go to an id that the target does not know. */
  misroute(method: "GET" | "POST"): void;
  stop(): Promise<void>;
}

/** Relays requests to the host and port of `target`, and refuses upgrades. */
export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const { hostname, port } = new URL(target);
  const seen: string[] = [];
  const misrouted = new Set<string>();
  let lastId: string | undefined;

  const relay = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method = "GET", headers } = incoming;
    const url = new URL(incoming.url ?? "/", target);
    seen.push(`${method} ${url.pathname}`);
    lastId = url.searchParams.get("id") ?? lastId;
    if (misrouted.has(method) && url.searchParams.has("id")) url.searchParams.set("id", "unknown");
    const outgoing = request({ hostname, port, method, headers, path: url.pathname + url.search });
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    // Either side that ends takes the other one with it.
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const server = createServer(relay);
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex) => {
    seen.push(`UPGRADE ${new URL(incoming.url ?? "/", target).pathname}`);
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get lastId() {
      return lastId;
    },
    misroute: (method) => void misrouted.add(method),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
