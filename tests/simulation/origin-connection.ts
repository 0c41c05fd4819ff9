import type { CompletionPayload, Frame } from "@signalr-edge/protocol";
import type { Call, JoinCall, StreamCall } from "./expectations.ts";
import type { HubContract } from "./hub-contract.ts";
import type { Setup } from "./schedule.ts";

/** A call that the origin has received on this connection. */
export interface RunningCall {
  readonly call: Call;
  readonly invocationId: string;
  readonly refused: boolean;
}

/** What the origin has sent and the gateway has not received, in order. */
export type OriginMessage =
  | { readonly kind: "message"; readonly topic: number; readonly sequence: number; readonly frame: Frame }
  /** For the caller of a join alone. */
  | { readonly kind: "snapshot"; readonly call: JoinCall; readonly topic: number; readonly frame: Frame }
  | { readonly kind: "broadcast"; readonly sequence: number; readonly frame: Frame }
  | { readonly kind: "item"; readonly call: StreamCall; readonly invocationId: string; readonly frame: Frame }
  | {
      readonly kind: "completion";
      readonly running: RunningCall;
      readonly payload: CompletionPayload;
      readonly frame: Frame;
    };

/** The answer to an invocation of a connection that is gone. */
export interface LateCompletion {
  readonly invocationId: string;
  readonly payload: CompletionPayload;
}

/** One connection of the gateway as an ASP.NET Core origin has it: its groups, its hub methods, its outgoing messages. */
export class OriginConnection {
  readonly topics = new Set<number>();
  /** Topics that the hub would not let the connection leave. */
  readonly stuckTopics = new Set<number>();
  readonly #contract: HubContract;
  readonly #setup: Setup;
  readonly #inbox: RunningCall[] = [];
  readonly #running: RunningCall[] = [];
  readonly #streams: { readonly running: RunningCall; readonly call: StreamCall }[] = [];
  #itemCount = 0;
  readonly #outbox: OriginMessage[] = [];

  constructor(contract: HubContract, setup: Setup) {
    this.#contract = contract;
    this.#setup = setup;
  }

  /** Nothing is under way. Streams may run. */
  get isQuiet(): boolean {
    return this.#inbox.length + this.#running.length + this.#outbox.length === 0;
  }

  get hasStreams(): boolean {
    return this.#streams.length > 0;
  }

  received(call: Call, invocationId: string): void {
    this.#inbox.push({ call, invocationId, refused: false });
  }

