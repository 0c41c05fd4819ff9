import type { Socket } from "node:net";
import type { TransferFormat } from "@signalr-edge/protocol";
import { WebSocket } from "ws";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import type { Turn } from "./turn.ts";

/** A `ws` socket that knows its transport, so that all connections share the listeners below instead of owning closures. */
export class ClientWebSocket extends WebSocket {
  transport: WebSocketTransport | undefined;

  /** `ws` echoes the peer's close code; ASP.NET Core answers every Close frame with 1000. Protocol errors keep theirs. */
  override close(code?: number): void {
    super.close(code !== undefined && protocolErrorCodes.has(code) ? code : 1000);
  }
}

/** RFC 6455 section 7.4.1: protocol error, wrong data, policy, message too big. */
const protocolErrorCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

const bothFormats: readonly TransferFormat[] = ["Text", "Binary"];

/**
 * WebSockets towards a client. `ws` keeps the receiving half, control frames and the closing handshake; hub messages are
 * written as pre-built WebSocket frames to the socket that the gateway itself received in its `upgrade` listener, so no
 * private field of `ws` is touched (docs/adr/0003). Both write whole WebSocket frames to the same socket, in order.
 */
export class WebSocketTransport implements ClientTransport {
  readonly name = "WebSockets";
  readonly transferFormats = bothFormats;
  readonly hasInherentKeepAlive = false;
  readonly #webSocket: ClientWebSocket;
  readonly #outbox: Outbox;
  readonly listener: ClientTransportListener;

  constructor(
    webSocket: ClientWebSocket,
    socket: Socket,
    turn: Turn,
    limits: OutboxLimits,
    listener: ClientTransportListener,
  ) {
    this.#webSocket = webSocket;
    this.#outbox = new Outbox(socket, turn, limits, listener);
    this.listener = listener;
    webSocket.transport = this;
    webSocket.on("message", onMessage);
    webSocket.on("close", onClose);
    webSocket.on("error", onError);
  }

  write(frame: SharedFrame, owed: boolean): void {
    this.#outbox.write(frame.webSocketFrame, owed);
  }

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  tellWhenDrained(): void {
    this.#outbox.tellWhenDrained();
  }

  /** 1000 always: without a code the client reports 1005 as an error (protocol.md 2.1). */
  end(): void {
    this.#outbox.end();
    this.#webSocket.close(1000);
  }

  terminate(): void {
    this.#outbox.end();
    this.#webSocket.terminate();
  }

  abandon(): void {
    this.#webSocket.transport = undefined;
    this.terminate();
  }

  pauseReading(): void {
    this.#webSocket.pause();
  }

  resumeReading(): void {
    this.#webSocket.resume();
  }

  sweep(nowMs: number): boolean {
    return this.#outbox.isMoving(nowMs);
  }
}

/** Frame boundaries and text or binary mean nothing from a client: bytes are bytes (protocol.md 2.1). */
function onMessage(this: WebSocket, data: WebSocket.RawData): void {
  const { transport } = this as ClientWebSocket;
  transport?.listener.received(toBuffer(data));
}

function toBuffer(data: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** 1006 is the code for an end without a Close frame. */
function onClose(this: WebSocket, code: number): void {
  const { transport } = this as ClientWebSocket;
  transport?.listener.ended(code !== 1006);
}

/** `close` follows every `error`, and is where the end is handled; without a listener the process would exit. */
function onError(): void {}
