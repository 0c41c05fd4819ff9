import type { CompletionPayload } from "@signalr-edge/protocol";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

/** Which invocations of clients wait for an answer, and which answers must come before the current step ends (INV-6). */
export class DueAnswers {
  readonly #asked = new Map<string, SimulatedClient>();
  readonly #due = new Map<string, CompletionPayload>();

  /** Nothing is ever due for an invocation without id. */
  ask(client: SimulatedClient, invocationId: string | undefined): void {
    if (invocationId !== undefined) this.#asked.set(keyOf(client, invocationId), client);
  }

  owe(client: SimulatedClient, invocationId: string | undefined, payload: CompletionPayload): void {
    if (invocationId !== undefined && !client.isGone) this.#due.set(keyOf(client, invocationId), payload);
  }

  /** An answer has come. One that was asked for and is not due is an answer before the origin's (INV-11). */
  settle(client: SimulatedClient, invocationId: string, payload: CompletionPayload): void {
    const key = keyOf(client, invocationId);
    const due = this.#due.get(key);
    if (due === undefined)
      throw new Violation(this.#asked.has(key) ? "INV-11" : "INV-6", `${key} is answered too soon`);
    this.#due.delete(key);
    this.#asked.delete(key);
    if (!isSamePayload(due, payload)) throw new Violation("R-22", `${key} gets ${payload.kind}, not its ${due.kind}`);
  }

  gone(client: SimulatedClient): void {
    for (const [key, asker] of this.#asked) if (asker === client) this.#asked.delete(key);
  }

  checkNoneDue(): void {
    for (const key of this.#due.keys()) throw new Violation("INV-6", `${key} is not answered`);
  }

  checkNoneAsked(): void {
    for (const key of this.#asked.keys()) throw new Violation("INV-22", `${key} is never answered`);
  }
}

function keyOf(client: SimulatedClient, invocationId: string): string {
  return `${client.name} ${invocationId}`;
}

/** Texts of errors that the gateway makes itself are not compared: they are due as "". */
function isSamePayload(due: CompletionPayload, payload: CompletionPayload): boolean {
  if (due.kind === "result") return payload.kind === "result" && Buffer.compare(due.raw, payload.raw) === 0;
  if (due.kind === "error") return payload.kind === "error" && (due.error === "" || due.error === payload.error);
  return payload.kind === "void";
}
