import { connect, type Socket } from "node:net";
import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { splitFrames } from "../support/split-frames.ts";
import { type Wire, wires } from "../support/wire.ts";
import { maskedFrame, WebSocketReader } from "./web-socket-reader.ts";

export interface LightClientEvents {
  /** Every hub message but pings. A Close message comes here, too. */
  received(message: HubMessage): void;
  /** Once, whoever ended the connection. */
  ended(): void;
}

const recordSeparator = 0x1e;
const handshakeAnswer = Buffer.from("{}\u001e");
const connectTimeoutMs = 20_000;

/** A SignalR client on a bare socket, for thousands in one process. It skips negotiation and does nothing by itself. */
export class LightClient {
  readonly #socket: Socket;
  readonly #wire: Wire;
  readonly #events: LightClientEvents;
  readonly #reader = new WebSocketReader();
  #isOpen = false;

  private constructor(socket: Socket, wire: Wire, events: LightClientEvents) {
    this.#socket = socket;
    this.#wire = wire;
    this.#events = events;
  }

  /** Rejects unless the hub at `url` (`http:`) accepts the WebSocket and the handshake. */
  static connect(url: string, protocol: HubProtocolName, events: LightClientEvents): Promise<LightClient> {
    const { hostname, port, host, pathname } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const client = new LightClient(socket, wires[protocol], events);
      const fail = (reason: string): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new Error(reason));
      };
      const timer = setTimeout(() => fail("the handshake took too long"), connectTimeoutMs);
      socket.on("error", (error) => fail(error.message));
      socket.on("close", () => {
        if (client.#isOpen) events.ended();
        else fail("the connection ended during the handshake");
      });
      socket.on("data", (chunk) => {
        try {
          client.#receive(chunk, () => {
            clearTimeout(timer);
            resolve(client);
          });
        } catch (error) {
          fail(error instanceof Error ? error.message : String(error));
        }
      });
      socket.write(upgradeRequest(pathname, host));
    });
  }

  /** In one piece. */
  send(...messages: readonly HubMessage[]): void {
    const binary = this.#wire.protocol === "messagepack";
    this.#socket.write(Buffer.concat(messages.map((message) => maskedFrame(this.#wire.encode(message), binary))));
  }

  /** The regular end of a WebSocket. */
  close(): void {
    this.#socket.end(maskedFrame(Buffer.alloc(0), false, 8));
  }

  terminate(): void {
    this.#socket.resetAndDestroy();
  }

  #receive(chunk: Buffer, opened: () => void): void {
    const wasUpgraded = this.#reader.isUpgraded;
    const payloads = this.#reader.push(chunk);
    // Nothing may follow the upgrade before it is accepted.
    if (!wasUpgraded && this.#reader.isUpgraded) this.#socket.write(handshakeRequest(this.#wire.protocol));
    for (const payload of payloads) {
      if (this.#isOpen) this.#deliver(payload);
      else {
        const end = payload.indexOf(recordSeparator) + 1;
        if (!payload.subarray(0, end).equals(handshakeAnswer)) throw new Error(`refused: ${payload.toString()}`);
        this.#isOpen = true;
        opened();
        this.#deliver(payload.subarray(end));
      }
    }
    if (this.#reader.isClosed) this.#socket.end(maskedFrame(Buffer.alloc(0), false, 8));
  }

  #deliver(payload: Buffer): void {
    for (const frame of splitFrames(this.#wire.protocol, payload)) {
      if (!frame.equals(this.#wire.ping)) this.#events.received(this.#wire.decode(frame));
    }
  }
}

function handshakeRequest(protocol: HubProtocolName): Buffer {
  return maskedFrame(Buffer.from(`{"protocol":"${protocol}","version":1}\u001e`), false);
}

function upgradeRequest(path: string, host: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
