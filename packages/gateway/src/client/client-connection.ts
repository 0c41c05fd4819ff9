import {
  type CompletionPayload,
  type Envelope,
  type Frame,
  type FrameSplitter,
  HandshakeSplitter,
  type HubProtocol,
  handshakeSuccess,
  MessageType,
  ProtocolError,
  writeHandshakeError,
} from "@signalr-edge/protocol";
import type { AddressUse } from "../address-use.ts";
import type { Membership } from "../aggregation/membership.ts";
import type { Partition } from "../aggregation/partition-key.ts";
import type { ClientHub, HubClient, InvocationOutcome, PassThrough, PassThroughClient } from "../aggregation/ports.ts";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import { type CloseReason, closeReasons } from "../close-reasons.ts";
import type { Owner } from "../identity.ts";
import { acceptHandshake, handshakeErrors } from "./accept-handshake.ts";
import type { AdmittedClient, ClientConnectionParts } from "./client-connection-parts.ts";
import { ClientInput } from "./client-input.ts";
import { ClientOutput } from "./client-output.ts";
import { type ClientState, closed, ending } from "./client-state.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";

/** Group messages between the handshake request and the origin's answer to it. */
const maxEarlyMessages = 1024;

/** How long the origin has for answers to what came in front of a bad message. */
const failingTimeoutMs = 2000;

/**
 * One client from its first byte to its end. Owns its state, its transport and its private upstream; its memberships belong
 * to the aggregation layer. Bytes become messages in `ClientInput`, messages become bytes in `ClientOutput`.
 */
export class ClientConnection implements HubClient, PassThroughClient, ClientTransportListener {
  membership: Membership | undefined;
  readonly partition: Partition;
  readonly owner: Owner;
  readonly address: AddressUse | undefined;
  readonly #token: string;
  readonly #parts: ClientConnectionParts;
  readonly #input: ClientInput;
  readonly #output: ClientOutput;
  #passThrough: PassThrough | undefined;
  #state: ClientState;
  /** Invocations on the private upstream without a completion; other completions make it an estimate, never too high. */
  #unansweredCount = 0;

  constructor({ token, partition, owner, address, isStateful }: AdmittedClient, parts: ClientConnectionParts) {
    this.#token = token;
    this.#parts = parts;
    this.partition = partition;
    this.owner = owner;
    this.address = address;
    const nowMs = parts.clock.now();
    this.#output = new ClientOutput(parts.metrics, parts.limits, nowMs);
    this.#input = new ClientInput(this, this.#output, parts);
    const splitter = new HandshakeSplitter(parts.limits.maxMessageBytes);
    this.#state = { name: "handshaking", splitter, startedAtMs: nowMs, isStateful };
  }

  get protocol(): HubProtocol {
    return this.#output.protocol;
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
    this.#open();
    this.#output.resume(transport);
    this.#input.intake.transportChanged();
  }

  // --- from the transport -------------------------------------------------------------------------------------------

