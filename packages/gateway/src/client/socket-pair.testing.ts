import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Two ends of one TCP connection over loopback. `far` does not read until it is told to. */
export interface SocketPair {
  readonly near: Socket;
  readonly far: Socket;
  close(): Promise<void>;
}

export async function openSocketPair(): Promise<SocketPair> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[far]] = await Promise.all([accepted, once(near, "connect")]);
  return {
    near,
    far,
    async close() {
      near.destroy();
      far.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
