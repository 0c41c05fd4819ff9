import type { HubProtocol } from "@signalr-edge/protocol";
import type { PassThrough } from "../aggregation/ports.ts";
import { SharedFrame, type WhenBehind } from "../aggregation/shared-frame.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { ClientTransport } from "./client-transport.ts";
import { MessageBuffer } from "./message-buffer.ts";

/**
 * The way out to one client: its transport, with stateful reconnect the buffer of what it has not acknowledged, and the
 * brake on the private upstream when either is full.
 */
export class ClientOutput {
  readonly #metrics: HubMetrics;
  readonly #bufferMaxBytes: number;
  #transport: ClientTransport | undefined;
  #upstream: PassThrough | undefined;
  #buffer: MessageBuffer | undefined;
  #isTransportCongested = false;
  #isUpstreamPaused = false;
  /** Newest message of each key that waits for the client to catch up, the latest last. */
  #conflated: Map<string, SharedFrame> | undefined;

  constructor(metrics: HubMetrics, bufferMaxBytes: number) {
    this.#metrics = metrics;
    this.#bufferMaxBytes = bufferMaxBytes;
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

  /** A message that is not counted: handshake, ping, close, acknowledgement. */
  send(frame: SharedFrame, owed: boolean): void {
    this.#metrics.clientBytes += frame.bytes.length;
    this.#transport?.write(frame, owed);
  }

  /** A message of types 1 to 5. False if the client has acknowledged too little for too long. */
  sendCounted(frame: SharedFrame, owed: boolean): boolean {
    if (this.#isTransportCongested && frame.whenBehind !== undefined) {
      this.#holdBack(frame, frame.whenBehind);
      return true;
    }
    this.send(frame, owed);
    if (this.#buffer === undefined) return true;
    this.#buffer.sent(frame);
    if (owed) this.#brake();
    return this.#buffer.bufferedBytes <= this.#bufferMaxBytes;
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
  resume(transport: ClientTransport, protocol: HubProtocol): void {
    this.#transport?.abandon();
    this.#transport = transport;
    this.setCongested(false);
    if (this.#buffer === undefined) return;
    const { sequenceId, frames } = this.#buffer.repeat;
    this.send(new SharedFrame(protocol, protocol.writeSequence(sequenceId)), true);
    for (const frame of frames) this.send(frame, true);
  }

  #holdBack(frame: SharedFrame, whenBehind: WhenBehind): void {
    if (whenBehind.kind === "drop") {
      this.#metrics.dropped += 1;
      return;
    }
    this.#conflated ??= new Map();
    // Deleted first, so that it moves to the tail.
    if (this.#conflated.delete(whenBehind.key)) this.#metrics.conflated += 1;
    this.#conflated.set(whenBehind.key, frame);
  }

  #catchUp(): void {
    const frames = this.#conflated?.values() ?? [];
    this.#conflated = undefined;
    for (const frame of frames) this.sendCounted(frame, false);
  }

  /** The private upstream is read while both the socket and the buffer have room. */
  #brake(): void {
    const isFull = this.#isTransportCongested || (this.#buffer?.bufferedBytes ?? 0) > this.#bufferMaxBytes / 2;
    if (isFull === this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = isFull;
    if (isFull) this.#upstream?.pause();
    else this.#upstream?.resume();
  }
}
