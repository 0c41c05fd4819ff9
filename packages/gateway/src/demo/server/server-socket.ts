import type { Duplex } from "node:stream";
import { type RawData, WebSocket } from "ws";

/** Where ASP.NET Core's senders would wait, this server gives the client up. */
const maxUnsentBytes = 64 * 1024 * 1024;

export interface SocketOwner {
  receive(chunk: Buffer): void;
  /** Called once. `error` is `undefined` if the peer closed in an orderly way. */
  socketClosed(error: Error | undefined): void;
}

/** Closes with 1000 and no reason whatever it answers: clients take anything else for a failure (protocol.md 2.1). */
export class ServerWebSocket extends WebSocket {
  override close(): void {
    super.close(1000, "");
  }
}

/** A WebSocket of the server. What is written to it are ready WebSocket frames, shared between sockets. */
export class ServerSocket {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  /** Who gets the bytes: first the handshake, then the hub connection. To be set before the next turn. */
  owner: SocketOwner | undefined;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.on("message", (data) => this.owner?.receive(asBuffer(data)));
    webSocket.on("close", (code) => this.owner?.socketClosed(closeError(code)));
    // "close" follows and says all that matters.
    webSocket.on("error", () => undefined);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Writes of one turn leave together. */
  write(webSocketFrame: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(uncork, this.#socket);
    }
    this.#socket.write(webSocketFrame);
    if (this.unsentBytes > maxUnsentBytes) this.terminate();
  }

  end(): void {
    // A paused socket would never see the peer's answer.
    this.resume();
    this.#webSocket.close();
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }
}

function uncork(socket: Duplex): void {
  socket.uncork();
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** 1006: the TCP connection went away without a Close frame. */
function closeError(code: number): Error | undefined {
  if (code !== 1006) return undefined;
  return new Error("The remote party closed the WebSocket connection without completing the close handshake.");
}