  /** Calls start in the order in which they came, a few at a time; `pick` only says which of those that may start does. */
  begin(pick: number, refused: boolean, sequences: readonly number[]): void {
    const free = this.#setup.parallelCalls - this.#running.length;
    const startable = Math.min(free, this.#inbox.length);
    if (startable <= 0) return;
    const [next] = this.#inbox.splice(pick % startable, 1);
    if (next === undefined) return;
    const { call } = next;
    if (call.kind === "stream" && !refused) {
      // A stream does not hold up the calls behind it.
      this.#streams.push({ running: next, call });
      return;
    }
    this.#running.push({ ...next, refused });
    if (call.kind === "leave") {
      if (refused) this.stuckTopics.add(call.topic);
      else this.#leave(call.topic);
    } else if (call.kind === "join" && !refused) {
      for (const topic of call.request.topics) this.#join(topic);
      if (this.#setup.snapshotEarly) readSnapshot(call, sequences);
    }
  }

  finish(pick: number, sequences: readonly number[]): void {
    const [running] = this.#running.splice(pick % Math.max(1, this.#running.length), 1);
    if (running === undefined) return;
    const { call, refused } = running;
    if (refused)
      return this.#complete(running, { kind: "error", error: `no, said the hub to ${running.invocationId}` });
    if (call.kind === "leave") return this.#complete(running, { kind: "void" });
    if (call.kind !== "join") return this.#complete(running, this.#textResult(`answer ${running.invocationId}`));
    if (!this.#setup.snapshotEarly) readSnapshot(call, sequences);
    for (const [topic, sequence] of call.snapshots) {
      this.#outbox.push({ kind: "snapshot", call, topic, frame: this.#write("snapshot", topic, sequence) });
    }
    this.#complete(running, this.#textResult(`${running.invocationId}: ${[...call.snapshots.values()].join()}`));
  }

  item(pick: number): void {
    const stream = this.#streams[pick % Math.max(1, this.#streams.length)];
    if (stream === undefined) return;
    this.#itemCount += 1;
    const { protocol } = this.#contract;
    const { invocationId } = stream.running;
    const raw = protocol.writeScalar({ kind: "string", text: `item ${this.#itemCount}` });
    this.#outbox.push({
      kind: "item",
      call: stream.call,
      invocationId,
      frame: protocol.writeStreamItem(invocationId, raw),
    });
  }

  endStream(pick: number, failed: boolean): void {
    const [stream] = this.#streams.splice(pick % Math.max(1, this.#streams.length), 1);
    if (stream === undefined) return;
    const { running } = stream;
    this.#complete(running, failed ? { kind: "error", error: `${running.invocationId} broke` } : { kind: "void" });
  }

  /** The gateway reads the stream no more. As ASP.NET Core does, a stream that ran is completed all the same. */
  cancelled(invocationId: string): void {
    const waiting = this.#inbox.findIndex((call) => call.invocationId === invocationId);
    if (waiting >= 0) this.#inbox.splice(waiting, 1);
    const index = this.#streams.findIndex(({ running }) => running.invocationId === invocationId);
    if (index >= 0) this.endStream(index, false);
  }

  broadcast(sequence: number): void {
    const { protocol, broadcastTarget } = this.#contract;
    const number = protocol.writeScalar({ kind: "integer", text: String(sequence) });
    const frame = protocol.writeInvocation({ target: broadcastTarget, arguments: [number] });
    this.#outbox.push({ kind: "broadcast", sequence, frame });
  }

  publish(topic: number, sequence: number): void {
    if (!this.topics.has(topic)) return;
    this.#outbox.push({ kind: "message", topic, sequence, frame: this.#write("target", topic, sequence) });
  }

  take(): OriginMessage | undefined {
    return this.#outbox.shift();
  }

  /** Answers that are lost if the connection breaks now: those on their way, and those of calls that it still runs. */
  completionsUnderWay(): readonly LateCompletion[] {
    const sent = this.#outbox.flatMap((message) =>
      message.kind === "completion" ? [{ invocationId: message.running.invocationId, payload: message.payload }] : [],
    );
    const unfinished = [...this.#running, ...this.#inbox].map(({ invocationId }) => {
      return { invocationId, payload: this.#textResult(`late ${invocationId}`) };
    });
    return [...sent, ...unfinished];
  }

  #textResult(text: string): CompletionPayload {
    return { kind: "result", raw: this.#contract.protocol.writeScalar({ kind: "string", text }) };
  }

  #join(topic: number): void {
    this.topics.add(topic);
    this.stuckTopics.delete(topic);
  }

  #leave(topic: number): void {
    this.topics.delete(topic);
    this.stuckTopics.delete(topic);
  }

  #complete(running: RunningCall, payload: CompletionPayload): void {
    const frame = this.#contract.protocol.writeCompletion(running.invocationId, payload);
    this.#outbox.push({ kind: "completion", running, payload, frame });
  }

  #write(to: "target" | "snapshot", topic: number, sequence: number): Frame {
    const { protocol, values } = this.#contract;
    const number = protocol.writeScalar({ kind: "integer", text: String(sequence) });
    return protocol.writeInvocation({
      target: this.#contract.target(topic, to),
      arguments: [values[topic] ?? protocol.nullValue, number],
    });
  }
}

function readSnapshot(call: JoinCall, sequences: readonly number[]): void {
  for (const topic of call.request.topics) call.snapshots.set(topic, sequences[topic] ?? 0);
}
