import type { Writable } from "node:stream";
import type { Flushable, Turn } from "./turn.ts";

export interface OutboxLimits {
  /** Most bytes that may stay unsent at the end of a turn. */
  readonly outboxMaxBytes: number;
  /** Longest time for which unsent bytes may not move, milliseconds. */
  readonly outboxMaxAgeMs: number;
}

export interface OutboxListener {
  congested(): void;
  drained(): void;
  overflowed(): void;
}

/** What an outbox writes to: a socket, or the response of an event stream. */
export type OutboxSink = Pick<Writable, "cork" | "uncork" | "write" | "once" | "writableLength">;

const highWaterBytes = 65_536;

/**
 * The unsent bytes of one client, and the only place that decides when to write: corked on the first frame of a turn,
 * uncorked at its end, which makes one `writev` of shared buffers. The bytes themselves wait in the sink.
 * The kernel takes up to some megabytes before anything waits here, so the bound is not all that a client can hold.
 */
export class Outbox implements Flushable {
  readonly #sink: OutboxSink;
  readonly #turn: Turn;
  readonly #limits: OutboxLimits;
  readonly #listener: OutboxListener;
  #state: "idle" | "corked" | "ended" = "idle";
  #isCongested = false;
  /** Bytes that may wait beyond the bound because this client asked for them. */
  #owedBytes = 0;
  #offeredBytes = 0;
  #takenAtLastCheck = 0;
  #stuckSinceMs: number | undefined;

  constructor(sink: OutboxSink, turn: Turn, limits: OutboxLimits, listener: OutboxListener) {
    this.#sink = sink;
    this.#turn = turn;
    this.#limits = limits;
    this.#listener = listener;
  }

  write(bytes: Buffer, owed: boolean): void {
    if (this.#state === "ended") return;
    if (this.#state === "idle") {
      this.#state = "corked";
      this.#sink.cork();
      this.#turn.flushAtEnd(this);
    }
    this.#sink.write(bytes);
    this.#offeredBytes += bytes.length;
    if (owed) this.#owedBytes = Math.max(this.#owedBytes, this.#sink.writableLength);
  }

  flush(): void {
    if (this.#state !== "corked") return;
    this.#state = "idle";
    this.#sink.uncork();
    const pendingBytes = this.#sink.writableLength;
    if (pendingBytes === 0) this.#owedBytes = 0;
    else if (pendingBytes > this.#limits.outboxMaxBytes + this.#owedBytes) this.#listener.overflowed();
    else if (pendingBytes > highWaterBytes && !this.#isCongested) this.#congest();
  }

  /** Lets everything written so far go, and takes nothing more. */
  end(): void {
    this.flush();
    this.#state = "ended";
  }

  /** Bytes owed to this client may take as long as they take: their source is paused, and a dead client stops pinging. */
  isMoving(nowMs: number): boolean {
    const pendingBytes = this.#sink.writableLength;
    const takenBytes = this.#offeredBytes - pendingBytes;
    const isStuck = pendingBytes > 0 && this.#owedBytes === 0 && takenBytes <= this.#takenAtLastCheck;
    this.#takenAtLastCheck = takenBytes;
    if (pendingBytes <= this.#limits.outboxMaxBytes && !this.#isCongested) this.#owedBytes = 0;
    if (!isStuck) this.#stuckSinceMs = undefined;
    else this.#stuckSinceMs ??= nowMs;
    return this.#stuckSinceMs === undefined || nowMs - this.#stuckSinceMs <= this.#limits.outboxMaxAgeMs;
  }

  #congest(): void {
    this.#isCongested = true;
    this.#listener.congested();
    this.#sink.once("drain", () => {
      this.#isCongested = false;
      this.#owedBytes = 0;
      this.#listener.drained();
    });
  }
}
