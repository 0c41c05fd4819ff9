import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** The origin's end of one WebSocket, with everything that it has received. */
export interface OriginEnd {
  readonly webSocket: WebSocket;
  /** The next message that arrives. */
  next(): Promise<{ readonly data: Buffer; readonly isBinary: boolean }>;
  /** Close code that the gateway sent; 1006 if it broke off. */
  readonly closed: Promise<number>;
}

export interface WebSocketPair {
  /** The gateway's end, open, nothing received yet. */
  readonly near: WebSocket;
  readonly far: OriginEnd;
  close(): Promise<void>;
}

/** A WebSocket between a client of `ws`, as `dial` opens it, and a server on loopback. */
export async function openWebSocketPair(maxPayload: number): Promise<WebSocketPair> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const near = new WebSocket(url, { maxPayload, perMessageDeflate: false, skipUTF8Validation: true });
  const [[webSocket]] = await Promise.all([accepted, once(near, "open")]);
  return {
    near,
    far: watch(webSocket),
    async close() {
      near.terminate();
      webSocket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

function watch(webSocket: WebSocket): OriginEnd {
  type Message = { readonly data: Buffer; readonly isBinary: boolean };
  const messages: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  webSocket.on("message", (data, isBinary) => {
    const message = { data: data as Buffer, isBinary };
    const taker = waiting.shift();
    if (taker === undefined) messages.push(message);
    else taker(message);
  });
  webSocket.on("error", () => undefined);
  return {
    webSocket,
    next() {
      const message = messages.shift();
      if (message !== undefined) return Promise.resolve(message);
      return new Promise((resolve) => waiting.push(resolve));
    },
    closed: once(webSocket, "close").then(([code]) => Number(code)),
  };
}
