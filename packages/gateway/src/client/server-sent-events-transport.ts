import type { ServerResponse } from "node:http";
import type { TransferFormat } from "@signalr-edge/protocol";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import type { Pace } from "./pace.ts";
import { PostedInput } from "./posted-input.ts";

const textOnly: readonly TransferFormat[] = ["Text"];

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache,no-store",
  pragma: "no-cache",
  "content-encoding": "identity",
  // Not ASP.NET Core's: nginx would hold the events back without it.
  "x-accel-buffering": "no",
} as const;

/** Server-Sent Events: one response for everything to the client, POST requests for everything from it (protocol.md 2.2). */
export class ServerSentEventsTransport implements ClientTransport {
  readonly name = "ServerSentEvents";
  readonly transferFormats = textOnly;
  readonly hasInherentKeepAlive = false;
  readonly input: PostedInput;
  readonly #response: ServerResponse;
  readonly #outbox: Outbox;

  constructor(response: ServerResponse, pace: Pace, limits: OutboxLimits, listener: ClientTransportListener) {
    this.#response = response;
    this.#outbox = new Outbox(response, pace, limits, listener);
    this.input = new PostedInput((chunk) => listener.received(chunk));
    // Dropping the request is how clients end this transport: there is no other way, so it is a regular one.
    response.on("close", () => {
      this.input.end();
      listener.ended(true);
    });
    response.on("error", () => response.destroy());
    response.writeHead(200, headers);
    // A comment, so that the client sees the response begin through whatever lies between.
    response.write(":\r\n");
  }

  write(frame: SharedFrame, owed: boolean): number {
    return this.#outbox.write(frame.serverSentEvent, owed);
  }

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  tellWhenDrained(): void {
    this.#outbox.tellWhenDrained();
  }

  end(): void {
    this.#outbox.end();
    this.input.end();
    this.#response.end();
  }

  terminate(): void {
    this.#outbox.end();
    this.input.end();
    this.#response.destroy();
  }

  /** Only WebSockets are resumed (protocol.md 6.1), so nothing ever takes the place of this transport. */
  abandon(): void {
    this.terminate();
  }

  pauseReading(): void {
    this.input.pause();
  }

  resumeReading(): void {
    this.input.resume();
  }

  sweep(nowMs: number): boolean {
    return this.#outbox.isMoving(nowMs);
  }
}
