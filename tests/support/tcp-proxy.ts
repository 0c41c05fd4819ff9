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
  /** Those that began as WebSockets do, in the order in which they began. */
  readonly webSockets: readonly ProxiedConnection[];
  /** What has arrived at each end so far, TCP payload. */
  readonly bytesToTarget: number;
  readonly bytesFromTarget: number;
  /** Resets every connection that goes through it now. */
  cut(): void;
  /** From now on nothing goes through any more, and nobody is told. New connections are accepted, and get nothing either. */
  hold(): void;
  /** New connections work again; those of before are reset. */
  release(): void;
  stop(): Promise<void>;
}

type Target = string | (() => string);

/** Relays to the host and port of the first target that accepts the connection; a target may be known only then. */
export async function startTcpProxy(...targets: readonly [Target, ...Target[]]): Promise<TcpProxy> {
  const webSockets: ProxiedConnection[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The other half is torn down on `close`, which follows.
    socket.on("error", () => socket.destroy());
  };
  let isHeld = false;
  let bytesToTarget = 0;
  let bytesFromTarget = 0;
  const relay = (inbound: Socket, [target, ...others]: readonly Target[]): void => {
    if (target === undefined) return void inbound.destroy();
    const { hostname, port } = new URL(typeof target === "string" ? target : target());
    const outbound = connect(Number(port), hostname);
    const tryNext = (): void => relay(inbound, others);
    outbound.once("error", tryNext);
    outbound.once("connect", () => {
      outbound.off("error", tryNext);
      keep(outbound);
      if (inbound.destroyed) return void outbound.destroy();
      join(inbound, outbound);
    });
  };
  const join = (inbound: Socket, outbound: Socket): void => {
    if (isHeld) return;
    inbound.once("data", (first: Buffer) => {
      if (!first.toString("latin1", 0, 4).startsWith("GET ")) return;
      webSockets.push({
        cut: () => {
          for (const socket of [inbound, outbound]) socket.resetAndDestroy();
        },
      });
    });
    inbound.on("data", ({ length }) => {
      bytesToTarget += length;
    });
    outbound.on("data", ({ length }) => {
      bytesFromTarget += length;
    });
    inbound.pipe(outbound).pipe(inbound);
    inbound.on("close", () => outbound.destroy());
    outbound.on("close", () => inbound.destroy());
  };
  const server = createServer((inbound) => {
    keep(inbound);
    relay(inbound, targets);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webSockets,
    get bytesToTarget() {
      return bytesToTarget;
    },
    get bytesFromTarget() {
      return bytesFromTarget;
    },
    cut,
    hold: () => {
      isHeld = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    release: () => {
      isHeld = false;
      cut();
    },
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
