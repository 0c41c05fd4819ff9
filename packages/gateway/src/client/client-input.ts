import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { HubClient } from "../aggregation/ports.ts";
import { closeReasons } from "../close-reasons.ts";
import type { ClientConnectionParts } from "./client-connection-parts.ts";
import type { ClientOutput } from "./client-output.ts";
import { Intake } from "./intake.ts";
import { isCounted } from "./message-buffer.ts";

/**
 * The way in from one client, behind the handshake: each message to whom it is for. Pings, repetitions and
 * acknowledgements stop here.
 */
export class ClientInput {
  readonly intake: Intake;
  readonly #client: HubClient;
  readonly #output: ClientOutput;
  readonly #parts: ClientConnectionParts;
  /** `undefined` until the first ping of the client: clients that never ping are never timed out (protocol.md 7.2). */
  #heardAtMs: number | undefined;

  constructor(client: HubClient, output: ClientOutput, parts: ClientConnectionParts) {
    this.intake = new Intake(output, parts.limits);
    this.#client = client;
    this.#output = output;
    this.#parts = parts;
  }

  /** Throws `ProtocolError` for what is no hub message. */
  receive(protocol: HubProtocol, frame: Frame): void {
    const envelope = protocol.peek(frame, this.#parts.limits);
    const isPing = envelope.type === MessageType.Ping;
    this.intake.received(isPing);
    // Any hub message shows that the client lives; only a ping shows that it means to go on doing so.
    if (isPing || this.#heardAtMs !== undefined) this.#heardAtMs = this.#parts.clock.now();
    if (isPing) return;
    this.#parts.metrics.clientMessages += 1;
    if (isCounted(envelope) && this.#output.buffer?.received() === false) return;
    this.#take(envelope, frame);
  }

  isSilent(nowMs: number): boolean {
    // Nobody could hear it meanwhile.
    if (this.intake.isHeld && this.#heardAtMs !== undefined) this.#heardAtMs = nowMs;
    return this.#heardAtMs !== undefined && nowMs - this.#heardAtMs >= this.#parts.limits.clientTimeoutMs;
  }

  #take(envelope: Envelope, frame: Frame): void {
    switch (envelope.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
      case MessageType.CancelInvocation:
        return this.#parts.hub.receiveFromClient(this.#client, envelope, frame);
      case MessageType.StreamItem:
      case MessageType.Completion:
        // Never behind an invocation: a hub method may be waiting for this very answer (protocol.md 8.5).
        return this.#client.passThrough(envelope, frame);
      case MessageType.Close:
        return this.#client.close(closeReasons.clientClosed);
      case MessageType.Ack:
        return this.#output.acknowledged(envelope.sequenceId ?? 0);
      case MessageType.Sequence:
        return this.#output.buffer?.sequence(envelope.sequenceId ?? 0);
      default:
        // Types from the future are ignored and never relayed (protocol.md 4.3).
        return;
    }
  }
}
