import type { HubProtocol } from "@signalr-edge/protocol";
import { HandshakeSplitter, hubProtocols, ProtocolError, writeHandshakeError } from "@signalr-edge/protocol";
import { answerHandshake } from "./answer-handshake.ts";
import type { HubDefinition } from "./hub-definition.ts";
import { maxReceiveMessageBytes } from "./server-limits.ts";
import type { ServerSocket, SocketOwner } from "./server-socket.ts";
import { webSocketFrame } from "./web-socket-frame.ts";

/** ASP.NET Core's default (protocol.md 0.3). */
const handshakeTimeoutMs = 15_000;

export interface HubHandshakeParts {
  readonly hub: HubDefinition;
  readonly socket: ServerSocket;
  /** Takes the socket over; `rest` are bytes that came behind the handshake. */
  readonly onAccepted: (protocol: HubProtocol, rest: Buffer) => void;
  readonly onClosed: () => void;
}

/** A WebSocket before its handshake is done. */
export class HubHandshake implements SocketOwner {
  readonly #parts: HubHandshakeParts;
  readonly #splitter = new HandshakeSplitter(maxReceiveMessageBytes);
  readonly #deadline: number;

  constructor(parts: HubHandshakeParts, now: number) {
    this.#parts = parts;
    this.#deadline = now + handshakeTimeoutMs;
  }

  receive(chunk: Buffer): void {
    const split = this.#split(chunk);
    if (split === undefined) return;
    const answer = answerHandshake(split.record, this.#parts.hub);
    if (answer.kind === "refused") this.#refuse(answer.error);
    else this.#parts.onAccepted(answer.protocol, split.rest);
  }

  socketClosed(): void {
    this.#parts.onClosed();
  }

  tick(now: number): void {
    if (now >= this.#deadline) this.#refuse("Handshake was canceled.");
  }

  /** The client has no hub protocol yet in which to be told anything. */
  shutDown(): void {
    this.#parts.socket.end();
  }

  #split(chunk: Buffer): ReturnType<HandshakeSplitter["push"]> {
    try {
      return this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse("Handshake was canceled.");
      return undefined;
    }
  }

  #refuse(error: string): void {
    const { socket } = this.#parts;
    socket.owner = { receive: () => undefined, socketClosed: () => this.#parts.onClosed() };
    socket.write(webSocketFrame(writeHandshakeError(error), hubProtocols.json));
    socket.end();
  }
}
