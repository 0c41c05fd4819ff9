import {
  type CompletionPayload,
  type Envelope,
  type Frame,
  type FrameSplitter,
  HandshakeSplitter,
  type HubProtocol,
  handshakeSuccess,
  hubProtocols,
  MessageType,
  ProtocolError,
  writeHandshakeError,
} from "@signalr-edge/protocol";
import type { Membership } from "../aggregation/membership.ts";
import type { Partition } from "../aggregation/partition-key.ts";
import type { ClientHub, HubClient, InvocationOutcome, PassThrough, PassThroughClient } from "../aggregation/ports.ts";
import { SharedFrame } from "../aggregation/shared-frame.ts";
import { type CloseReason, closeReasons } from "../close-reasons.ts";
import type { Owner } from "../identity.ts";
import { acceptHandshake, handshakeErrors } from "./accept-handshake.ts";
import type { ClientConnectionParts } from "./client-connection-parts.ts";
import { ClientOutput } from "./client-output.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";
import { isCounted } from "./message-buffer.ts";
import { PingClock } from "./ping-clock.ts";

type State =
  /** Waits for the first record; `startedAtMs` is the begin of the connection. */
  | { readonly name: "handshaking"; readonly splitter: HandshakeSplitter; readonly startedAtMs: number }
  /** The private upstream decides; `rest` is what followed the handshake in the same chunk. */
  | {
      readonly name: "accepting";
      readonly rest: Buffer;
      readonly startedAtMs: number;
      /** Group messages that have come already; they follow the handshake response. */
      readonly early: SharedFrame[];
    }
  | { readonly name: "open"; readonly splitter: FrameSplitter }
  /** Stateful reconnect: the socket is gone, everything else waits for a new one. */
  | { readonly name: "detached"; readonly untilMs: number }
  /** The client broke the protocol: no more is taken from it, but what it asked for before is still answered. */
  | { readonly name: "failing"; readonly reason: CloseReason; readonly untilMs: number }
  /** The last bytes are written; waits for the end of the transport. */
  | { readonly name: "ending" }
  | { readonly name: "closed" };

/** Group messages between the handshake request and the origin's answer to it. */
const maxEarlyMessages = 1024;

/** How long the origin has for answers to what came in front of a bad message. */
const failingTimeoutMs = 2000;

/**
 * One client: handshake, hub messages in and out, pings, the end. Owns its state, its transport and its private
 * upstream; its memberships belong to the aggregation layer.
 *
 *   handshaking -> accepting -> open -> (failing ->) ending -> closed        every state may go to ending or closed
 *                             open <-> detached                                 with stateful reconnect
 */
export class ClientConnection implements HubClient, PassThroughClient, ClientTransportListener {
  /** JSON until the handshake says otherwise: the handshake itself is JSON text. */
  protocol: HubProtocol = hubProtocols.json;
  membership: Membership | undefined;
  readonly partition: Partition;
  readonly owner: Owner;
  readonly #parts: ClientConnectionParts;
  readonly #output: ClientOutput;
  #passThrough: PassThrough | undefined;
  #state: State;
  /** Invocations on the private upstream without a completion; other completions make it an estimate, never too high. */
  #unansweredCount = 0;
  readonly #pings: PingClock;

