import type { Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
import type { WebSocket } from "ws";
import type { InvocationOutcome, PassThrough, PassThroughClient } from "../aggregation/ports.ts";
import type { Clock } from "../clock.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { OwnInvocations } from "./own-invocations.ts";
import { PendingCalls } from "./pending-calls.ts";
import { refusePending } from "./refuse-pending.ts";
import { UpstreamConnection, type UpstreamConnectionListener, type UpstreamLimits } from "./upstream-connection.ts";

/** What the private upstreams of a hub have in common. */
export interface PrivateUpstreamParts {
  readonly limits: UpstreamLimits & { readonly joinTimeoutMs: number };
  /** Most invocations of one client without an answer. */
  readonly maxPendingInvocations: number;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
}

/**
 * One client's own hub connection, open before the client's handshake (R-10 eager). Frames pass both ways as they are,
 * invocation ids included; pings, handshake and the WebSocket close are per leg. Never pooled, never reused.
 */
export class PrivateUpstream implements PassThrough, UpstreamConnectionListener {
  readonly #client: PassThroughClient;
  readonly #parts: PrivateUpstreamParts;
  readonly #connection: UpstreamConnection;
  readonly #own: OwnInvocations;
  readonly #calls = new PendingCalls();

  constructor(webSocket: WebSocket, client: PassThroughClient, parts: PrivateUpstreamParts) {
    this.#client = client;
    this.#parts = parts;
    this.#own = new OwnInvocations(parts.clock, parts.limits.joinTimeoutMs);
    this.#connection = new UpstreamConnection(webSocket, parts.limits, parts.clock, this);
  }

  start(protocol: HubProtocol): void {
    this.#connection.handshake(protocol);
  }

  send(envelope: Envelope, frame: Frame): void {
    if (this.#calls.sent(envelope, this.#parts.maxPendingInvocations)) this.#connection.send(frame);
    else refusePending(this.#client, envelope, this.#parts);
  }

  get isAwaited(): boolean {
    return this.#calls.isAwaited;
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    this.#connection.send(this.#own.invoke(this.#client.protocol, method, rawArguments, done));
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Towards the origin a regular end is the WebSocket close alone: origins before 8.0 refuse a Close message (7.5). */
  close(graceful: boolean): void {
    this.#connection.close(graceful);
  }

  sweep(nowMs: number): void {
    this.#own.sweep(nowMs);
    this.#connection.sweep(nowMs);
  }

  handshakeAccepted(): void {
    this.#client.handshakeAccepted();
  }

  handshakeRefused(error: string): void {
    this.#client.handshakeRefused(error);
  }

  received(envelope: Envelope, frame: Frame): void {
    this.#parts.metrics.privateMessages += 1;
    this.#parts.metrics.privateBytes += frame.length;
    this.#parts.metrics.savings.countUpstream(frame.length);
    if (this.#own.takes(envelope, frame)) return;
    this.#calls.received(envelope);
    this.#client.relay(envelope, frame);
  }

  ended(closeFrame: Frame | undefined): void {
    this.#client.upstreamEnded(closeFrame);
  }

  congested(): void {
    this.#client.pauseReading();
  }

  drained(): void {
    this.#client.resumeReading();
  }
}
