import type { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import { highWaterBytes } from "../../packages/gateway/src/client/outbox.ts";
import type { SlowPolicy } from "../../packages/gateway/src/config/hub-rules.ts";
import { sameBytes } from "./bytes.ts";
import type { SlowSetup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import { Violation } from "./violation.ts";

/** A message of a topic on its way to one client. */
export interface Update {
  readonly topic: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** The longest header of a WebSocket frame; the form of an event with one line is as long. */
const maxFramingBytes = 10;

type Room = "enough" | "perhaps" | "none";

/** How much of what the client was sent it has not taken. */
interface Backlog {
  readonly writableLength: number;
}

/**
 * What must leave for one client that may be slow (aggregation.md 7): everything, in order, but for what the rule of a
 * target says of clients that are behind. Where the rules leave a choice (when exactly a client is behind), so does this.
 */
export class OutputOracle {
  readonly #name: string;
  readonly #setup: SlowSetup;
  readonly #backlog: Backlog;
  readonly #sightings: Sightings;
  /** Newest messages of targets with `conflate` that have not left, in the order in which they have to. */
  readonly #held: Update[] = [];
  /** Sequence numbers of the last message and of the last state of each topic that have left. */
  readonly #lastSequences: number[] = [];
  readonly #lastStates: number[] = [];
  /** Highest backlog at the end of a turn since there was none. */
  #peakBytes = 0;
  /** Backlog that is not the client's fault: it asked for it, or it is one message that is larger than the bound. */
  #excusedBytes = 0;

  constructor(name: string, setup: SlowSetup, backlog: Backlog, sightings: Sightings) {
    this.#name = name;
    this.#setup = setup;
    this.#backlog = backlog;
    this.#sightings = sightings;
  }

  /** Whether a message still fits. On its own it may be as large as it is; what its framing takes is not known exactly. */
  roomFor(frame: SharedFrame): Room {
    const { writableLength } = this.#backlog;
    const { outboxMaxBytes } = this.#setup;
    if (writableLength === 0 || writableLength + frame.bytes.length + maxFramingBytes <= outboxMaxBytes)
      return "enough";
    return writableLength + frame.webSocketFrame.length > outboxMaxBytes ? "none" : "perhaps";
  }

  /**
   * A message of a topic with this policy either leaves now or is held back: `isSent` says what the gateway did, `room`
   * what room there was before.
   */
  handedOver(update: Update, policy: SlowPolicy, room: Room, isSent: boolean): void {
    const hasHeld = this.#held.length > 0;
    if (isSent) {
      if (policy === "close") return;
      if (room === "none") throw this.#violation("INV-12", "gets more than the bound, although its rule knows better");
      if (policy === "conflate" && hasHeld) throw this.#violation("INV-2", "gets a message before those that wait");
      return;
    }
    if (policy === "close") throw this.#violation("INV-3", `is not sent ${describe(update)}`);
    if (room === "enough" && !hasHeld && this.#peakBytes <= highWaterBytes) {
      throw this.#violation("INV-3", `is not behind and is not sent ${describe(update)}`);
    }
    if (policy === "drop") this.#sightings.droppedMessages += 1;
    else this.#hold(update);
  }

  /** A message leaves that was not just handed over: the oldest that is held, or any if a group is `letGo`. */
  caughtUp(frame: SharedFrame, letGo: boolean): Update {
    const { bytes } = frame;
    if (!letGo && this.roomFor(frame) === "none") throw this.#violation("INV-12", "is sent more than the bound");
    const index = letGo ? this.#held.findIndex((held) => sameBytes(bytes, held.bytes)) : 0;
    const [update] = index < 0 ? [] : this.#held.splice(index, 1);
    if (update === undefined) throw this.#violation("INV-5", "is sent something again, or out of nowhere");
    if (!sameBytes(bytes, update.bytes))
      throw this.#violation("INV-2", `is sent something else than ${describe(update)}`);
    this.#sightings.caughtUpMessages += 1;
    return update;
  }

  /** INV-2, over all that the client reads of a topic: no message from before what it knows already. */
  left({ topic, sequence }: Pick<Update, "topic" | "sequence">): void {
    const last = this.#lastSequences[topic] ?? 0;
    if (sequence <= last) throw this.#violation("INV-2", `reads ${sequence} of topic ${topic} after ${last}`);
    const told = this.#lastStates[topic] ?? 0;
    if (sequence < told)
      throw this.#violation("INV-2", `reads ${sequence} of topic ${topic} after the state at ${told}`);
    this.#lastSequences[topic] = sequence;
  }

  /** The client is told a state. What waits for it may be that state, and may not be older. */
  told({ topic, sequence }: Pick<Update, "topic" | "sequence">): void {
    this.#lastStates[topic] = sequence;
  }

  /**
   * Written to the socket, as `socketBytes` of it. `isExcused`: the client asked for it, or its rule says that it is not
   * cut for a single message.
   */
  written(socketBytes: number, isExcused: boolean): void {
    const { writableLength } = this.#backlog;
    const isAlone = writableLength === socketBytes && socketBytes > this.#setup.outboxMaxBytes;
    if (isExcused || isAlone) this.#excusedBytes = Math.max(this.#excusedBytes, writableLength);
  }

  /** INV-12: a client with more than it may have is no client any more. */
  turnEnded(): void {
    const { writableLength } = this.#backlog;
    this.#peakBytes = Math.max(this.#peakBytes, writableLength);
    if (this.isOverBound) {
      throw this.#violation("INV-12", `has ${writableLength} bytes to read and is not cut`);
    }
    if (writableLength === 0) this.#forgive();
  }

  /** The client asked for what it has to read. */
  get isExcused(): boolean {
    return this.#excusedBytes > 0;
  }

  /** It has read everything. */
  drained(): void {
    this.#forgive();
  }

  /** More waits than may wait. */
  get isOverBound(): boolean {
    return this.#backlog.writableLength > this.#setup.outboxMaxBytes + this.#excusedBytes;
  }

  /** What a client has asked for excuses it until it is back within the bound. */
  swept(): void {
    if (this.#peakBytes <= highWaterBytes && this.#backlog.writableLength <= this.#setup.outboxMaxBytes) {
      this.#excusedBytes = 0;
    }
  }

  /** Faults are over and the client has read all it was sent. */
  checkSettled(): void {
    for (const update of this.#held) throw this.#violation("INV-22", `waits for ${describe(update)} for ever`);
    if (this.#backlog.writableLength > 0) throw this.#violation("INV-22", "reads, and does not get its backlog");
  }

  #forgive(): void {
    this.#peakBytes = 0;
    this.#excusedBytes = 0;
  }

  #hold(update: Update): void {
    const older = this.#held.findIndex(({ topic }) => topic === update.topic);
    if (older >= 0) this.#held.splice(older, 1);
    this.#held.push(update);
    this.#sightings.heldMessages += 1;
  }

  #violation(rule: string, what: string): Violation {
    return new Violation(rule, `${this.#name} ${what}`);
  }
}

function describe({ topic, sequence }: Update): string {
  return `message ${sequence} of topic ${topic}`;
}
