import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** An HTTP server on loopback that answers as a test wants, at `/hub`. */
export interface HttpOrigin {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

export async function startHttpOrigin(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpOrigin> {
  const server = createServer(answer);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub`,
    server,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** A URL that nobody listens at: its port was free a moment ago. */
export async function closedUrl(): Promise<string> {
  const origin = await startHttpOrigin(() => undefined);
  await origin.close();
  return origin.url;
}
