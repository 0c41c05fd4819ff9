import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { onTestFinished } from "vitest";
import { EventStreamReader, type StreamEvent } from "../../../packages/gateway/dashboard/event-stream.js";
import type { Hello, Tick } from "../../../packages/gateway/src/observe/dashboard.ts";

/** A reader of `GET /api/events`; it ends with the test. */
export class EventReader {
  readonly response: IncomingMessage;
  readonly #events: StreamEvent[] = [];
  readonly #reader = new EventStreamReader();

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8").on("data", (text: string) => this.#events.push(...this.#reader.push(text)));
    // Cut by the gateway, or by the end of the test.
    response.on("error", () => response.destroy());
  }

  static async open(adminUrl: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const outgoing = request(`${adminUrl}/api/events`, { agent: false, headers });
    onTestFinished(() => {
      outgoing.destroy();
    });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return new EventReader(response);
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  async hello(): Promise<Hello> {
    return JSON.parse((await this.#next("hello")).data);
  }

  tick(): Promise<Tick> {
    return this.tickWhere(() => true);
  }

  /** The first tick that fits, of those not taken yet or to come. */
  async tickWhere(fits: (tick: Tick) => boolean): Promise<Tick> {
    for (;;) {
      const tick: Tick = JSON.parse((await this.#next("tick")).data);
      if (fits(tick)) return tick;
    }
  }

  close(): void {
    this.response.destroy();
  }

  async #next(name: string): Promise<StreamEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event?.name === name) return event;
      if (event !== undefined) throw new Error(`${event.name} came instead of ${name}`);
      if (this.response.readableEnded || this.response.destroyed) throw new Error(`the feed ended before a ${name}`);
      await Promise.race([once(this.response, "data"), once(this.response, "close")]);
    }
  }
}
