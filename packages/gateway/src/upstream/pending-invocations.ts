import type { CompletionPayload } from "@signalr-edge/protocol";
import type { InvocationOutcome, StreamListener } from "../aggregation/ports.ts";

interface Pending {
  readonly method: string;
  readonly startedAtMs: number;
  readonly done: (outcome: InvocationOutcome) => void;
  /** Set for streams, which take as long as they take. */
  readonly item?: StreamListener["item"];
}

/** Invocations in flight on one shared upstream, by the gateway's own invocation ids, which are never used twice. */
export class PendingInvocations {
  readonly #pending = new Map<string, Pending>();
  readonly #prefix: string;
  #lastId = 0;

  /** `prefix` keeps the ids apart from those of a client on the same connection. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /** Returns the invocation id to send. */
  add(method: string, nowMs: number, done: (outcome: InvocationOutcome) => void): string {
    this.#lastId += 1;
    const id = `${this.#prefix}${this.#lastId}`;
    this.#pending.set(id, { method, startedAtMs: nowMs, done });
    return id;
  }

  /** As `add`, for a stream. */
  addStream(method: string, nowMs: number, { item, done }: StreamListener): string {
    this.#lastId += 1;
    const id = `${this.#prefix}${this.#lastId}`;
    this.#pending.set(id, { method, startedAtMs: nowMs, item, done });
    return id;
  }

  /** False for an id that is no stream in flight. */
  item(invocationId: string, rawItem: Uint8Array, messageBytes: number): boolean {
    const item = this.#pending.get(invocationId)?.item;
    item?.(rawItem, messageBytes);
    return item !== undefined;
  }

  /** The stream is not wanted any more: what still comes for it has no effect. */
  forget(invocationId: string): void {
    this.#pending.delete(invocationId);
  }

  /** An answer to an id that is not pending (any more) has no effect: false. */
  complete(invocationId: string, payload: CompletionPayload): boolean {
    const pending = this.#pending.get(invocationId);
    if (pending === undefined) return false;
    this.#pending.delete(invocationId);
    pending.done({ kind: "completed", payload });
    return true;
  }

  /**
   * Fails the oldest invocation if it has had no answer for `timeoutMs`; true if there was one. The others wait behind it
   * at the origin, which runs one hub method per connection at a time: they are not at fault.
   */
  failOldest(nowMs: number, timeoutMs: number): boolean {
    for (const [id, { method, startedAtMs, done, item }] of this.#pending) {
      if (item !== undefined) continue;
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