  received(chunk: Buffer): void {
    try {
      if (this.#state.name === "handshaking") this.#receiveHandshake(this.#state, chunk);
      else if (this.#state.name === "open") this.#receiveFrames(this.#state.splitter, chunk);
      else if (this.#state.name === "accepting") {
        this.#state = { ...this.#state, rest: Buffer.concat([this.#state.rest, chunk]) };
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  controlReceived(): void {
    if (!this.#input.intake.controlReceived(this.#parts.clock.now())) this.#parts.metrics.throttled += 1;
  }

  ended(graceful: boolean): void {
    if (this.#state.name === "open" && this.#output.buffer !== undefined && !graceful) return this.#detach();
    if (this.#state.name !== "ending") this.#leave(closeReasons.clientGone, graceful);
    this.#finish();
  }

  broken(reason: CloseReason): void {
    if (this.#state.name === "ending" || this.#state.name === "closed") return;
    this.#leave(reason, false);
    this.#state = ending;
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
    if (this.#state.name === "open" || this.#state.name === "detached") this.#deliver(frame);
  }

  letGo(group: string): void {
    if (this.#state.name === "open" || this.#state.name === "detached") this.#output.letGo(group);
  }

  complete(invocationId: string, payload: CompletionPayload): void {
    if (!this.#isTalking) return;
    this.#answer(this.protocol.writeCompletion(invocationId, payload));
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
      this.#output.tell(this.protocol.writeClose(reason.message));
    }
    this.#leave(reason, reason.how === "close");
    if (this.#state.name === "detached") return this.#finish();
    this.#state = ending;
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
    this.#output.tell(handshakeSuccess);
    this.#open();
    this.#parts.metrics.clientsTotal += 1;
    if (this.#output.transport !== undefined) this.#parts.metrics.clientsByTransport[this.#output.transport.name] += 1;
    for (const frame of early) this.#deliver(frame);
    this.#input.intake.release("handshake");
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
    this.#answer(frame);
    if (envelope.type === MessageType.Completion) this.#answered();
  }

  upstreamEnded(closeFrame: Frame | undefined): void {
    // The origin waits for the handshake no longer. If it got one, it ends without a word, and so does the gateway.
    if (this.#state.name === "handshaking") {
      return this.#refuseHandshake(handshakeErrors.canceled, closeReasons.upstreamLost);
    }
    if (this.#state.name === "failing") return this.close(this.#state.reason);
    if (this.#state.name !== "open" || closeFrame === undefined) return this.close(closeReasons.upstreamLost);
    this.#output.tell(closeFrame);
    this.close(closeReasons.upstreamClosed);
  }

  pauseReading(): void {
    this.#input.intake.hold("upstream");
  }

  resumeReading(): void {
    this.#input.intake.release("upstream");
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
    if (!this.#input.intake.sweep(nowMs)) return this.close(closeReasons.flood);
    if (this.#input.isSilent(nowMs)) return this.close(closeReasons.clientTimeout);
    this.#output.sweep(nowMs);
  }

  // --- inside -------------------------------------------------------------------------------------------------------

  #receiveHandshake({ splitter, isStateful }: ClientState & { readonly name: "handshaking" }, chunk: Buffer): void {
    const complete = splitter.push(chunk);
    if (complete === undefined) return;
    const accepted = acceptHandshake(complete.record, this.#output.transport?.transferFormats ?? []);
    if (accepted.kind === "refused") return this.#refuseHandshake(accepted.error, closeReasons.handshakeRefused);
    this.#output.protocol = accepted.protocol;
    if (isStateful && accepted.version === 2) this.#output.keepForResume();
    const startedAtMs = this.#parts.clock.now();
    this.#state = { name: "accepting", rest: Buffer.from(complete.rest), startedAtMs, early: [] };
    this.#input.intake.hold("handshake");
    this.#parts.hub.connect(this, () => this.#passThrough?.start(accepted.protocol));
  }

  #receiveFrames(splitter: FrameSplitter, chunk: Buffer): void {
    splitter.push(chunk, (frame) => {
      if (this.#state.name === "open") this.#input.receive(this.protocol, frame);
    });
    if (!this.#input.intake.chunkRead(this.#parts.clock.now())) this.#parts.metrics.throttled += 1;
  }

  #open(): void {
    this.#state = { name: "open", splitter: this.protocol.createSplitter(this.#parts.limits.maxMessageBytes) };
  }

  #refuseHandshake(error: string, reason: CloseReason): void {
    if (this.#state.name !== "handshaking" && this.#state.name !== "accepting") return;
    this.#output.tell(writeHandshakeError(error));
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
    early.push(frame.keep()); // outlives the turn
  }

  #answer(bytes: Frame): void {
    if (!this.#output.answer(bytes)) this.overflowed();
  }

  #deliver(frame: SharedFrame): void {
    if (!this.#output.sendCounted(frame, false)) this.overflowed();
  }

  #detach(): void {
    this.#output.detach();
    this.#state = { name: "detached", untilMs: this.#parts.clock.now() + this.#parts.limits.disconnectTimeoutMs };
  }

  #finish(): void {
    if (this.#state.name === "closed") return;
    this.#state = closed;
    this.#parts.onClosed(this.#token);
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
