import { type Frame, type HubProtocol, hubProtocols } from "@signalr-edge/protocol";
import type { PassThrough } from "../aggregation/ports.ts";
import { SharedFrame, type WhenBehind } from "../aggregation/shared-frame.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { ClientTransport } from "./client-transport.ts";
import { MessageBuffer } from "./message-buffer.ts";
import { highWaterBytes } from "./outbox.ts";

export interface ClientOutputLimits {
  readonly outboxMaxBytes: number;
  readonly resumeBufferMaxBytes: number;
  readonly keepAliveIntervalMs: number;
}

/** Most of what a transport adds to a message: the header of a WebSocket frame, or the form of an event. */
const framingBytes = 10;

/** A message that waits for its client to catch up. */
interface Held {
  readonly frame: SharedFrame;
  readonly whenBehind: Extract<WhenBehind, { readonly kind: "conflate" }>;
}

/**
 * The way out to one client: its transport, pings, with stateful reconnect the buffer of what it has not acknowledged, and
 * the brake on the private upstream when either is full.
 */
export class ClientOutput {
  readonly #metrics: HubMetrics;
  readonly #limits: ClientOutputLimits;
  /** JSON until the handshake says otherwise: the handshake itself is JSON text. */
  protocol: HubProtocol = hubProtocols.json;
  #pingedAtMs: number;
  #transport: ClientTransport | undefined;
  #upstream: PassThrough | undefined;
  #buffer: MessageBuffer | undefined;
  #isTransportCongested = false;
  #isUpstreamPaused = false;
  /** Newest message of each key that waits for the client to catch up, the latest last. */
  #conflated: Map<string, Held> | undefined;

