import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One connection that goes through the proxy. */
export interface ProxiedConnection {
  /** Resets it, at both ends. */
  cut(): void;
}

/** A byte relay on loopback whose connections a test can cut. */
export interface TcpProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly connectionCount: number;
  /** Those that began as WebSockets do, in the order in which they began. */
  readonly webSockets: readonly ProxiedConnection[];
  /** Resets every connection that goes through it now. */
  cut(): void;
  stop(): Promise<void>;
}

/** Relays to the host and port of `target`, which may be known only when somebody connects. */
export async function startTcpProxy(target: string | (() => string)): Promise<TcpProxy> {
  const webSockets: ProxiedConnection[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The other half is torn down on `close`, which follows.
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((inbound) => {
    const { hostname, port } = new URL(typeof target === "string" ? target : target());
    const outbound = connect(Number(port), hostname);
    keep(inbound);
    keep(outbound);
    inbound.once("data", (first: Buffer) => {
      if (!first.toString("latin1", 0, 4).startsWith("GET ")) return;
      webSockets.push({
        cut: () => {
          for (const socket of [inbound, outbound]) socket.resetAndDestroy();
        },
      });
    });
    inbound.pipe(outbound).pipe(inbound);
    inbound.on("close", () => outbound.destroy());
    outbound.on("close", () => inbound.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connectionCount() {
      return sockets.size / 2;
    },
    webSockets,
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
