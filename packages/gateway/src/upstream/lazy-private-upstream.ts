import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { WebSocket } from "ws";
import type { InvocationOutcome, PassThrough, PassThroughClient } from "../aggregation/ports.ts";
import { refusal } from "../method-refusal.ts";
import { OwnInvocations } from "./own-invocations.ts";
import { PendingCalls } from "./pending-calls.ts";
import type { PrivateUpstreamParts } from "./private-upstream.ts";
import { refusePending } from "./refuse-pending.ts";
import { UpstreamConnection, type UpstreamConnectionListener } from "./upstream-connection.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

/** `unavailable`: the origin cannot be reached, or does not want it. */
export type LazyConnectOutcome = WebSocket | "unavailable" | "full";

/** What the lazy private upstreams of a hub have in common. */
export interface LazyPrivateUpstreamParts extends PrivateUpstreamParts {
  /** Most bytes that wait for the connection before the client is not read any further. */
  readonly privateQueueMaxBytes: number;
  /** Negotiates and dials as one client. */
  readonly connect: (as: UpstreamRequest, signal: AbortSignal) => Promise<LazyConnectOutcome>;
}

type State =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly queue: Frame[]; readonly aborter: AbortController }
  | { readonly name: "handshaking"; readonly queue: Frame[]; readonly connection: UpstreamConnection }
  | { readonly name: "open"; readonly connection: UpstreamConnection }
  | { readonly name: "closed" };

/** What clients are told when `limits.maxPrivateUpstreams` is reached. */
export const noRoomForUpstream = "The gateway has no room for another connection to the origin.";

/** One for all: most clients never need more. */
const idle: State = { name: "idle" };

/**
 * A private upstream that is opened by the first invocation that no rule names (R-10 lazy). Frames wait in order; if it
 * cannot be opened, the invocations among them fail, the client stays, and the next invocation tries again.
 *
 *   idle -> connecting -> handshaking -> open -> closed
 *     ^---------+-------------+
 */
export class LazyPrivateUpstream implements PassThrough, UpstreamConnectionListener {
  readonly #client: PassThroughClient;
  /** As whom to come to the origin. */
  readonly #as: UpstreamRequest;
  readonly #parts: LazyPrivateUpstreamParts;
  #own: OwnInvocations | undefined;
  readonly #calls = new PendingCalls();
  #state: State = idle;
  #queuedBytes = 0;

  constructor(client: PassThroughClient, as: UpstreamRequest, parts: LazyPrivateUpstreamParts) {
    this.#client = client;
    this.#as = as;
    this.#parts = parts;
  }

  start(_protocol: HubProtocol): void {
    this.#client.handshakeAccepted();
  }

  send(envelope: Envelope, frame: Frame): void {
    // Stream items, completions and cancels belong to an invocation; without a connection there is none.
    if (this.#state.name === "idle" && !isInvocation(envelope)) return;
    if (!this.#calls.sent(envelope, this.#parts.maxPendingInvocations)) {
      return refusePending(this.#client, envelope, this.#parts);
    }
    if (this.#state.name === "open") return this.#state.connection.send(frame);
    this.#enqueue(Buffer.from(frame)); // outlives the chunk
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    this.#own ??= new OwnInvocations(this.#parts.clock, this.#parts.limits.joinTimeoutMs);
    const frame = this.#own.invoke(this.#client.protocol, method, rawArguments, done);
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

  get isAwaited(): boolean {
    return this.#calls.isAwaited;
  }

  sweep(nowMs: number): void {
    this.#own?.sweep(nowMs);
    if (this.#state.name === "handshaking" || this.#state.name === "open") this.#state.connection.sweep(nowMs);
  }

  handshakeAccepted(): void {
    if (this.#state.name !== "handshaking") return;
    const { connection, queue } = this.#state;
    this.#state = { name: "open", connection };
    this.#queuedBytes = 0;
    for (const frame of queue) connection.send(frame);
    this.#client.resumeReading();
  }

  handshakeRefused(): void {
    if (this.#state.name === "handshaking") this.#failed(this.#state.queue);
  }

  received(envelope: Envelope, frame: Frame): void {
    this.#parts.metrics.privateMessages += 1;
    this.#parts.metrics.privateBytes += frame.length;
    this.#parts.metrics.savings.countUpstream(frame.length);
    if (this.#own?.takes(envelope, frame) === true) return;
    this.#calls.received(envelope);
    this.#client.relay(envelope, frame);
  }

  /** An open private upstream takes its client with it, as a direct connection would. */
  ended(closeFrame: Frame | undefined): void {
    if (this.#state.name === "handshaking") return this.#failed(this.#state.queue);
    this.#state = { name: "closed" };
    this.#client.upstreamEnded(closeFrame);
  }

  congested(): void {
    this.#client.pauseReading();
  }

  drained(): void {
    this.#client.resumeReading();
  }

  #enqueue(frame: Frame): void {
    const state = this.#state;
    if (state.name === "connecting" || state.name === "handshaking") state.queue.push(frame);
    else if (state.name === "idle") void this.#connect(frame);
    this.#queuedBytes += frame.length;
    if (this.#queuedBytes > this.#parts.privateQueueMaxBytes) this.#client.pauseReading();
  }

  async #connect(first: Frame): Promise<void> {
    const aborter = new AbortController();
    const queue = [first];
    const connecting: State = { name: "connecting", queue, aborter };
    this.#state = connecting;
    const outcome = await this.#parts.connect(this.#as, aborter.signal);
    const webSocket = typeof outcome === "string" ? undefined : outcome;
    if (this.#state !== connecting) return webSocket?.terminate();
    if (webSocket === undefined) return this.#failed(queue, outcome === "full" ? noRoomForUpstream : undefined);
    const { limits, clock } = this.#parts;
    const connection = new UpstreamConnection(webSocket, limits, clock, this);
    this.#state = { name: "handshaking", queue, connection };
    connection.handshake(this.#client.protocol);
  }

  /** `reason` is what the clients may read of it. */
  #failed(queue: readonly Frame[], reason?: string): void {
    const client = this.#client;
    this.#calls.clear();
    this.#state = idle;
    this.#queuedBytes = 0;
    for (const frame of queue) {
      const envelope = client.protocol.peek(frame);
      const { invocationId, target = "" } = envelope;
      if (!isInvocation(envelope) || invocationId === undefined) continue;
      const error =
        reason === undefined
          ? `An unexpected error occurred invoking '${target}' on the server.`
          : refusal(target, reason);
      if (this.#own?.fail(invocationId, error) !== true) client.complete(invocationId, { kind: "error", error });
    }
    client.resumeReading();
  }
}

function isInvocation({ type }: Envelope): boolean {
  return type === MessageType.Invocation || type === MessageType.StreamInvocation;
}
