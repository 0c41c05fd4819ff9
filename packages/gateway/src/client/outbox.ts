import type { Pace } from "./pace.ts";
import type { Flushable } from "./turn.ts";

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

/** What an outbox writes to: a socket, or the response of an event stream. As `Writable` of `node:stream`. */
export interface OutboxSink {
  cork(): void;
  uncork(): void;
  write(bytes: Buffer): boolean;
  once(event: "drain", listener: () => void): unknown;
  readonly writableLength: number;
}

/** `Pace`, as far as an outbox knows it. */
export type OutboxPace = Pick<Pace, "intervalMs" | "flushAtEnd" | "flushLater">;

/** Above it a client is behind, and what is sent to it alone is no longer read from the origin. */
export const highWaterBytes = 65_536;

/**
 * The unsent bytes of one client, and the only place that decides when to write: corked on the first frame of a turn,
 * uncorked at its end, which makes one `writev` of shared buffers. The bytes themselves wait in the sink. With
 * `flushIntervalMs`, what nobody asked for may wait longer; what is owed takes it along, so the order stays.
 * The kernel takes up to some megabytes before anything waits here, so the bound is not all that a client can hold.
 */
export class Outbox implements Flushable {
  readonly #sink: OutboxSink;
  readonly #pace: OutboxPace;
  readonly #limits: OutboxLimits;
  readonly #listener: OutboxListener;
  /** Corked while `gathering`, until the interval is over, and while `leaving`, until the end of the turn. */
  #state: "idle" | "gathering" | "leaving" | "ended" = "idle";
  #isCongested = false;
  #isToTell = false;
  /** Bytes that may wait beyond the bound because this client asked for them. */
  #owedBytes = 0;
  #offeredBytes = 0;
  #takenAtLastCheck = 0;
  #stuckSinceMs: number | undefined;

  constructor(sink: OutboxSink, pace: OutboxPace, limits: OutboxLimits, listener: OutboxListener) {
    this.#sink = sink;
    this.#pace = pace;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** Returns how many bytes it has taken. */
  write(bytes: Buffer, owed: boolean): number {
    if (this.#state === "ended") return 0;
    // The bound is on what waits behind a message: one that meets an empty outbox may be as large as it is.
    const isEmpty = this.#sink.writableLength === 0;
    if (isEmpty) this.#owedBytes = 0;
    const isFirst = isEmpty && bytes.length > this.#limits.outboxMaxBytes;
    this.#cork(owed);
    this.#sink.write(bytes);
    this.#offeredBytes += bytes.length;
    if (owed || isFirst) this.#owedBytes = Math.max(this.#owedBytes, this.#sink.writableLength);
    return bytes.length;
  }

  get pendingBytes(): number {
    return this.#sink.writableLength;
  }

  tellWhenDrained(): void {
    this.#isToTell = true;
    this.#cork(true);
  }

  flush(): void {
    if (this.#state !== "gathering" && this.#state !== "leaving") return;
    this.#state = "idle";
    this.#sink.uncork();
    const pendingBytes = this.#sink.writableLength;
    if (pendingBytes === 0) this.#owedBytes = 0;
    if (pendingBytes > this.#limits.outboxMaxBytes + this.#owedBytes) return this.#listener.overflowed();
    if (pendingBytes > highWaterBytes) return this.#congest();
    if (!this.#isToTell) return;
    this.#isToTell = false;
    this.#listener.drained();
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

  #cork(isUrgent: boolean): void {
    if (this.#state === "leaving") return;
    if (this.#state === "idle") this.#sink.cork();
    if (isUrgent || this.#pace.intervalMs === 0) {
      this.#state = "leaving";
      this.#pace.flushAtEnd(this);
    } else if (this.#state === "idle") {
      this.#state = "gathering";
      this.#pace.flushLater(this);
    }
  }

  #congest(): void {
    if (this.#isCongested) return;
    this.#isCongested = true;
    this.#listener.congested();
    this.#sink.once("drain", () => {
      this.#isCongested = false;
      this.#isToTell = false;
      this.#owedBytes = 0;
      this.#listener.drained();
    });
  }
}