  constructor(metrics: HubMetrics, limits: ClientOutputLimits, nowMs: number) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#pingedAtMs = nowMs;
  }

  /** `undefined` while a client with stateful reconnect has no socket. */
  get transport(): ClientTransport | undefined {
    return this.#transport;
  }

  /** Set if stateful reconnect is in effect. */
  get buffer(): MessageBuffer | undefined {
    return this.#buffer;
  }

  attach(transport: ClientTransport, upstream: PassThrough): void {
    this.#transport = transport;
    this.#upstream = upstream;
  }

  keepForResume(): void {
    this.#buffer = new MessageBuffer();
  }

  /** What is for this client alone and not counted: handshake, close, acknowledgement. */
  tell(bytes: Frame): void {
    this.#write(new SharedFrame(this.protocol, bytes), true);
  }

  /** An answer, or what else this client alone gets, of types 1 to 5. False as for `sendCounted`. */
  answer(bytes: Frame): boolean {
    return this.sendCounted(new SharedFrame(this.protocol, bytes), true);
  }

  /** A message of types 1 to 5. False if the client has acknowledged too little for too long. */
  sendCounted(frame: SharedFrame, owed: boolean): boolean {
    const { whenBehind } = frame;
    // What is not owed is a shared message, which is counted once for all clients.
    if (owed) this.#metrics.savings.countDirect(1, frame.bytes.length);
    if (whenBehind === undefined) this.#write(frame, owed);
    else if (this.#isBehind(frame)) {
      this.#holdBack(frame, whenBehind);
      return true;
    } else this.#sendWhole(frame);
    if (this.#buffer === undefined) return true;
    this.#buffer.sent(frame);
    if (owed) this.#brake();
    return this.#buffer.bufferedBytes <= this.#limits.resumeBufferMaxBytes;
  }

  /** What is held back of this group leaves now, and counts against the bound of the outbox like everything else. */
  letGo(group: string): void {
    for (const [key, { frame, whenBehind }] of this.#conflated ?? []) {
      if (whenBehind.group !== group) continue;
      this.#conflated?.delete(key);
      this.#sendHeld(frame);
    }
    if (this.#conflated?.size === 0) this.#conflated = undefined;
  }

  acknowledged(sequenceId: number): void {
    this.#buffer?.acknowledged(sequenceId);
    this.#brake();
  }

  setCongested(isCongested: boolean): void {
    this.#isTransportCongested = isCongested;
    if (!isCongested) this.#catchUp();
    this.#brake();
  }

  detach(): void {
    this.#transport = undefined;
    this.setCongested(false);
  }

  /** Puts a new transport in the place of the old one and repeats what the client may have missed (protocol.md 6.3). */
  resume(transport: ClientTransport): void {
    this.#transport?.abandon();
    this.#transport = transport;
    this.setCongested(false);
    if (this.#buffer === undefined) return;
    const { sequenceId, frames } = this.#buffer.repeat;
    this.tell(this.protocol.writeSequence(sequenceId));
    for (const frame of frames) this.#write(frame, true);
  }

  /** Called about once a second: a backlog below the high-water mark drains without a word; then what is due by the clock. */
  sweep(nowMs: number): void {
    if (!this.#isTransportCongested) this.#catchUp();
    if (this.#transport?.hasInherentKeepAlive === true) return;
    const sequenceId = this.#buffer?.takeAcknowledgement();
    if (sequenceId !== undefined) this.tell(this.protocol.writeAck(sequenceId));
    if (nowMs - this.#pingedAtMs < this.#limits.keepAliveIntervalMs) return;
    this.#pingedAtMs = nowMs;
    this.#write(new SharedFrame(this.protocol, this.protocol.pingFrame), false);
  }

  #write(frame: SharedFrame, owed: boolean): void {
    if (this.#transport !== undefined) this.#metrics.clientBytes += this.#transport.write(frame, owed);
  }

  #isBehind(frame: SharedFrame): boolean {
    return this.#isTransportCongested || this.#conflated !== undefined || !this.#fits(frame);
  }

  /** A message on its own always does, however large. */
  #fits({ bytes }: SharedFrame): boolean {
    const pendingBytes = this.#transport?.pendingBytes ?? 0;
    return pendingBytes === 0 || pendingBytes + bytes.length + framingBytes <= this.#limits.outboxMaxBytes;
  }

  /** Its rule says what becomes of a client that is behind: it must not be cut for a single message over the bound. */
  #sendWhole(frame: SharedFrame): void {
    this.#write(frame, frame.bytes.length > this.#limits.outboxMaxBytes);
  }

  #holdBack(frame: SharedFrame, whenBehind: WhenBehind): void {
    if (whenBehind.kind === "drop") {
      this.#metrics.dropped += 1;
      return;
    }
    if (this.#conflated === undefined) {
      this.#conflated = new Map();
      this.#transport?.tellWhenDrained();
    }
    const key = `${whenBehind.target}\n${whenBehind.group}`;
    // Deleted first, so that it moves to the tail.
    if (this.#conflated.delete(key)) this.#metrics.conflated += 1;
    this.#conflated.set(key, { frame: frame.keep(), whenBehind });
  }

  /** As much as fits; the rest may still be replaced by something newer. */
  #catchUp(): void {
    const held = this.#conflated;
    if (held === undefined) return;
    let hasSent = false;
    for (const [key, { frame }] of held) {
      if (!this.#fits(frame) || (this.#transport?.pendingBytes ?? 0) > highWaterBytes) {
        // What was just written may leave with this turn. What waited before it does not leave for being asked in every
        // turn: the next drain or sweep comes back to it.
        if (hasSent) this.#transport?.tellWhenDrained();
        return;
      }
      hasSent = true;
      held.delete(key);
      this.#sendHeld(frame);
    }
    this.#conflated = undefined;
  }

  #sendHeld(frame: SharedFrame): void {
    this.#sendWhole(frame);
    this.#buffer?.sent(frame);
  }

  /** The private upstream is read while both the socket and the buffer have room. */
  #brake(): void {
    const isFull =
      this.#isTransportCongested || (this.#buffer?.bufferedBytes ?? 0) > this.#limits.resumeBufferMaxBytes / 2;
    if (isFull === this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = isFull;
    if (isFull) this.#upstream?.pause();
    else this.#upstream?.resume();
  }
}
