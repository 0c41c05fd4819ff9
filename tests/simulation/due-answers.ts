import type { CompletionPayload } from "@signalr-edge/protocol";
import { sameBytes } from "./bytes.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

/** Which invocations of clients wait for an answer, and which answers must come before the current step ends (INV-6). */
export class DueAnswers {
  #askedCount = 0;
  /** Of the current step. */
  readonly #due: Due[] = [];
  #dueCount = 0;

  /** Nothing is ever due for an invocation without id. */
  ask(client: SimulatedClient, invocationId: string | undefined): void {
    if (invocationId === undefined) return;
    client.asked.add(invocationId);
    this.#askedCount += 1;
  }

  owe(client: SimulatedClient, invocationId: string | undefined, payload: CompletionPayload): void {
    if (invocationId === undefined || client.isGone) return;
    this.#due.push({ client, invocationId, payload, isSettled: false });
    this.#dueCount += 1;
  }

  /** An answer has come. One that was asked for and is not due is an answer before the origin's (INV-11). */
  settle(client: SimulatedClient, invocationId: string, payload: CompletionPayload): void {
    const due = this.#find(client, invocationId);
    if (due === undefined) {
      const rule = client.asked.has(invocationId) ? "INV-11" : "INV-6";
      throw new Violation(rule, `${client.name} ${invocationId} is answered too soon`);
    }
    due.isSettled = true;
    this.#dueCount -= 1;
    if (client.asked.delete(invocationId)) this.#askedCount -= 1;
    if (!isSamePayload(due.payload, payload)) {
      throw new Violation("R-22", `${client.name} ${invocationId} gets ${payload.kind}, not its ${due.payload.kind}`);
    }
  }

  gone(client: SimulatedClient): void {
    this.#askedCount -= client.asked.size;
    client.asked.clear();
  }

  checkNoneDue(): void {
    if (this.#due.length === 0) return;
    if (this.#dueCount > 0) this.#complain();
    this.#due.length = 0;
  }

  checkNoneAsked(): void {
    if (this.#askedCount > 0) throw new Violation("INV-22", `${this.#askedCount} invocations are never answered`);
  }

  #find(client: SimulatedClient, invocationId: string): Due | undefined {
    for (const due of this.#due) {
      if (!due.isSettled && due.client === client && due.invocationId === invocationId) return due;
    }
    return undefined;
  }

  #complain(): void {
    for (const { client, invocationId, isSettled } of this.#due) {
      if (!isSettled) throw new Violation("INV-6", `${client.name} ${invocationId} is not answered`);
    }
  }
}

interface Due {
  readonly client: SimulatedClient;
  readonly invocationId: string;
  readonly payload: CompletionPayload;
  isSettled: boolean;
}

/** Texts of errors that the gateway makes itself are not compared: they are due as "". */
function isSamePayload(due: CompletionPayload, payload: CompletionPayload): boolean {
  if (due.kind === "result") return payload.kind === "result" && sameBytes(due.raw, payload.raw);
  if (due.kind === "error") return payload.kind === "error" && (due.error === "" || due.error === payload.error);
  return payload.kind === "void";
}
