import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A byte relay on loopback whose connections a test can cut. */
export interface TcpProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly connectionCount: number;
  /** Resets every connection that goes through it now. */
  cut(): void;
  stop(): Promise<void>;
}

/** Relays to the host and port of `target`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The other half is torn down on `close`, which follows.
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((inbound) => {
    const outbound = connect(Number(port), hostname);
    keep(inbound);
    keep(outbound);
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
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
