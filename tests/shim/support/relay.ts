import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

interface Server {
  readonly url: string;
}

/** An address that leads to a server, for one test. */
export interface Relay extends Server {
  /** From now on the address leads there, or with `undefined` nowhere. Connections that there are get reset. */
  leadTo(server: Server | undefined): void;
}

export async function startRelay(first: Server): Promise<Relay> {
  let present: Server | undefined = first;
  const sockets = new Set<Socket>();
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.pipe(to);
    // One end's failure is the end of both, and of nothing else.
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((socket) => {
    if (present === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(present.url);
    const other = connect(Number(port), hostname);
    join(socket, other);
    join(other, socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    reset();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (next) => {
      present = next;
      reset();
    },
  };
}
