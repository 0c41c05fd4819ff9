import {
  type Envelope,
  type Frame,
  type FrameSplitter,
  HandshakeSplitter,
  type HubProtocol,
  MessageType,
  type PeekLimits,
  readHandshakeResponse,
  writeHandshakeRequest,
} from "@signalr-edge/protocol";
import type { WebSocket } from "ws";
import type { Clock } from "../clock.ts";

export interface UpstreamLimits extends PeekLimits {
  readonly upstreamMaxMessageBytes: number;
  readonly upstreamHandshakeTimeoutMs: number;
  /** Silence after which the origin counts as dead. */
  readonly upstreamTimeoutMs: number;
  readonly keepAliveIntervalMs: number;
}

/** Whoever owns the connection. Nothing is called after `ended`. */
export interface UpstreamConnectionListener {
  handshakeAccepted(): void;
  handshakeRefused(error: string): void;
  /** Types 1 to 5. The frame is valid during the call. */
  received(envelope: Envelope, frame: Frame): void;
  /** The end, once: with the Close frame of the origin, or without. `reason` is for the log. */
  ended(closeFrame: Frame | undefined, reason: string): void;
  /** More unsent bytes than the high-water mark; `drained` follows. */
  congested(): void;
  drained(): void;
}

type State =
  | { readonly name: "opened" }
  | {
      readonly name: "handshaking";
      readonly protocol: HubProtocol;
      readonly splitter: HandshakeSplitter;
      readonly startedAtMs: number;
    }
  | { readonly name: "open"; readonly protocol: HubProtocol; readonly splitter: FrameSplitter }
  | { readonly name: "closed" };

const highWaterBytes = 65_536;
const maxHandshakeBytes = 65_536;

/**
 * One hub connection to the next hop over an open WebSocket: handshake, reading, sending, pings, silence.
 *
 *   opened -> handshaking -> open -> closed
 */
export class UpstreamConnection {
  readonly #webSocket: WebSocket;
  readonly #limits: UpstreamLimits;
  readonly #clock: Clock;
  readonly #listener: UpstreamConnectionListener;
  #state: State = { name: "opened" };
  #lastReceivedMs: number;
  #lastPingSentMs: number;
  #isCongested = false;
  readonly #onSent = (): void => this.#sent();

  constructor(webSocket: WebSocket, limits: UpstreamLimits, clock: Clock, listener: UpstreamConnectionListener) {
    this.#webSocket = webSocket;
    this.#limits = limits;
    this.#clock = clock;
    this.#listener = listener;
    this.#lastReceivedMs = this.#lastPingSentMs = clock.now();
    webSocket.on("message", (data) => this.#receive(data as Buffer));
    webSocket.on("close", (code) => this.#end(undefined, `the WebSocket ended with ${code}`));
    webSocket.on("error", (error) => this.#end(undefined, error.message));
  }

  handshake(protocol: HubProtocol): void {
    if (this.#state.name !== "opened") return;
    this.#state = {
      name: "handshaking",
      protocol,
      splitter: new HandshakeSplitter(maxHandshakeBytes),
      startedAtMs: this.#clock.now(),
    };
    this.#webSocket.send(writeHandshakeRequest(protocol.name), { binary: false });
  }

  /** Only after `handshakeAccepted`; ignored once closed. The bytes are taken or copied before it returns. */
  send(frame: Frame): void {
    if (this.#state.name !== "open") return;
    this.#webSocket.send(frame, { binary: this.#state.protocol.transferFormat === "Binary" }, this.#onSent);
    if (this.#webSocket.bufferedAmount > highWaterBytes && !this.#isCongested) {
      this.#isCongested = true;
      this.#listener.congested();
    }
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    // Nobody could hear the origin meanwhile: its silence counts from now on.
    this.#lastReceivedMs = this.#clock.now();
    this.#webSocket.resume();
  }

  /** Ends the connection from this side; the listener hears nothing more. */
  close(graceful: boolean): void {
    if (this.#state.name === "closed") return;
    this.#state = { name: "closed" };
    this.#closeSocket(graceful);
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    const state = this.#state;
    if (state.name === "handshaking" && nowMs - state.startedAtMs >= this.#limits.upstreamHandshakeTimeoutMs) {
      return this.#fail("no handshake response in time");
    }
    if (state.name !== "open") return;
    if (nowMs - this.#lastReceivedMs >= this.#limits.upstreamTimeoutMs && !this.#webSocket.isPaused) {
      return this.#fail(`silent for ${Math.round(nowMs - this.#lastReceivedMs)} ms`);
    }
    if (nowMs - this.#lastPingSentMs >= this.#limits.keepAliveIntervalMs) this.#ping(nowMs, state.protocol);
  }

  #receive(chunk: Buffer): void {
    this.#lastReceivedMs = this.#clock.now();
    try {
      if (this.#state.name === "handshaking") this.#receiveHandshake(this.#state.protocol, this.#state.splitter, chunk);
      else if (this.#state.name === "open") this.#receiveFrames(this.#state.protocol, this.#state.splitter, chunk);
    } catch (error) {
      // The origin broke the protocol, or a bug showed here: either way these bytes cannot be trusted any further.
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #receiveHandshake(protocol: HubProtocol, splitter: HandshakeSplitter, chunk: Buffer): void {
    const complete = splitter.push(chunk);
    if (complete === undefined) return;
    const { error } = readHandshakeResponse(complete.record);
    if (error !== undefined) {
      this.close(true);
      return this.#listener.handshakeRefused(error);
    }
    const frames = protocol.createSplitter(this.#limits.upstreamMaxMessageBytes);
    this.#state = { name: "open", protocol, splitter: frames };
    this.#ping(this.#clock.now(), protocol);
    this.#listener.handshakeAccepted();
    // What the hub sent on connecting lies right behind the response.
    if (complete.rest.length > 0) this.#receiveFrames(protocol, frames, complete.rest);
  }

  #receiveFrames(protocol: HubProtocol, splitter: FrameSplitter, chunk: Buffer): void {
    splitter.push(chunk, (frame) => {
      if (this.#state.name !== "open") return;
      const envelope = protocol.peek(frame, this.#limits);
      switch (envelope.type) {
        case MessageType.Invocation:
        case MessageType.StreamItem:
        case MessageType.Completion:
        case MessageType.StreamInvocation:
        case MessageType.CancelInvocation:
          return this.#listener.received(envelope, frame);
        case MessageType.Close:
          this.#closeSocket(true);
          return this.#end(frame, "the origin sent a Close message");
        default:
          return;
      }
    });
  }

  #ping(nowMs: number, protocol: HubProtocol): void {
    this.#lastPingSentMs = nowMs;
    this.#webSocket.send(protocol.pingFrame, { binary: protocol.transferFormat === "Binary" });
  }

  #sent(): void {
    if (!this.#isCongested || this.#webSocket.bufferedAmount > highWaterBytes / 2) return;
    this.#isCongested = false;
    if (this.#state.name === "open") this.#listener.drained();
  }

  #fail(reason: string): void {
    this.#webSocket.terminate();
    this.#end(undefined, reason);
  }

  #end(closeFrame: Frame | undefined, reason: string): void {
    if (this.#state.name === "closed") return;
    this.#state = { name: "closed" };
    this.#listener.ended(closeFrame, reason);
  }

  #closeSocket(graceful: boolean): void {
    if (graceful) this.#webSocket.close(1000);
    else this.#webSocket.terminate();
  }
}
