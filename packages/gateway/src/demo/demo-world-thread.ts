import { Worker } from "node:worker_threads";
import type { DemoReport } from "./demo-world.ts";

/** What the gateway's thread asks of the other one, which answers each request once and in order. */
export type WorldRequest =
  | { readonly kind: "start-origin" }
  | { readonly kind: "start"; readonly baseUrl: string; readonly clients: number }
  | { readonly kind: "report" }
  | { readonly kind: "finish" }
  | { readonly kind: "disconnect" }
  | { readonly kind: "stop-origin" };

export type WorldAnswer =
  | { readonly kind: "origin-started"; readonly url: string }
  | { readonly kind: "report"; readonly report: DemoReport }
  | { readonly kind: "done" };

/** An answer and the request that it belongs to. */
export interface NumberedAnswer {
  readonly number: number;
  readonly answer: WorldAnswer;
}

export interface NumberedRequest {
  readonly number: number;
  readonly request: WorldRequest;
}

interface Waiter {
  readonly resolve: (answer: WorldAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** The `DemoWorld` in a thread of its own, so that its work does not delay the gateway's. */
export class DemoWorldThread {
  readonly #worker = new Worker(new URL("./demo-world-worker.js", import.meta.url));
  readonly #waiters = new Map<number, Waiter>();
  #lastNumber = 0;
  /** Why nothing will be answered any more. */
  #failure: unknown;

  constructor() {
    this.#worker.on("message", ({ number, answer }: NumberedAnswer) => {
      this.#waiters.get(number)?.resolve(answer);
      this.#waiters.delete(number);
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("the thread of the origin and the clients ended")));
  }

  async startOrigin(): Promise<string> {
    const answer = await this.#ask({ kind: "start-origin" });
    if (answer.kind !== "origin-started") throw new Error(`start-origin was answered with ${answer.kind}`);
    return answer.url;
  }

  async start(baseUrl: string, clients: number): Promise<void> {
    await this.#ask({ kind: "start", baseUrl, clients });
  }

  report(): Promise<DemoReport> {
    return this.#askForReport({ kind: "report" });
  }

  finish(): Promise<DemoReport> {
    return this.#askForReport({ kind: "finish" });
  }

  async disconnect(): Promise<void> {
    await this.#ask({ kind: "disconnect" });
  }

  async stopOrigin(): Promise<void> {
    await this.#ask({ kind: "stop-origin" });
  }

  /** Ends the thread, whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async #askForReport(request: WorldRequest): Promise<DemoReport> {
    const answer = await this.#ask(request);
    if (answer.kind !== "report") throw new Error(`${request.kind} was answered with ${answer.kind}`);
    return answer.report;
  }

  #ask(request: WorldRequest): Promise<WorldAnswer> {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiters.set(number, { resolve, reject });
      this.#worker.postMessage({ number, request } satisfies NumberedRequest);
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiters.values()) reject(error);
    this.#waiters.clear();
  }
}
