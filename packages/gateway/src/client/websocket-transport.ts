import type { Socket } from "node:net";
import type { TransferFormat } from "@signalr-edge/protocol";
import { WebSocket } from "ws";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import { type CloseReason, closeReasons } from "../close-reasons.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";
import { InflationMeter } from "./inflation-meter.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import type { Pace } from "./pace.ts";

/** A `ws` socket that knows its transport, so that all connections share the listeners below instead of owning closures. */
export class ClientWebSocket extends WebSocket {
  transport: WebSocketTransport | undefined;

  /**
   * ASP.NET Core answers every Close frame with 1000, whatever its code; `ws` would repeat the code, and does so with the
   * reason. What it complains of itself comes without one, and keeps its code.
   */
  override close(code?: number, reason?: string | Buffer): void {
    const isComplaint = code !== undefined && reason === undefined && protocolErrorCodes.has(code);
    super.close(isComplaint ? code : 1000);
  }
}

export interface WebSocketLimits extends OutboxLimits {
  readonly maxMessageBytes: number;
}

/**
 * Largest WebSocket message of a client that compresses, after inflating: a hub message over the limit is still recognized
 * as one, and small ones may come together.
 */
export function inflatedMaxBytes(maxMessageBytes: number): number {
  return 2 * maxMessageBytes;
}

/** RFC 6455 section 7.4.1: protocol error, wrong data, policy, message too big. */
const protocolErrorCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

/** `ws` (doc/ws.md, "WS Error Codes"): more than the endpoint's `maxPayload`, counted after inflating; too many pieces. */
const reasonsByCode: ReadonlyMap<unknown, CloseReason> = new Map<unknown, CloseReason>([
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", closeReasons.messageTooLarge],
  ["WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", closeReasons.messageTooLarge],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", closeReasons.tooManyFragments],
]);

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
  /** Set if permessage-deflate was negotiated. */
  readonly #inflation: InflationMeter | undefined;
  readonly listener: ClientTransportListener;

  constructor(
    webSocket: ClientWebSocket,
    socket: Socket,
    pace: Pace,
    limits: WebSocketLimits,
    listener: ClientTransportListener,
  ) {
    this.#webSocket = webSocket;
    this.#outbox = new Outbox(socket, pace, limits, listener);
    this.#inflation =
      webSocket.extensions === "" ? undefined : new InflationMeter(socket, inflatedMaxBytes(limits.maxMessageBytes));
    this.listener = listener;
    webSocket.transport = this;
    webSocket.on("message", onMessage);
    webSocket.on("ping", onControl);
    webSocket.on("pong", onControl);
    webSocket.on("close", onClose);
    webSocket.on("error", onError);
  }

  write(frame: SharedFrame, owed: boolean): number {
    const bytes = this.#inflation === undefined ? frame.webSocketFrame : frame.deflatedWebSocketFrame;
    return this.#outbox.write(bytes, owed);
  }

  received(message: Buffer): void {
    if (this.#inflation?.take(message.length) !== false) return this.listener.received(message);
    this.broken(closeReasons.messageTooLarge);
    this.#webSocket.close(1009);
  }

  /** Nothing may follow the Close frame, which `ws` has sent if it was the one to complain. */
  broken(reason: CloseReason): void {
    this.#outbox.end();
    this.listener.broken(reason);
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
  transport?.received(toBuffer(data));
}

function toBuffer(data: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** `ws` answers pings by itself. */
function onControl(this: WebSocket): void {
  const { transport } = this as ClientWebSocket;
  transport?.listener.controlReceived();
}

/** 1006 is the code for an end without a Close frame. */
function onClose(this: WebSocket, code: number): void {
  const { transport } = this as ClientWebSocket;
  transport?.listener.ended(code !== 1006);
}

/** The client sent what is no WebSocket message, or one that is too large. `close` follows. */
function onError(this: WebSocket, error: Error): void {
  const { transport } = this as ClientWebSocket;
  const code = "code" in error ? error.code : undefined;
  transport?.broken(reasonsByCode.get(code) ?? closeReasons.protocolError);
}
