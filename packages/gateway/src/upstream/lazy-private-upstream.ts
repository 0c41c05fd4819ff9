import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { WebSocket } from "ws";
import type { InvocationOutcome, PassThrough } from "../aggregation/ports.ts";
import { OwnInvocations } from "./own-invocations.ts";
import type { PrivateUpstreamParts } from "./private-upstream.ts";
import { UpstreamConnection, type UpstreamConnectionListener } from "./upstream-connection.ts";

export interface LazyPrivateUpstreamParts extends PrivateUpstreamParts {
  /** Most bytes that wait for the connection before the client is not read any further. */
  readonly privateQueueMaxBytes: number;
  /** Negotiates and dials as this client; `undefined` if the origin cannot be reached or does not want it. */
  readonly connect: (signal: AbortSignal) => Promise<WebSocket | undefined>;
}

type State =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly queue: Frame[]; readonly aborter: AbortController }
  | { readonly name: "handshaking"; readonly queue: Frame[]; readonly connection: UpstreamConnection }
  | { readonly name: "open"; readonly connection: UpstreamConnection }
  | { readonly name: "closed" };

/**
 * A private upstream that is opened by the first invocation that no rule names (R-10 lazy). Frames wait in order; if it
 * cannot be opened, the invocations among them fail, the client stays, and the next invocation tries again.
 *
 *   idle -> connecting -> handshaking -> open -> closed
 *     ^---------+-------------+
 */
export class LazyPrivateUpstream implements PassThrough, UpstreamConnectionListener {
  readonly #parts: LazyPrivateUpstreamParts;
  readonly #own: OwnInvocations;
  #state: State = { name: "idle" };
  #queuedBytes = 0;

  constructor(parts: LazyPrivateUpstreamParts) {
    this.#parts = parts;
    this.#own = new OwnInvocations(parts.clock, parts.limits.joinTimeoutMs);
  }

  start(_protocol: HubProtocol): void {
    this.#parts.client.handshakeAccepted();
  }

  send(envelope: Envelope, frame: Frame): void {
    if (this.#state.name === "open") return this.#state.connection.send(frame);
    // Stream items, completions and cancels belong to an invocation; without a connection there is none.
    if (this.#state.name === "idle" && !isInvocation(envelope)) return;
    this.#enqueue(Buffer.from(frame)); // outlives the chunk
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    const frame = this.#own.invoke(this.#parts.client.protocol, method, rawArguments, done);
    if (this.#state.name === "open") this.#state.connection.send(frame);
    else this.#enqueue(frame);
  }

  pause(): void {
    if (this.#state.name === "open") this.#state.connection.pause();
  }

  resume(): void {
    if (this.#state.name === "open") this.#state.connection.resume();
  }

  close(graceful: boolean): void {
    const state = this.#state;
    this.#state = { name: "closed" };
    if (state.name === "connecting") state.aborter.abort();
    if (state.name === "handshaking" || state.name === "open") state.connection.close(graceful);
  }

  sweep(nowMs: number): void {
    this.#own.sweep(nowMs);
    if (this.#state.name === "handshaking" || this.#state.name === "open") this.#state.connection.sweep(nowMs);
  }

  handshakeAccepted(): void {
    if (this.#state.name !== "handshaking") return;
    const { connection, queue } = this.#state;
    this.#state = { name: "open", connection };
    this.#queuedBytes = 0;
    for (const frame of queue) connection.send(frame);
    this.#parts.client.resumeReading();
  }

  handshakeRefused(): void {
    if (this.#state.name === "handshaking") this.#failed(this.#state.queue);
  }

  received(envelope: Envelope, frame: Frame): void {
    this.#parts.metrics.privateMessages += 1;
    this.#parts.metrics.privateBytes += frame.length;
    this.#parts.metrics.savings.countUpstream(frame.length);
    if (!this.#own.takes(envelope, frame)) this.#parts.client.relay(envelope, frame);
  }

  /** An open private upstream takes its client with it, as a direct connection would. */
  ended(closeFrame: Frame | undefined): void {
    if (this.#state.name === "handshaking") return this.#failed(this.#state.queue);
    this.#state = { name: "closed" };
    this.#parts.client.upstreamEnded(closeFrame);
  }

  congested(): void {
    this.#parts.client.pauseReading();
  }

  drained(): void {
    this.#parts.client.resumeReading();
  }

  #enqueue(frame: Frame): void {
    const state = this.#state;
    if (state.name === "connecting" || state.name === "handshaking") state.queue.push(frame);
    else if (state.name === "idle") void this.#connect(frame);
    this.#queuedBytes += frame.length;
    if (this.#queuedBytes > this.#parts.privateQueueMaxBytes) this.#parts.client.pauseReading();
  }

  async #connect(first: Frame): Promise<void> {
    const aborter = new AbortController();
    const queue = [first];
    const connecting: State = { name: "connecting", queue, aborter };
    this.#state = connecting;
    const webSocket = await this.#parts.connect(aborter.signal);
    if (this.#state !== connecting) return webSocket?.terminate();
    if (webSocket === undefined) return this.#failed(queue);
    const { client, limits, clock } = this.#parts;
    const connection = new UpstreamConnection(webSocket, limits, clock, this);
    this.#state = { name: "handshaking", queue, connection };
    connection.handshake(client.protocol);
  }

  #failed(queue: readonly Frame[]): void {
    const { client } = this.#parts;
    this.#state = { name: "idle" };
    this.#queuedBytes = 0;
    for (const frame of queue) {
      const envelope = client.protocol.peek(frame);
      const { invocationId, target = "" } = envelope;
      if (!isInvocation(envelope) || invocationId === undefined) continue;
      const error = `An unexpected error occurred invoking '${target}' on the server.`;
      if (!this.#own.fail(invocationId, error)) client.complete(invocationId, { kind: "error", error });
    }
    client.resumeReading();
  }
}

function isInvocation({ type }: Envelope): boolean {
  return type === MessageType.Invocation || type === MessageType.StreamInvocation;
}
