import { type Envelope, MessageType } from "@signalr-edge/protocol";

/** What one client has asked of its private upstream, and has no completion for. Has no tables for a client that asks nothing. */
export class PendingCalls {
  #invocations: Set<string> | undefined;
  #streams: Set<string> | undefined;

  /** False, and nothing is noted, if it is an invocation with an answer to come and there are `max` already. */
  sent({ type, invocationId }: Envelope, max: number): boolean {
    if (invocationId === undefined) return true;
    if (type !== MessageType.Invocation && type !== MessageType.StreamInvocation) return true;
    if ((this.#invocations?.size ?? 0) + (this.#streams?.size ?? 0) >= max) return false;
    if (type === MessageType.Invocation) this.#invocations = (this.#invocations ?? new Set()).add(invocationId);
    else this.#streams = (this.#streams ?? new Set()).add(invocationId);
    return true;
  }

  received({ type, invocationId }: Envelope): void {
    if (type !== MessageType.Completion || invocationId === undefined) return;
    this.#invocations?.delete(invocationId);
    this.#streams?.delete(invocationId);
  }

  /** All of them have been answered otherwise. */
  clear(): void {
    this.#invocations = undefined;
    this.#streams = undefined;
  }

  /** Whether an answer is to come that is not a stream, which may take for ever. */
  get isAwaited(): boolean {
    return (this.#invocations?.size ?? 0) > 0;
  }
}
