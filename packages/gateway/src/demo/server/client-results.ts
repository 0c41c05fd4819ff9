import type { CompletionMessage } from "@signalr-edge/protocol";
import { HubException } from "./hub-definition.ts";

/** What .NET makes of a completion without a result: an exception that nobody gave a text. */
const noResult = "Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown.";

interface PendingResult {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Results that hub methods wait for from one client (protocol.md 8.5). */
export class ClientResults {
  readonly #pending = new Map<string, PendingResult>();
  #lastId = 0;

  /** Calls `send` with the id that the client's completion will carry. */
  request(send: (invocationId: string) => void): Promise<unknown> {
    this.#lastId += 1;
    const invocationId = `s${this.#lastId}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(invocationId, { resolve, reject });
      send(invocationId);
    });
  }

  /** Returns whether somebody waited for it. */
  complete(completion: CompletionMessage): boolean {
    const pending = this.#pending.get(completion.invocationId);
    if (pending === undefined) return false;
    this.#pending.delete(completion.invocationId);
    if (completion.error !== undefined) pending.reject(new HubException(completion.error));
    else if ("result" in completion) pending.resolve(completion.result);
    else pending.reject(new HubException(noResult));
    return true;
  }

  rejectAll(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
