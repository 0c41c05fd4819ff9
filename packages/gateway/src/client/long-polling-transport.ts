import type { ServerResponse } from "node:http";
import type { TransferFormat } from "@signalr-edge/protocol";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import type { ClientTransport, ClientTransportListener } from "./client-transport.ts";
import { highWaterBytes } from "./outbox.ts";
import type { Pace } from "./pace.ts";
import { PostedInput } from "./posted-input.ts";
import type { Flushable } from "./turn.ts";

export interface LongPollingLimits {
  readonly outboxMaxBytes: number;
  /** How long the connection lives without a poll. */
  readonly disconnectTimeoutMs: number;
  /** How long a poll is held when there is nothing to send. */
  readonly pollTimeoutMs: number;
}

const bothFormats: readonly TransferFormat[] = ["Text", "Binary"];

const noCache = {
  "cache-control": "no-cache, no-store",
  pragma: "no-cache",
  expires: "Thu, 01 Jan 1970 00:00:00 GMT",
} as const;

type State =
  /** Between polls. */
  | { readonly name: "idle"; readonly sinceMs: number }
  | { readonly name: "polled"; readonly response: ServerResponse; readonly sinceMs: number }
  /** Nothing more is written: the next poll gets what is pending, the one after it the end. */
  | { readonly name: "ending"; readonly sinceMs: number }
  | { readonly name: "closed" };

/**
 * Long polling: each poll takes what is pending, or waits for it (protocol.md 2.4). Messages wait here between polls,
 * whole, in order, each exactly once.
 *
 *   idle <-> polled -> ending -> closed
 */
export class LongPollingTransport implements ClientTransport, Flushable {
  readonly name = "LongPolling";
  readonly transferFormats = bothFormats;
  readonly hasInherentKeepAlive = true;
  readonly input: PostedInput;
  readonly #pace: Pace;
  readonly #limits: LongPollingLimits;
  readonly #listener: ClientTransportListener;
  readonly #now: () => number;
  #state: State;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #owedBytes = 0;
  #isCongested = false;

  constructor(
    firstPoll: ServerResponse,
    pace: Pace,
    limits: LongPollingLimits,
    listener: ClientTransportListener,
    now: () => number,
  ) {
    this.#pace = pace;
    this.#limits = limits;
    this.#listener = listener;
    this.#now = now;
    this.input = new PostedInput((chunk) => listener.received(chunk));
    this.#state = { name: "idle", sinceMs: now() };
    // The first poll shows the client that the connection works. It never carries data: clients throw that away.
    answer(firstPoll, 200, "application/octet-stream", []);
  }

  /** A new poll takes over from one that still waits. */
  poll(response: ServerResponse): void {
    const state = this.#state;
    if (state.name === "polled") answer(state.response, 204);
    if (state.name === "closed") answer(response, 204);
    else if (this.#pending.length > 0) this.#answerPending(response);
    else if (state.name === "ending") this.#close(response);
    else this.#hold(response);
  }

  /** The client ends the connection. */
  delete(): void {
    this.#close();
  }

  write(frame: SharedFrame, owed: boolean): number {
    if (this.#state.name === "closed" || this.#state.name === "ending") return 0;
    if (owed) this.#pace.flushAtEnd(this);
    else if (this.#pending.length === 0) this.#pace.flushLater(this);
    this.#pending.push(frame.detached);
    this.#pendingBytes += frame.bytes.length;
    // The bound is on what waits behind a message: one that meets nothing may be as large as it is.
    if (owed || this.#pending.length === 1) this.#owedBytes = this.#pendingBytes;
    return frame.bytes.length;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The next poll takes everything. */
  tellWhenDrained(): void {
    this.#isCongested = true;
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    if (this.#state.name === "polled") this.#answerPending(this.#state.response);
    else if (this.#pendingBytes > this.#limits.outboxMaxBytes + this.#owedBytes) this.#listener.overflowed();
    else if (this.#pendingBytes > highWaterBytes && !this.#isCongested) {
      this.#isCongested = true;
      this.#listener.congested();
    }
  }

  end(): void {
    this.input.end();
    this.flush();
    if (this.#state.name === "polled") this.#close();
    else if (this.#state.name === "idle") this.#state = { name: "ending", sinceMs: this.#now() };
  }

  terminate(): void {
    this.#close();
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
    const state = this.#state;
    const isUnpolled = state.name === "idle" || state.name === "ending";
    if (isUnpolled && nowMs - state.sinceMs >= this.#limits.disconnectTimeoutMs) this.#close();
    if (state.name === "polled" && nowMs - state.sinceMs >= this.#limits.pollTimeoutMs) {
      this.#state = { name: "idle", sinceMs: nowMs };
      answer(state.response, 200, "text/plain", []);
    }
    return true;
  }

  #hold(response: ServerResponse): void {
    this.#state = { name: "polled", response, sinceMs: this.#now() };
    response.on("close", () => this.#dropped(response));
  }

  #answerPending(response: ServerResponse): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#owedBytes = 0;
    this.#state = { name: this.#state.name === "ending" ? "ending" : "idle", sinceMs: this.#now() };
    answer(response, 200, "application/octet-stream", pending);
    if (!this.#isCongested) return;
    this.#isCongested = false;
    this.#listener.drained();
  }

  /** A poll whose TCP connection ended unanswered: the client is between polls. */
  #dropped(response: ServerResponse): void {
    if (this.#state.name !== "polled" || this.#state.response !== response) return;
    this.#state = { name: "idle", sinceMs: this.#now() };
  }

  /** `poll` is one that just came; the one that waits ends as well. */
  #close(poll?: ServerResponse): void {
    const state = this.#state;
    if (state.name === "closed") return;
    this.#state = { name: "closed" };
    this.#pending = [];
    this.input.end();
    if (state.name === "polled") answer(state.response, 204);
    if (poll !== undefined) answer(poll, 204);
    this.#listener.ended(true);
  }
}

function answer(response: ServerResponse, status: 200 | 204, contentType?: string, body: readonly Buffer[] = []): void {
  if (response.destroyed || response.writableEnded) return;
  const length = body.reduce((sum, { length: bytes }) => sum + bytes, 0);
  response.writeHead(status, {
    ...noCache,
    ...(contentType === undefined ? {} : { "content-type": contentType, "content-length": length }),
  });
  response.end(body.length === 1 ? body[0] : Buffer.concat(body));
}
