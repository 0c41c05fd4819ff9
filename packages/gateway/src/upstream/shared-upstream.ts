import {
  type CompletionPayload,
  type Envelope,
  type Frame,
  type HubProtocol,
  MessageType,
} from "@signalr-edge/protocol";
import type {
  GroupSource,
  GroupSourceListener,
  InvocationOutcome,
  StreamHandle,
  StreamListener,
} from "../aggregation/ports.ts";
import type { Clock, Timer } from "../clock.ts";
import type { LogFields, Logger } from "../observe/log.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { backoffDelayMs } from "./backoff.ts";
import { completionPayload } from "./completion-payload.ts";
import { type DialLimits, dial } from "./dial.ts";
import { loopStatus, refusalReason } from "./gateway-chain.ts";
import { PendingInvocations } from "./pending-invocations.ts";
import { UpstreamConnection, type UpstreamConnectionListener, type UpstreamLimits } from "./upstream-connection.ts";
import { type NegotiateOptions, negotiate } from "./upstream-negotiate.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

export interface SharedUpstreamParts {
  readonly origin: string;
  readonly as: UpstreamRequest;
  readonly protocol: HubProtocol;
  readonly limits: UpstreamLimits & DialLimits & { readonly joinTimeoutMs: number };
  readonly negotiateOptions: NegotiateOptions;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  /** Told of each hub message before anything is done with it. */
  readonly messageRead: () => void;
  /** Labels for the log. */
  readonly labels: LogFields;
}

type State =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly attempt: number; readonly aborter: AbortController }
  | { readonly name: "handshaking"; readonly attempt: number; readonly connection: UpstreamConnection }
  | { readonly name: "open"; readonly connection: UpstreamConnection }
  | { readonly name: "backoff"; readonly attempt: number; readonly timer: Timer }
  | { readonly name: "closed" };

/**
 * One hub connection for all clients of a (hub, partition, hub protocol), kept open while somebody wants it: for all
 * groups, for those of a shard, or for the one of a key.
 *
 *   idle -> connecting -> handshaking -> open
 *             ^    \          \            \
 *             +----- backoff <-+-----------+        one attempt at a time; `closed` is final
 */
export class SharedUpstream implements GroupSource, UpstreamConnectionListener {
  readonly #parts: SharedUpstreamParts;
  readonly #pending = new PendingInvocations();
  #listener: GroupSourceListener | undefined;
  #state: State = { name: "idle" };

  constructor(parts: SharedUpstreamParts) {
    this.#parts = parts;
  }

  /** Before the first `open`. */
  listen(listener: GroupSourceListener): void {
    this.#listener = listener;
  }

