import type { CompletionPayload } from "@signalr-edge/protocol";
import { type Bits, bit, has, noBits } from "./bits.ts";
import type { CannedFrame } from "./canned-frame.ts";
import type { Call, JoinCall, StreamCall } from "./expectations.ts";
import type { HubFrames } from "./hub-frames.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Setup } from "./setup.ts";

/** A call that the origin has received on this connection. */
export interface RunningCall {
  readonly call: Call;
  readonly invocationId: string;
  isRefused: boolean;
}

/** What the origin has sent and the gateway has not received, in order. */
export type OriginMessage =
  | { readonly kind: "message"; readonly topic: number; readonly sequence: number; readonly frame: CannedFrame }
  /** For the caller of a join alone. */
  | {
      readonly kind: "snapshot";
      readonly call: JoinCall;
      readonly topic: number;
      readonly sequence: number;
      readonly frame: CannedFrame;
    }
  | { readonly kind: "broadcast"; readonly frame: CannedFrame }
  | { readonly kind: "item"; readonly call: StreamCall; readonly invocationId: string; readonly item: number }
  | { readonly kind: "completion"; readonly running: RunningCall; readonly payload: CompletionPayload };

export type FrameMessage = Extract<OriginMessage, { readonly frame: CannedFrame }>;

/** The answer to an invocation of a connection that is gone. */
export interface LateCompletion {
  readonly invocationId: string;
  readonly payload: CompletionPayload;
}

const voidPayload: CompletionPayload = { kind: "void" };

/** One connection of the gateway as an ASP.NET Core origin has it: its groups, its hub methods, its outgoing messages. */
export class OriginConnection {
  /** Topics that the connection is in. */
  topics: Bits = noBits;
  /** Topics that the hub would not let the connection leave. */
  stuckTopics: Bits = noBits;
  readonly #frames: HubFrames;
  readonly #setup: Setup;
  readonly #inbox: RunningCall[] = [];
  readonly #running: RunningCall[] = [];
  readonly #streams: RunningCall[] = [];
  #itemCount = 0;
  readonly #outbox = new MessageQueue<OriginMessage>();

  constructor(frames: HubFrames, setup: Setup) {
    this.#frames = frames;
    this.#setup = setup;
  }

  /** Nothing is under way. Streams may run. */
  get isQuiet(): boolean {
    return this.#inbox.length === 0 && this.#running.length === 0 && this.#outbox.length === 0;
  }

  get hasStreams(): boolean {
    return this.#streams.length > 0;
  }

  received(call: Call, invocationId: string): void {
    this.#inbox.push({ call, invocationId, isRefused: false });
  }

  /** Calls start in the order in which they came, a few at a time; `pick` only says which of those that may start does. */
  begin(pick: number, isRefused: boolean, sequences: readonly number[]): void {
    const free = this.#setup.parallelCalls - this.#running.length;
    const next = takeAt(this.#inbox, pick, Math.min(free, this.#inbox.length));
    if (next === undefined) return;
    const { call } = next;
    if (call.kind === "stream" && !isRefused) {
      // A stream does not hold up the calls behind it.
      this.#streams.push(next);
      return;
    }
    next.isRefused = isRefused;
    this.#running.push(next);
    if (call.kind === "leave") {
      this.topics &= isRefused ? this.topics : ~bit(call.topic);
      this.stuckTopics = isRefused ? this.stuckTopics | bit(call.topic) : this.stuckTopics & ~bit(call.topic);
    } else if (call.kind === "join" && !isRefused) {
      for (const topic of call.request.topics) {
        this.topics |= bit(topic);
        this.stuckTopics &= ~bit(topic);
      }
      if (this.#setup.snapshotEarly) readSnapshot(call, sequences);
    }
  }

  finish(pick: number, sequences: readonly number[]): void {
    const running = takeAt(this.#running, pick, this.#running.length);
    if (running === undefined) return;
    const { call, isRefused, invocationId } = running;
    if (isRefused) return this.#complete(running, { kind: "error", error: `no, said the hub to ${invocationId}` });
    if (call.kind === "leave") return this.#complete(running, voidPayload);
    if (call.kind === "join") {
      if (!this.#setup.snapshotEarly) readSnapshot(call, sequences);
      for (const [index, topic] of call.request.topics.entries()) {
        const sequence = call.snapshots[index] ?? 0;
        const frame = this.#frames.snapshot(topic, sequence);
        this.#outbox.push({ kind: "snapshot", call, topic, sequence, frame });
      }
    }
    this.#complete(running, this.#result(0, invocationId));
  }

  item(pick: number): void {
    const stream = this.#streams[pick % Math.max(1, this.#streams.length)];
    if (stream?.call.kind !== "stream") return;
    this.#itemCount += 1;
    const { call, invocationId } = stream;
    this.#outbox.push({ kind: "item", call, invocationId, item: this.#itemCount });
  }

  endStream(pick: number, failed: boolean): void {
    const stream = takeAt(this.#streams, pick, this.#streams.length);
    if (stream === undefined) return;
    this.#complete(stream, failed ? { kind: "error", error: `${stream.invocationId} broke` } : voidPayload);
  }

  /** The gateway reads the stream no more. As ASP.NET Core does, a stream that ran is completed all the same. */
  cancelled(invocationId: string): void {
    const waiting = this.#inbox.findIndex((call) => call.invocationId === invocationId);
    if (waiting >= 0) this.#inbox.splice(waiting, 1);
    const index = this.#streams.findIndex((stream) => stream.invocationId === invocationId);
    if (index >= 0) this.endStream(index, false);
  }

  broadcast(sequence: number): void {
    this.#outbox.push({ kind: "broadcast", frame: this.#frames.broadcast(0, sequence) });
  }

  publish(topic: number, sequence: number): void {
    if (!has(this.topics, topic)) return;
    const frames = this.#setup.slow?.isPadded === true ? this.#frames.padded : this.#frames.message;
    this.#outbox.push({ kind: "message", topic, sequence, frame: frames(topic, sequence) });
  }

  take(): OriginMessage | undefined {
    return this.#outbox.shift();
  }

  /** Answers that are lost if the connection breaks now: those on their way, and those of calls that it still runs. */
  completionsUnderWay(): readonly LateCompletion[] {
    const late: LateCompletion[] = [];
    for (const message of this.#outbox) {
      if (message.kind !== "completion") continue;
      late.push({ invocationId: message.running.invocationId, payload: message.payload });
    }
    for (const calls of [this.#running, this.#inbox]) {
      for (const { invocationId } of calls) late.push({ invocationId, payload: this.#result(1, invocationId) });
    }
    return late;
  }

  /** 0: an answer in time, 1: a late one. */
  #result(kind: 0 | 1, invocationId: string): CompletionPayload {
    return { kind: "result", raw: this.#frames.result(kind, Number(invocationId)) };
  }

  #complete(running: RunningCall, payload: CompletionPayload): void {
    this.#outbox.push({ kind: "completion", running, payload });
  }
}

/** One of the first `count`, `pick` says which; `undefined` if there is none. */
function takeAt<Item>(items: Item[], pick: number, count: number): Item | undefined {
  if (count <= 0) return undefined;
  return items.splice(pick % count, 1)[0];
}

function readSnapshot(call: JoinCall, sequences: readonly number[]): void {
  for (const topic of call.request.topics) call.snapshots.push(sequences[topic] ?? 0);
}
