import type { CompletionPayload, Frame, HubProtocol } from "@signalr-edge/protocol";
import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { isPrimary, type LinePlace } from "../../packages/gateway/src/aggregation/line-place.ts";
import type {
  GroupSource,
  InvocationOutcome,
  StreamHandle,
  StreamListener,
} from "../../packages/gateway/src/aggregation/ports.ts";
import type { SharedLine } from "../../packages/gateway/src/aggregation/shared-line.ts";
import type { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import type { PendingInvocations } from "../../packages/gateway/src/upstream/pending-invocations.ts";
import { has } from "./bits.ts";
import type { Chunk } from "./bytes.ts";
import type { CannedFrame } from "./canned-frame.ts";
import type { Coverage, KeyEvent } from "./coverage.ts";
import type { Call, StreamCall } from "./expectations.ts";
import type { GroupOracle } from "./group-oracle.ts";
import { joinRequests, type Topic, topicAt, topics } from "./hub-contract.ts";
import type { HubFrames } from "./hub-frames.ts";
import type { Oracle } from "./oracle.ts";
import {
  type FrameMessage,
  type LateCompletion,
  OriginConnection,
  type OriginMessage,
  type RunningCall,
} from "./origin-connection.ts";
import type { Setup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { lineName } from "./topic-lines.ts";
import { Violation } from "./violation.ts";

type State =
  | { readonly name: "idle" }
  | { readonly name: "opening" }
  | { readonly name: "open"; readonly connection: OriginConnection }
  /** After a loss or a refusal: it opens again if the gateway still wants it. */
  | { readonly name: "backoff" }
  | { readonly name: "closed" };

export interface LineParts {
  readonly place: LinePlace;
  readonly metrics: HubMetrics;
  readonly frames: HubFrames;
  /** Where what the origin sends lies while the gateway handles it. */
  readonly chunk: Chunk;
  readonly setup: Setup;
  readonly clock: SimulatedClock;
  readonly hub: Hub;
  readonly pending: PendingInvocations;
  readonly oracle: Oracle;
  readonly coverage: Coverage;
  readonly sightings: Sightings;
}

/** A shared upstream and the origin's end of it, both moved by the schedule. */
export class SimulatedLine implements GroupSource {
  readonly oracle: Oracle;
  /** What must happen to the groups of this upstream. */
  readonly groups: GroupOracle;
  readonly isPrimary: boolean;
  readonly protocol: HubProtocol;
  readonly #name: string;
  readonly #parts: LineParts;
  #line: SharedLine | undefined;
  #state: State = { name: "idle" };
  #late: LateCompletion[] = [];
  /** Invocation ids of client results that the gateway was asked for and has not refused. */
  readonly #questions = new Set<string>();
  #lastQuestion = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.oracle = parts.oracle;
    this.#name = lineName(parts.place);
    this.groups = parts.oracle.groupsOn(this.#name);
    this.isPrimary = isPrimary(parts.place);
    this.protocol = parts.frames.protocol;
  }

  /** Before anything else. */
  attach(line: SharedLine): void {
    this.#line = line;
    this.groups.line = line;
  }

  /** The gateway's side of this upstream. */
  get line(): SharedLine {
    if (this.#line === undefined) throw new Error("nothing is attached to the line yet");
    return this.#line;
  }

  // --- what the gateway does with it --------------------------------------------------------------------------------

  /** The gateway has no use for it any more. */
  close(): void {
    if (this.groups.isInUse) throw new Violation("INV-7", "an upstream is closed that has members or joins");
    this.#parts.sightings.retiredLines += 1;
    this.#state = { name: "closed" };
    this.groups.line = undefined;
    this.oracle.down(this.#name, () => this.#parts.pending.loseAll());
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  open(): void {
    if (this.#state.name === "idle") this.#state = { name: "opening" };
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    const connection = this.#openConnection(method);
    const { pending, clock } = this.#parts;
    const invocationId = pending.add(method, clock.now(), done);
    connection.received(this.#callOf(method, rawArguments), invocationId);
  }

  stream(method: string, rawArguments: readonly Uint8Array[], listener: StreamListener): StreamHandle {
    const connection = this.#openConnection(method);
    if (!this.isPrimary) throw new Violation("R-02", `${method} is invoked on another upstream than the primary one`);
    const { frames, pending, clock, oracle } = this.#parts;
    const invocationId = pending.addStream(method, clock.now(), listener);
    const call = oracle.streams.sent(frames.findStream(method, rawArguments));
    connection.received(call, invocationId);
    return {
      cancel() {
        oracle.streams.cancelSent(call);
        pending.forget(invocationId);
        connection.cancelled(invocationId);
      },
    };
  }

  complete(invocationId: string, payload: CompletionPayload): void {
    const isRefused = payload.kind === "error" && this.#questions.delete(invocationId);
    if (!isRefused) throw new Violation("R-05", `the origin is told ${payload.kind} for ${invocationId}`);
  }

  // --- what the schedule does with it -------------------------------------------------------------------------------

  up(): void {
    if (this.#state.name === "backoff") {
      this.#state = { name: this.line.isWanted ? "opening" : "idle" };
    }
    if (this.#state.name !== "opening") return;
    this.#see("up");
    this.#state = { name: "open", connection: new OriginConnection(this.#parts.frames, this.#parts.setup) };
    this.oracle.up(this.#name, () => this.line.sourceUp());
  }

  down(): void {
    if (this.#state.name !== "open") return;
    this.#see("down");
    this.#late.push(...this.#state.connection.completionsUnderWay());
    this.#state = { name: "backoff" };
    this.oracle.down(this.#name, () => {
      this.#parts.pending.loseAll();
      this.line.sourceDown();
    });
  }

  /** The origin does not take the connection, the first one or one after a loss. */
  refuse(): void {
    const isAgain = this.#state.name === "backoff" && this.line.isWanted;
    if (this.#state.name !== "opening" && !isAgain) return;
    this.#see("sourceRefused");
    this.#state = { name: "backoff" };
    this.oracle.refused(this.#name, () => this.line.sourceRefused());
  }

  /** What the origin has of this line while it is open. */
  get origin(): OriginConnection | undefined {
    return this.#state.name === "open" ? this.#state.connection : undefined;
  }

  /** The gateway receives the next messages of the origin. */
  deliver(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const message = this.origin?.take();
      if (message === undefined) return;
      this.#deliver(message);
    }
  }

  /**
   * Completions of earlier connections are let through here: that they have no effect is the work of invocation ids
   * that are never used twice (INV-9).
   */
  deliverLate(pick: number): void {
    const [late] = this.#late.splice(pick % Math.max(1, this.#late.length), 1);
    if (late === undefined) return;
    this.#parts.sightings.lateCompletions += 1;
    this.#parts.pending.complete(late.invocationId, late.payload);
    this.oracle.checkStep();
  }

  /**
   * A message of the hub that is nobody's: an unknown key, one that belongs to another upstream, or a question for the
   * gateway itself.
   */
  stray(wantsResult: boolean): void {
    if (this.origin === undefined) return;
    const { metrics, sightings } = this.#parts;
    sightings.strayMessages += 1;
    const { bytes, envelope } = wantsResult ? this.#question() : this.#strayFrame();
    const before = metrics.unattributed;
    this.oracle.nobody(bytes, () => this.#parts.hub.receiveFromUpstream(this.line, envelope, bytes));
    if (metrics.unattributed !== before + 1) throw new Violation("R-03", "a stray message is not counted");
    if (this.#questions.size > 0) throw new Violation("R-05", "a client result was asked for and not refused");
  }

  get isQuiet(): boolean {
    const { name } = this.#state;
    return name === "idle" || name === "closed" || (this.origin?.isQuiet === true && !this.origin.hasStreams);
  }

  /** The origin is well again: the line opens if it is wanted, and all that is under way completes. */
  settle(sequences: readonly number[]): void {
    this.up();
    this.serve(false, sequences);
    while (this.origin?.hasStreams === true) this.origin.endStream(0, false);
    this.serve(false, sequences);
  }

  serve(refused: boolean, sequences: readonly number[]): void {
    while (this.origin !== undefined && !this.origin.isQuiet) {
      this.origin.begin(0, refused, sequences);
      this.origin.finish(0, sequences);
      this.deliver(Number.POSITIVE_INFINITY);
    }
  }

  /** INV-7: ref-counts are members, and the origin-side membership is what they want. */
  checkSettled(): void {
    const memberCount = this.groups.topics.reduce((sum, view) => sum + view.members.size, 0);
    const counted = [...this.line.groups.groups.values()].reduce((sum, group) => sum + group.members.size, 0);
    if (counted !== memberCount)
      throw new Violation("INV-7", `the groups count ${counted} members, not ${memberCount}`);
    for (const { topic, members } of this.groups.topics) this.#checkJoined(topic, members.size > 0);
  }

  /** INV-17. */
  checkEmpty(): void {
    const { groups: table, isWanted } = this.line;
    const { groups } = table;
    if (groups.size > 0) throw new Violation("INV-17", `${groups.size} groups are left`);
    const left = table.subscriptions().length;
    if (left > 0) throw new Violation("INV-17", `${left} subscriptions are left`);
    if (isWanted) throw new Violation("INV-17", "the upstream is wanted by nobody");
    if (!table.hasRoom) throw new Violation("INV-17", "joins of clients that are gone are still counted");
  }

  // --- inside -------------------------------------------------------------------------------------------------------

  #see(event: KeyEvent): void {
    for (const { topic } of this.groups.topics) this.#parts.coverage.see(this.line, topic.index, event);
  }

  #openConnection(method: string): OriginConnection {
    if (this.#state.name === "open") return this.#state.connection;
    throw new Violation("INV-9", `${method} is invoked while the upstream is not open`);
  }

  #callOf(method: string, rawArguments: readonly Uint8Array[]): Call {
    const { frames, oracle } = this.#parts;
    const request = joinRequests[frames.findJoin(method, rawArguments)];
    if (request !== undefined) return this.groups.joinSent(request);
    const topic = frames.findLeave(method, rawArguments);
    if (topic >= 0) {
      this.#parts.coverage.count("lingering", "lingerOver");
      return this.groups.leaveSent(topic);
    }
    const query = frames.findQuery(method, rawArguments);
    if (query >= 0 && this.isPrimary) return oracle.queries.sent(query);
    throw new Violation("R-02", `${method} has other arguments`);
  }

  #deliver(message: OriginMessage): void {
    switch (message.kind) {
      case "message":
      case "snapshot":
      case "broadcast":
        return this.#deliverFrame(message, message.frame);
      case "item":
        return this.#deliverItem(message.call, message.invocationId, message.item);
      case "completion":
        return this.#complete(message.running, message.payload);
    }
  }

  #deliverFrame(message: FrameMessage, { bytes, envelope }: CannedFrame): void {
    const { hub, chunk, setup, sightings } = this.#parts;
    const frame = chunk.place(bytes);
    const act = (): void => hub.receiveFromUpstream(this.line, envelope, frame);
    if (message.kind === "message") {
      this.#parts.coverage.see(this.line, message.topic, "message");
      if (setup.perKey.length > 0 && setup.perKey.includes(topicAt(message.topic).rule)) sightings.keylessMessages += 1;
      this.groups.message(message, frame, act);
    } else if (message.kind === "snapshot") this.groups.snapshot(message, frame, act);
    else this.#deliverBroadcast(message, frame, act);
    chunk.spoil(frame);
  }

  /** Every upstream brings one, and the clients get that of the primary. */
  #deliverBroadcast(message: FrameMessage, frame: Frame, act: () => void): void {
    const { oracle, metrics, sightings } = this.#parts;
    if (!oracle.broadcasts.isOn) return oracle.nobody(frame, act);
    if (this.isPrimary) return oracle.broadcasts.broadcast(message, frame, act);
    sightings.broadcastCopies += 1;
    const before = metrics.duplicatesDropped;
    oracle.nobody(frame, act);
    if (metrics.duplicatesDropped !== before + 1) throw new Violation("R-13", "a second broadcast is not counted");
  }

  #question(): CannedFrame {
    this.#lastQuestion += 1;
    this.#questions.add(`q${this.#lastQuestion}`);
    return this.#parts.frames.stray(this.#ownTopic, this.#lastQuestion);
  }

  #strayFrame(): CannedFrame {
    const { frames, setup, sightings } = this.#parts;
    const own = this.groups.topics.map(({ topic }) => topic.index);
    // One that says its key and belongs to another upstream.
    const foreign = topics.find(({ index, rule }) => !own.includes(index) && !setup.perKey.includes(rule));
    if (foreign === undefined) return frames.stray(this.#ownTopic, 0);
    sightings.foreignMessages += 1;
    return frames.copy(0, foreign.index);
  }

  /** One whose messages say their key: a target without a key would be the one of this upstream. */
  get #ownTopic(): number {
    return this.#parts.setup.perKey.includes("event") ? 3 : 0;
  }

  #deliverItem(call: StreamCall, invocationId: string, item: number): void {
    const { pending, chunk, frames, oracle } = this.#parts;
    const rawItem = chunk.place(frames.item(0, item));
    oracle.streams.item(call, item, () => {
      pending.item(invocationId, rawItem, rawItem.length);
    });
    chunk.spoil(rawItem);
  }

  /** What a result is a view of is used again, too. */
  #complete(running: RunningCall, payload: CompletionPayload): void {
    const { pending, chunk } = this.#parts;
    if (payload.kind !== "result") {
      return this.#judge(running, payload, () => void pending.complete(running.invocationId, payload));
    }
    const raw = chunk.place(payload.raw);
    this.#judge(running, payload, () => void pending.complete(running.invocationId, { kind: "result", raw }));
    chunk.spoil(raw);
  }

  #judge({ call }: RunningCall, payload: CompletionPayload, act: () => void): void {
    const { oracle, groups } = this;
    const { coverage } = this.#parts;
    const raw = payload.kind === "result" ? payload.raw : this.protocol.nullValue;
    switch (call.kind) {
      case "leave":
        coverage.see(this.line, call.topic, payload.kind === "error" ? "leaveRefused" : "left");
        return groups.left(call, act);
      case "stream":
        return oracle.streams.ended(call, payload, act);
      case "query":
        if (payload.kind === "error") return oracle.queries.rejected(call, payload.error, act);
        return oracle.queries.accepted(call, raw, act);
      case "join":
        for (const topic of call.request.topics) {
          coverage.see(this.line, topic, payload.kind === "error" ? "refused" : "accepted");
        }
        if (payload.kind === "error") return groups.rejected(call, payload.error, act);
        return groups.accepted(call, raw, act);
    }
  }

  #checkJoined({ index, rule }: Topic, isWanted: boolean): void {
    const { origin } = this;
    const isJoined = origin !== undefined && has(origin.topics, index);
    const mayStay = rule === "forever" || (origin !== undefined && has(origin.stuckTopics, index));
    if (isWanted && !isJoined) throw new Violation("INV-7", `topic ${index} has members and is not joined`);
    if (isJoined && !isWanted && !mayStay) throw new Violation("INV-7", `topic ${index} is joined for nobody`);
  }
}