  get stateName(): State["name"] {
    return this.#state.name;
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  open(): void {
    if (this.#state.name === "idle") void this.#connect(0);
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    if (this.#state.name !== "open") throw new Error("invoke on a shared upstream that is not open");
    const { protocol, clock } = this.#parts;
    const invocationId = this.#pending.add(method, clock.now(), done);
    this.#state.connection.send(protocol.writeInvocation({ target: method, invocationId, arguments: rawArguments }));
  }

  stream(method: string, rawArguments: readonly Uint8Array[], listener: StreamListener): StreamHandle {
    if (this.#state.name !== "open") throw new Error("stream on a shared upstream that is not open");
    const { protocol, clock } = this.#parts;
    const { connection } = this.#state;
    const invocationId = this.#pending.addStream(method, clock.now(), listener);
    connection.send(protocol.writeStreamInvocation({ target: method, invocationId, arguments: rawArguments }));
    return {
      cancel: () => {
        this.#pending.forget(invocationId);
        connection.send(protocol.writeCancelInvocation(invocationId));
      },
    };
  }

  complete(invocationId: string, payload: CompletionPayload): void {
    if (this.#state.name !== "open") return;
    this.#state.connection.send(this.#parts.protocol.writeCompletion(invocationId, payload));
  }

  /** Final. The listener hears nothing more. */
  close(): void {
    const state = this.#state;
    this.#state = { name: "closed" };
    if (state.name === "open") this.#parts.metrics.sharedUpstreams -= 1;
    if (state.name === "connecting") state.aborter.abort();
    if (state.name === "backoff") state.timer.cancel();
    if (state.name === "handshaking" || state.name === "open") state.connection.close(true);
  }

  /** Called about once a second. */
  sweep(nowMs: number): void {
    const state = this.#state;
    if (state.name === "handshaking" || state.name === "open") state.connection.sweep(nowMs);
    if (this.#state.name !== "open" || !this.#pending.failOldest(nowMs, this.#parts.limits.joinTimeoutMs)) return;
    // The origin may still be running the method, and runs no other on this connection meanwhile.
    this.#state.connection.close(false);
    this.#lost("a hub method did not complete in time");
  }

  // --- from the connection ------------------------------------------------------------------------------------------

  handshakeAccepted(): void {
    if (this.#state.name !== "handshaking") return;
    this.#state = { name: "open", connection: this.#state.connection };
    this.#parts.metrics.sharedUpstreamConnects += 1;
    this.#parts.metrics.sharedUpstreams += 1;
    this.#parts.log.info("upstream.opened", this.#parts.labels);
    this.#listener?.sourceUp();
  }

  handshakeRefused(error: string): void {
    if (this.#state.name === "handshaking") this.#refused(this.#state.attempt, error);
  }

  received(envelope: Envelope, frame: Frame): void {
    this.#parts.messageRead();
    this.#parts.metrics.originMessages += 1;
    this.#parts.metrics.originBytes += frame.length;
    this.#parts.metrics.savings.countUpstream(frame.length);
    if (envelope.type === MessageType.Invocation) this.#listener?.sourceInvocation(envelope, frame);
    else if (envelope.type === MessageType.Completion) this.#completed(envelope, frame);
    else if (envelope.type !== MessageType.StreamItem || !this.#streamItem(envelope, frame)) {
      this.#parts.metrics.unattributed += 1;
    }
  }

  ended(_closeFrame: Frame | undefined, reason: string): void {
    this.#lost(reason);
  }

  /** Joins are few and small: what they queue is bounded by limits.maxJoinsInFlight. */
  congested(): void {}

  drained(): void {}

  // --- inside -------------------------------------------------------------------------------------------------------

  async #connect(attempt: number): Promise<void> {
    const { origin, as, limits, negotiateOptions, clock, protocol } = this.#parts;
    const aborter = new AbortController();
    const connecting: State = { name: "connecting", attempt, aborter };
    this.#state = connecting;
    const negotiated = await negotiate(origin, as, negotiateOptions);
    if (this.#state !== connecting) return;
    if (negotiated.kind !== "accepted") return this.#notConnected(attempt, negotiated);
    const dialed = await dial(origin, as, negotiated.ticket, limits, aborter.signal);
    if (this.#state !== connecting) {
      if (dialed.kind === "opened") dialed.webSocket.terminate();
      return;
    }
    if (dialed.kind !== "opened") return this.#notConnected(attempt, dialed);
    const connection = new UpstreamConnection(dialed.webSocket, limits, clock, this);
    this.#state = { name: "handshaking", attempt, connection };
    connection.handshake(protocol);
  }

  #notConnected(
    attempt: number,
    why:
      | { readonly kind: "refused"; readonly status: number; readonly body: Buffer }
      | { readonly kind: "error"; readonly error: string }
      | { readonly kind: "unreachable"; readonly reason: string },
  ): void {
    if (why.kind === "error") return this.#refused(attempt, why.error);
    const isFinal = why.kind === "refused" && (why.status < 500 || why.status === loopStatus);
    if (isFinal) return this.#refused(attempt, refusalReason(why));
    const reason = why.kind === "refused" ? `status ${why.status}` : why.reason;
    if (attempt === 0) this.#parts.log.warn("upstream.lost", { ...this.#parts.labels, reason });
    this.#backOff(attempt);
  }

  #refused(attempt: number, reason: string): void {
    if (attempt === 0) this.#parts.log.warn("upstream.refused", { ...this.#parts.labels, reason });
    this.#backOff(attempt);
    this.#listener?.sourceRefused();
  }

  #streamItem({ invocationId, item }: Envelope, frame: Frame): boolean {
    if (invocationId === undefined || item === undefined) return false;
    return this.#pending.item(invocationId, frame.subarray(item.start, item.end), frame.length);
  }

  #completed(envelope: Envelope, frame: Frame): void {
    const { invocationId } = envelope;
    if (invocationId !== undefined) this.#pending.complete(invocationId, completionPayload(envelope, frame));
  }

  #lost(reason: string): void {
    const wasOpen = this.#state.name === "open";
    if (this.#state.name !== "open" && this.#state.name !== "handshaking") return;
    this.#parts.log.warn("upstream.lost", { ...this.#parts.labels, reason });
    this.#backOff(this.#state.name === "handshaking" ? this.#state.attempt : 0);
    this.#pending.loseAll();
    if (!wasOpen) return;
    this.#parts.metrics.sharedUpstreams -= 1;
    this.#listener?.sourceDown();
  }

  #backOff(attempt: number): void {
    const { clock } = this.#parts;
    const timer = clock.after(backoffDelayMs(attempt, clock.random()), () => {
      if (this.#listener?.isWanted === true) void this.#connect(attempt + 1);
      else this.#state = { name: "idle" };
    });
    this.#state = { name: "backoff", attempt, timer };
  }
}
