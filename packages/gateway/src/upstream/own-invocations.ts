import { randomBytes } from "node:crypto";
import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { InvocationOutcome } from "../aggregation/ports.ts";
import type { Clock } from "../clock.ts";
import { completionPayload } from "./completion-payload.ts";
import { PendingInvocations } from "./pending-invocations.ts";

/**
 * The gateway's own invocations on a client's private upstream. Their ids begin with random bytes, so that no client can
 * choose one of them, and their completions are taken out of what the client gets.
 */
export class OwnInvocations {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #pending: PendingInvocations | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The frame to send. */
  invoke(
    protocol: HubProtocol,
    method: string,
    rawArguments: readonly Uint8Array[],
    done: (outcome: InvocationOutcome) => void,
  ): Frame {
    this.#pending ??= new PendingInvocations(`${randomBytes(16).toString("base64url")}.`);
    const invocationId = this.#pending.add(method, this.#clock.now(), done);
    return protocol.writeInvocation({ target: method, invocationId, arguments: rawArguments });
  }

  /** True if the frame was the answer to one of them. */
  takes(envelope: Envelope, frame: Frame): boolean {
    if (this.#pending === undefined || envelope.type !== MessageType.Completion) return false;
    const { invocationId } = envelope;
    return invocationId !== undefined && this.#pending.complete(invocationId, completionPayload(envelope, frame));
  }

  /** Fails one that cannot be sent; true if the id was one of them. */
  fail(invocationId: string, error: string): boolean {
    return this.#pending?.complete(invocationId, { kind: "error", error }) ?? false;
  }

  sweep(nowMs: number): void {
    this.#pending?.failOldest(nowMs, this.#timeoutMs);
  }
}
