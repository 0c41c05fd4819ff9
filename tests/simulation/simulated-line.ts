import type { CompletionPayload, Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
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
import type { StreamCall } from "./expectations.ts";
import type { GroupOracle } from "./group-oracle.ts";
import { type HubContract, type Topic, topicAt, topics } from "./hub-contract.ts";
import type { Oracle } from "./oracle.ts";
import { type LateCompletion, OriginConnection, type OriginMessage, type RunningCall } from "./origin-connection.ts";
import type { Setup } from "./schedule.ts";
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
  readonly contract: HubContract;
  readonly setup: Setup;
  readonly clock: SimulatedClock;
  readonly hub: Hub;
  readonly pending: PendingInvocations;
  readonly oracle: Oracle;
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
    this.protocol = parts.contract.protocol;
  }

  /** Before anything else. */
  attach(line: SharedLine): void {
    this.#line = line;
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
    this.oracle.down(this.#name, () => this.#parts.pending.loseAll());
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  open(): void {
    if (this.#state.name === "idle") this.#state = { name: "opening" };
  }

  invoke(method: string, rawArguments: readonly Uint8Array[], done: (outcome: InvocationOutcome) => void): void {
    if (this.#state.name !== "open")
      throw new Violation("INV-9", `${method} is invoked while the upstream is not open`);
    const { contract, pending, clock } = this.#parts;
    const request = contract.findJoin(method, rawArguments);
    const topic = contract.findLeave(method, rawArguments);
    const query = contract.findQuery(method, rawArguments);
    const invocationId = pending.add(method, clock.now(), done);
    const { connection } = this.#state;
    if (request !== undefined) connection.received(this.groups.joinSent(request), invocationId);
    else if (topic !== undefined) connection.received(this.groups.leaveSent(topic.index), invocationId);
    else if (query >= 0 && this.isPrimary) connection.received(this.oracle.queries.sent(query), invocationId);
    else throw new Violation("R-02", `${method} has other arguments`);
  }

  stream(method: string, rawArguments: readonly Uint8Array[], listener: StreamListener): StreamHandle {
    if (this.#state.name !== "open")
      throw new Violation("INV-9", `${method} is invoked while the upstream is not open`);
    if (!this.isPrimary) throw new Violation("R-02", `${method} is invoked on another upstream than the primary one`);
    const { contract, pending, clock, oracle } = this.#parts;
    const { connection } = this.#state;
    const invocationId = pending.addStream(method, clock.now(), listener);
    const call = oracle.streams.sent(contract.findStream(method, rawArguments));
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
    this.#state = { name: "open", connection: new OriginConnection(this.#parts.contract, this.#parts.setup) };
    this.oracle.up(this.#name, () => this.line.sourceUp());
  }

  down(): void {
    if (this.#state.name !== "open") return;
    this.#late.push(...this.#state.connection.completionsUnderWay());
    this.#state = { name: "backoff" };
    this.oracle.down(this.#name, () => {
      this.#parts.pending.loseAll();
      this.line.sourceDown();
    });
  }

  refuse(): void {
    if (this.#state.name !== "opening") return;
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
      // The chunk that it lay in is used again.
      message.frame.fill(0);
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
    const { contract, metrics, sightings } = this.#parts;
    sightings.strayMessages += 1;
    this.#lastQuestion += 1;
    const question = wantsResult ? `q${this.#lastQuestion}` : undefined;
    const foreign = wantsResult ? undefined : this.#foreignTopic();
    if (foreign !== undefined) sightings.foreignMessages += 1;
    // A target without a key would be the one of this upstream.
    const topic = foreign ?? (this.#parts.setup.perKey.includes("event") ? 3 : 0);
    const argument = wantsResult || foreign !== undefined ? contract.values[topic] : this.protocol.nullValue;
    const frame = this.protocol.writeInvocation({
      target: contract.target(topic, "target"),
      arguments: [argument ?? this.protocol.nullValue],
      ...(question === undefined ? {} : { invocationId: question }),
    });
    if (question !== undefined) this.#questions.add(question);
    const before = metrics.unattributed;
    this.oracle.nobody(frame, this.#receiving(frame));
    if (metrics.unattributed !== before + 1) throw new Violation("R-03", "a stray message is not counted");
    if (this.#questions.size > 0) throw new Violation("R-05", "a client result was asked for and not refused");
  }

  get isQuiet(): boolean {
    return (
      this.#state.name === "idle" ||
      this.#state.name === "closed" ||
      (this.origin?.isQuiet === true && !this.origin.hasStreams)
    );
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

  #deliver(message: OriginMessage): void {
    const { frame } = message;
    const envelope = this.protocol.peek(frame);
    const act = this.#receiving(frame);
    switch (message.kind) {
      case "message":
        if (this.#parts.setup.perKey.includes(topicAt(message.topic).rule)) this.#parts.sightings.keylessMessages += 1;
        return this.groups.message(message.topic, message.sequence, frame, act);
      case "snapshot":
        return this.groups.snapshot(message.call, message.topic, frame, act);
      case "broadcast":
        return this.#deliverBroadcast(message.sequence, frame);
      case "item":
        return this.#deliverItem(
          message.call,
          message.invocationId,
          frame.subarray(envelope.item?.start, envelope.item?.end),
        );
      case "completion":
        return this.#complete(message.running, payloadOf(envelope, frame));
    }
  }

  #receiving(frame: Frame): () => void {
    return () => this.#parts.hub.receiveFromUpstream(this.line, this.protocol.peek(frame), frame);
  }

  /** Every upstream brings one, and the clients get that of the primary. */
  #deliverBroadcast(sequence: number, frame: Frame): void {
    const { oracle, metrics, sightings } = this.#parts;
    const act = this.#receiving(frame);
    if (!oracle.broadcasts.isOn) return oracle.nobody(frame, act);
    if (this.isPrimary) return oracle.broadcasts.broadcast(sequence, frame, act);
    sightings.broadcastCopies += 1;
    const before = metrics.duplicatesDropped;
    oracle.nobody(frame, act);
    if (metrics.duplicatesDropped !== before + 1) throw new Violation("R-13", "a second broadcast is not counted");
  }

  /** One that says its key and belongs to another upstream. */
  #foreignTopic(): number | undefined {
    const own = this.groups.topics.map(({ topic }) => topic.index);
    return topics.find(({ index, rule }) => !own.includes(index) && !this.#parts.setup.perKey.includes(rule))?.index;
  }

  #deliverItem(call: StreamCall, invocationId: string, rawItem: Uint8Array): void {
    this.oracle.streams.item(call, rawItem, () => {
      this.#parts.pending.item(invocationId, rawItem, rawItem.length);
    });
  }

  #checkJoined({ index, rule }: Topic, isWanted: boolean): void {
    const isJoined = this.origin?.topics.has(index) ?? false;
    const mayStay = rule === "forever" || this.origin?.stuckTopics.has(index) === true;
    if (isWanted && !isJoined) throw new Violation("INV-7", `topic ${index} has members and is not joined`);
    if (isJoined && !isWanted && !mayStay) throw new Violation("INV-7", `topic ${index} is joined for nobody`);
  }

  #complete({ call, invocationId }: RunningCall, payload: CompletionPayload): void {
    const { oracle, groups } = this;
    const { pending } = this.#parts;
    const act = (): void => void pending.complete(invocationId, payload);
    const raw = payload.kind === "result" ? payload.raw : this.protocol.nullValue;
    switch (call.kind) {
      case "leave":
        return groups.left(call, act);
      case "stream":
        return oracle.streams.ended(call, payload, act);
      case "query":
        if (payload.kind === "error") return oracle.queries.rejected(call, payload.error, act);
        return oracle.queries.accepted(call, raw, act);
      case "join":
        if (payload.kind === "error") return groups.rejected(call, payload.error, act);
        return groups.accepted(call, raw, act);
    }
  }
}

/** As `SharedUpstream` reads a completion. */
function payloadOf({ error, result }: Envelope, frame: Frame): CompletionPayload {
  if (error !== undefined) return { kind: "error", error };
  return result === undefined ? { kind: "void" } : { kind: "result", raw: frame.subarray(result.start, result.end) };
}