  constructor(parts: ClientConnectionParts) {
    this.#parts = parts;
    this.partition = parts.partition;
    this.owner = parts.owner;
    this.#output = new ClientOutput(parts.metrics, parts.limits);
    const nowMs = parts.clock.now();
    this.#pings = new PingClock(parts.limits.keepAliveIntervalMs, parts.limits.clientTimeoutMs, nowMs);
    this.#state = {
      name: "handshaking",
      splitter: new HandshakeSplitter(parts.limits.maxMessageBytes),
      startedAtMs: nowMs,
    };
  }

  /** The one that it was made for: after a reload its path may be served by another. */
  get hub(): ClientHub {
    return this.#parts.hub;
  }

  /** Before any byte is received. */
  attach(transport: ClientTransport, passThrough: PassThrough): void {
    this.#output.attach(transport, passThrough);
    this.#passThrough = passThrough;
  }

  /** Whether a new WebSocket may take the place of the one that this connection has, or had (protocol.md 6.3). */
  get isResumable(): boolean {
    return this.#output.buffer !== undefined && (this.#state.name === "open" || this.#state.name === "detached");
  }

  /** Only while resumable. The old transport, if it still seems alive, is not heard any more. */
  resume(transport: ClientTransport): void {
    this.#state = { name: "open", splitter: this.protocol.createSplitter(this.#parts.limits.maxMessageBytes) };
    this.#output.resume(transport, this.protocol);
  }

  // --- from the transport -------------------------------------------------------------------------------------------

  received(chunk: Buffer): void {
    try {
      if (this.#state.name === "handshaking") this.#receiveHandshake(this.#state.splitter, chunk);
      else if (this.#state.name === "open") this.#receiveFrames(this.#state.splitter, chunk);
      else if (this.#state.name === "accepting") {
        this.#state = { ...this.#state, rest: Buffer.concat([this.#state.rest, chunk]) };
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  ended(graceful: boolean): void {
    if (this.#state.name === "open" && this.#output.buffer !== undefined && !graceful) return this.#detach();
    if (this.#state.name !== "ending") this.#leave(closeReasons.clientGone, graceful);
    this.#finish();
  }

  congested(): void {
    this.#output.setCongested(true);
  }

  drained(): void {
    this.#output.setCongested(false);
  }

  overflowed(): void {
    this.#parts.metrics.slowConsumers += 1;
    this.close(closeReasons.slowConsumer);
  }

  // --- from the aggregation layer -----------------------------------------------------------------------------------

  write(frame: SharedFrame): void {
    if (this.#state.name === "accepting") return this.#keepEarly(this.#state.early, frame);
    if (this.#state.name === "open" || this.#state.name === "detached") this.#sendCounted(frame, false);
  }

  complete(invocationId: string, payload: CompletionPayload): void {
    if (!this.#isTalking) return;
    this.#sendCounted(new SharedFrame(this.protocol, this.protocol.writeCompletion(invocationId, payload)), true);
    this.#answered();
  }

  passThrough(envelope: Envelope, frame: Frame): void {
    if (envelope.type === MessageType.Invocation && envelope.invocationId !== undefined) this.#unansweredCount += 1;
    this.#passThrough?.send(envelope, frame);
  }

  invokePrivately(
    method: string,
    rawArguments: readonly Uint8Array[],
    done: (outcome: InvocationOutcome) => void,
  ): void {
    this.#passThrough?.invoke(method, rawArguments, done);
  }

  /** Tells the client what the reason says, then ends the transport. Ignored if it is ending already. */
  close(reason: CloseReason): void {
    if (this.#state.name === "ending" || this.#state.name === "closed") return;
    if (this.#isTalking && reason.message !== undefined) {
      this.#output.send(new SharedFrame(this.protocol, this.protocol.writeClose(reason.message)), true);
    }
    this.#leave(reason, reason.how === "close");
    if (this.#state.name === "detached") return this.#finish();
    this.#state = { name: "ending" };
    if (reason.how === "terminate") this.#output.transport?.terminate();
    else this.#output.transport?.end();
  }

  /** Cuts the transport, whatever the client has yet to read. */
  terminate(): void {
    this.close(closeReasons.drained);
    this.#output.transport?.terminate();
  }

  // --- from the private upstream ------------------------------------------------------------------------------------

  handshakeAccepted(): void {
    if (this.#state.name !== "accepting") return;
    const { rest, early } = this.#state;
    this.#output.send(new SharedFrame(this.protocol, handshakeSuccess), true);
    this.#state = { name: "open", splitter: this.protocol.createSplitter(this.#parts.limits.maxMessageBytes) };
    this.#parts.metrics.clientsTotal += 1;
    if (this.#output.transport !== undefined) this.#parts.metrics.clientsByTransport[this.#output.transport.name] += 1;
    for (const frame of early) this.#sendCounted(frame, false);
    this.#output.transport?.resumeReading();
    if (rest.length > 0) this.received(rest);
  }

  handshakeRefused(error: string): void {
    this.#refuseHandshake(error, closeReasons.handshakeRefused);
  }

  relay(envelope: Envelope, frame: Frame): void {
    if (!this.#isTalking) return;
    if (
      envelope.type === MessageType.Invocation &&
      !this.#parts.hub.receiveFromPrivateUpstream(this, envelope, frame)
    ) {
      return;
    }
    this.#sendCounted(new SharedFrame(this.protocol, frame), true);
    if (envelope.type === MessageType.Completion) this.#answered();
  }

  upstreamEnded(closeFrame: Frame | undefined): void {
    // The origin waits for the handshake no longer. If it got one, it ends without a word, and so does the gateway.
    if (this.#state.name === "handshaking") {
      return this.#refuseHandshake(handshakeErrors.canceled, closeReasons.upstreamLost);
    }
    if (this.#state.name === "failing") return this.close(this.#state.reason);
    if (this.#state.name !== "open" || closeFrame === undefined) return this.close(closeReasons.upstreamLost);
    this.#output.send(new SharedFrame(this.protocol, closeFrame), true);
    this.close(closeReasons.upstreamClosed);
  }

  pauseReading(): void {
    this.#output.transport?.pauseReading();
  }

  resumeReading(): void {
    this.#output.transport?.resumeReading();
  }

  // --- from the keep-alive sweep ------------------------------------------------------------------------------------

  /** Called about once a second instead of timers per client. */
  sweep(nowMs: number): void {
    const { limits } = this.#parts;
    if (this.owner.hasExpired(nowMs)) this.close(closeReasons.tokenExpired);
    this.#passThrough?.sweep(nowMs);
    const isMoving = this.#output.transport?.sweep(nowMs) ?? true;
    const state = this.#state;
    if (state.name === "handshaking" || state.name === "accepting") {
      if (nowMs - state.startedAtMs >= limits.handshakeTimeoutMs) {
        this.#refuseHandshake(handshakeErrors.canceled, closeReasons.handshakeTimeout);
      }
      return;
    }
    if (state.name === "failing" && nowMs >= state.untilMs) return this.close(state.reason);
    if (state.name === "detached" && nowMs >= state.untilMs) return this.close(closeReasons.clientGone);
    if (state.name !== "open") return;
    if (!isMoving) return this.overflowed();
    this.#output.sweep();
    if (this.#pings.isSilent(nowMs)) return this.close(closeReasons.clientTimeout);
    if (this.#output.transport?.hasInherentKeepAlive === true) return;
    const sequenceId = this.#output.buffer?.takeAcknowledgement();
    if (sequenceId !== undefined) {
      this.#output.send(new SharedFrame(this.protocol, this.protocol.writeAck(sequenceId)), true);
    }
    if (this.#pings.takePing(nowMs)) {
      this.#output.send(new SharedFrame(this.protocol, this.protocol.pingFrame), false);
    }
  }

  // --- inside -------------------------------------------------------------------------------------------------------

  #receiveHandshake(splitter: HandshakeSplitter, chunk: Buffer): void {
    const complete = splitter.push(chunk);
    if (complete === undefined) return;
    const accepted = acceptHandshake(complete.record, this.#output.transport?.transferFormats ?? []);
    if (accepted.kind === "refused") return this.#refuseHandshake(accepted.error, closeReasons.handshakeRefused);
    this.protocol = accepted.protocol;
    if (this.#parts.isStateful && accepted.version === 2) this.#output.keepForResume();
    const startedAtMs = this.#parts.clock.now();
    this.#state = { name: "accepting", rest: Buffer.from(complete.rest), startedAtMs, early: [] };
    this.#output.transport?.pauseReading();
    this.#parts.hub.connect(this, () => this.#passThrough?.start(accepted.protocol));
  }

  #receiveFrames(splitter: FrameSplitter, chunk: Buffer): void {
    splitter.push(chunk, (frame) => {
      if (this.#state.name === "open") this.#receiveFrame(frame);
    });
  }

  #receiveFrame(frame: Frame): void {
    const envelope = this.protocol.peek(frame, this.#parts.limits);
    const isPing = envelope.type === MessageType.Ping;
    this.#pings.received(isPing, this.#parts.clock.now());
    if (isPing) return;
    this.#parts.metrics.clientMessages += 1;
    if (isCounted(envelope) && this.#output.buffer?.received() === false) return;
    switch (envelope.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
      case MessageType.CancelInvocation:
        return this.#parts.hub.receiveFromClient(this, envelope, frame);
      case MessageType.StreamItem:
      case MessageType.Completion:
        // Never behind an invocation: a hub method may be waiting for this very answer (protocol.md 8.5).
        return this.passThrough(envelope, frame);
      case MessageType.Close:
        return this.close(closeReasons.clientClosed);
      case MessageType.Ack:
        return this.#output.acknowledged(envelope.sequenceId ?? 0);
      case MessageType.Sequence:
        return this.#output.buffer?.sequence(envelope.sequenceId ?? 0);
      default:
        // Types from the future are ignored and never relayed (protocol.md 4.3).
        return;
    }
  }

  #refuseHandshake(error: string, reason: CloseReason): void {
    if (this.#state.name !== "handshaking" && this.#state.name !== "accepting") return;
    this.#output.send(new SharedFrame(this.protocol, writeHandshakeError(error)), true);
    this.close(reason);
  }

  #failed(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.#parts.metrics.internalErrors += 1;
      this.#parts.log.error("connection.failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return this.close(closeReasons.internalError);
    }
    if (this.#state.name === "handshaking") {
      const text = error.code === "tooLarge" ? handshakeErrors.canceled : handshakeErrors.unexpected;
      return this.#refuseHandshake(text, closeReasons.handshakeRefused);
    }
    this.#fail(error.code === "tooLarge" ? closeReasons.messageTooLarge : closeReasons.protocolError);
  }

  /** As the origin does, messages in front of the bad one are answered first (protocol.md 4.6). */
  #fail(reason: CloseReason): void {
    if (this.#state.name !== "open") return this.close(reason);
    this.#state = { name: "failing", reason, untilMs: this.#parts.clock.now() + failingTimeoutMs };
    this.#closeIfAnswered();
  }

  #answered(): void {
    this.#unansweredCount = Math.max(0, this.#unansweredCount - 1);
    this.#closeIfAnswered();
  }

  #closeIfAnswered(): void {
    if (this.#state.name === "failing" && this.#unansweredCount === 0) this.close(this.#state.reason);
  }

  /** Whether hub messages may go to the client. */
  get #isTalking(): boolean {
    const { name } = this.#state;
    return name === "open" || name === "failing" || name === "detached";
  }

  #keepEarly(early: SharedFrame[], frame: SharedFrame): void {
    if (early.length >= maxEarlyMessages) return this.overflowed();
    early.push(new SharedFrame(this.protocol, frame.detached, frame.whenBehind)); // outlives the turn
  }

  #sendCounted(frame: SharedFrame, owed: boolean): void {
    if (!this.#output.sendCounted(frame, owed)) this.overflowed();
  }

  #detach(): void {
    this.#output.detach();
    this.#state = { name: "detached", untilMs: this.#parts.clock.now() + this.#parts.limits.disconnectTimeoutMs };
  }

  #finish(): void {
    if (this.#state.name === "closed") return;
    this.#state = { name: "closed" };
    this.#parts.onClosed();
  }

  /** Takes the client out of everything; after it nothing is written but what ends the transport. */
  #leave(reason: CloseReason, graceful: boolean): void {
    if (this.#state.name === "ending" || this.#state.name === "closed") return;
    if (this.#isTalking) this.#parts.metrics.clientsByTransport[this.#output.transport?.name ?? "WebSockets"] -= 1;
    this.#parts.metrics.countClosed(reason);
    this.#parts.log.debug("client.closed", { reason: reason.name });
    this.#passThrough?.close(graceful);
    this.#passThrough = undefined;
    this.#parts.hub.clientGone(this);
  }
}
