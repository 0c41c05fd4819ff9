import { Agent, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { HubClient } from "./hub-client.ts";
import { transportUrl } from "./negotiate.ts";

const openingBrace = 0x7b;

/** Sends by POST. Both ways use connections of `agent`. */
abstract class PostingClient extends HubClient {
  protected url = new URL("http://unset");
  protected readonly agent = new Agent({ keepAlive: true, maxSockets: 2 });

  protected send(frame: Uint8Array): void {
    void this.ask("POST", frame).then(
      (response) => response.resume(),
      (error: Error) => this.ended(error.message),
    );
  }

  /** Resolves with an answer of status 200 or 204, whose body is yet to be read. */
  protected ask(method: string, body?: Uint8Array): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { agent } = this;
      const headers = method === "GET" && this.plan.kind === "events" ? { accept: "text/event-stream" } : {};
      const outgoing = request(this.url, { method, agent, headers, localAddress: this.plan.localAddress });
      outgoing.on("response", (response) => {
        const status = response.statusCode ?? 0;
        if (status === 200 || status === 204) return resolve(response);
        response.resume();
        reject(new Error(`${method} answered ${status}`));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  stop(): void {
    this.agent.destroy();
  }
}

/** Server-Sent Events. Hub messages are found by their separators; lines and `data:` between them are skipped. */
export class EventStreamClient extends PostingClient {
  #response: IncomingMessage | undefined;
  #rest: Buffer = Buffer.alloc(0);

  protected async open(): Promise<void> {
    this.url = await transportUrl(this.plan);
    this.#response = await this.ask("GET");
    this.#response.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#response.on("error", (error) => this.ended(error.message));
    this.#response.on("close", () => this.ended("the stream was closed"));
  }

  protected stopReading(): void {
    this.#response?.pause();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(0x1e); end !== -1; end = bytes.indexOf(0x1e, start)) {
      this.receive(bytes.subarray(bytes.indexOf(openingBrace, start), end + 1));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
  }
}

/** Polls until it is stopped. */
export class PollingClient extends PostingClient {
  #isPolling = true;

  protected async open(): Promise<void> {
    this.url = await transportUrl(this.plan);
    await this.#poll();
    void this.#pollOn();
  }

  protected stopReading(): void {
    this.#isPolling = false;
  }

  override stop(): void {
    this.#isPolling = false;
    super.stop();
  }

  async #poll(): Promise<void> {
    const response = await this.ask("GET");
    const body = await buffer(response);
    if (response.statusCode === 204) this.ended("the server ended the polling");
    else if (body.length > 0) this.receive(body);
  }

  async #pollOn(): Promise<void> {
    try {
      while (this.#isPolling && !this.hasEnded) await this.#poll();
    } catch (error) {
      this.ended(error instanceof Error ? error.message : String(error));
    }
  }
}
