import type { CompletionPayload } from "@signalr-edge/protocol";
import type { InvocationOutcome } from "../aggregation/ports.ts";

interface Pending {
  readonly method: string;
  readonly startedAtMs: number;
  readonly done: (outcome: InvocationOutcome) => void;
}

/** Invocations in flight on one shared upstream, by the gateway's own invocation ids, which are never used twice. */
export class PendingInvocations {
  readonly #pending = new Map<string, Pending>();
  #lastId = 0;

  /** Returns the invocation id to send. */
  add(method: string, nowMs: number, done: (outcome: InvocationOutcome) => void): string {
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#pending.set(id, { method, startedAtMs: nowMs, done });
    return id;
  }

  /** An answer to an id that is not pending (any more) has no effect. */
  complete(invocationId: string, payload: CompletionPayload): void {
    const pending = this.#pending.get(invocationId);
    if (pending === undefined) return;
    this.#pending.delete(invocationId);
    pending.done({ kind: "completed", payload });
  }

  /**
   * Fails the oldest invocation if it has had no answer for `timeoutMs`; true if there was one. The others wait behind it
   * at the origin, which runs one hub method per connection at a time: they are not at fault.
   */
  failOldest(nowMs: number, timeoutMs: number): boolean {
    for (const [id, { method, startedAtMs, done }] of this.#pending) {
      if (nowMs - startedAtMs < timeoutMs) return false;
      this.#pending.delete(id);
      const error = `An unexpected error occurred invoking '${method}' on the server.`;
      done({ kind: "completed", payload: { kind: "error", error } });
      return true;
    }
    return false;
  }

  loseAll(): void {
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { done } of lost) done({ kind: "lost" });
  }
}
