import type { Frame } from "@signalr-edge/protocol";
import type { SharedLine } from "../../packages/gateway/src/aggregation/shared-line.ts";
import { type Bits, bit, bitsOf, has, noBits } from "./bits.ts";
import type { ClientWatch } from "./client-watch.ts";
import { type JoinCall, type LeaveCall, type PendingJoin, TopicView } from "./expectations.ts";
import type { JoinRequest, Topic } from "./hub-contract.ts";
import type { FrameMessage } from "./origin-connection.ts";
import type { Setup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { Violation } from "./violation.ts";

type UpdateMessage = Extract<FrameMessage, { readonly kind: "message" }>;
type SnapshotMessage = Extract<FrameMessage, { readonly kind: "snapshot" }>;

interface Member {
  readonly view: TopicView;
  readonly client: SimulatedClient;
}

const nobody: readonly Member[] = [];

/**
 * What must happen to the groups of one shared upstream, worked out from the rules of aggregation.md without a look into
 * the gateway: who is a member when, which joins share which invocation, who gets which answer, who is closed.
 */
export class GroupOracle {
  readonly #watch: ClientWatch;
  readonly #setup: Setup;
  readonly #clock: SimulatedClock;
  readonly #sightings: Sightings;
  /** Of the topics that belong to this upstream. */
  readonly topics: readonly TopicView[];
  /** By the number of the topic. */
  readonly #views: (TopicView | undefined)[] = [];
  /** Joins without an answer, oldest first. */
  readonly pending = new Set<PendingJoin>();
  /** The gateway's side of the upstream, while there is one. It is looked at to count what was tried, not to judge. */
  line: SharedLine | undefined;
  #joinsInFlight = 0;

  /** `topics` are those that belong to this upstream. */
  constructor(watch: ClientWatch, topics: readonly Topic[]) {
    this.#watch = watch;
    this.#setup = watch.setup;
    this.#clock = watch.clock;
    this.#sightings = watch.sightings;
    this.topics = topics.map((topic) => new TopicView(topic, watch.setup.onGap[topic.rule]));
    for (const view of this.topics) this.#views[view.topic.index] = view;
  }

  // --- what clients do ----------------------------------------------------------------------------------------------

  /** `isFull`: the client takes part in too much already. */
  asks(client: SimulatedClient, request: JoinRequest, invocationId: string | undefined, isFull: boolean): void {
    this.#watch.due.ask(client, invocationId);
    if (isFull || this.pending.size >= this.#setup.maxWaitingJoins) {
      this.#sightings.limitedJoins += 1;
      return this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    }
    for (const topic of request.topics) {
      this.#watch.coverage.see(this.line, topic, "ask");
      this.#seeJoin(request, this.#view(topic).call);
    }
    client.load += 1;
    this.pending.add({
      client,
      request,
      invocationId,
      wanted: bitsOf(request.topics),
      added: noBits,
      call: undefined,
      overtakenBy: noBits,
      isOver: false,
    });
  }

  leaves(client: SimulatedClient, topic: number): void {
    this.#watch.coverage.see(this.line, topic, "leave");
    for (const join of this.pending) {
      if (join.client !== client || !has(join.wanted, topic)) continue;
      join.wanted &= ~bit(topic);
      if (join.call !== undefined) this.#sightings.leavesDuringJoin += 1;
    }
    this.#view(topic).remove(client, this.#clock.now());
  }

  gone(client: SimulatedClient): void {
    let involved = noBits;
    for (const join of this.pending) {
      if (join.client !== client) continue;
      involved |= join.wanted;
      this.#end(join);
      if (join.call !== undefined) this.#sightings.vanishedJoiners += 1;
    }
    for (const view of this.topics) {
      const { index } = view.topic;
      if (has(involved, index) || view.members.has(client)) this.#watch.coverage.see(this.line, index, "gone");
      view.remove(client, this.#clock.now());
    }
  }

  get isInUse(): boolean {
    return this.pending.size > 0 || this.topics.some(({ members }) => members.size > 0);
  }

  /** Whether the client is in a group or waits for one. */
  holds(client: SimulatedClient): boolean {
    for (const join of this.pending) if (join.client === client) return true;
    return this.topics.some(({ members }) => members.has(client));
  }

  isMember(client: SimulatedClient, topic: number): boolean {
    return this.#view(topic).members.has(client);
  }

  // --- what the gateway asks of the origin --------------------------------------------------------------------------

  /** everybody who waits for this join becomes a member now. */
  joinSent(request: JoinRequest): JoinCall {
    const batch = this.#batchOf(request);
    let restores = noBits;
    for (const topic of request.topics) {
      const view = this.#view(topic);
      if (view.isStale && view.members.size > 0) restores |= bit(topic);
    }
    if (batch.length === 0 && restores === noBits)
      throw new Violation("R-21", `join ${request.index} is sent for nobody`);
    const call: JoinCall = { kind: "join", request, batch, restores, snapshots: [] };
    this.#seeCall(call);
    this.#joinsInFlight += 1;
    if (this.#joinsInFlight > this.#setup.maxJoinsInFlight) throw new Violation("INV-20", "too many joins in flight");
    for (const topic of request.topics) this.#view(topic).startCall(call);
    for (const join of batch) {
      join.call = call;
      for (const topic of request.topics) {
        if (has(join.wanted, topic) && this.#view(topic).add(join.client)) join.added |= bit(topic);
      }
    }
    this.#countOvertaken(call);
    return call;
  }

  leaveSent(topic: number): LeaveCall {
    const view = this.#view(topic);
    if (view.members.size > 0) throw new Violation("INV-7", `topic ${topic} is left while it has members`);
    const emptyForMs = this.#clock.now() - view.emptySinceMs;
    if (emptyForMs < this.#setup.lingerMs)
      throw new Violation("linger", `topic ${topic} is left after ${emptyForMs} ms`);
    this.#sightings.originLeaves += 1;
    const call: LeaveCall = { kind: "leave", topic };
    view.startCall(call);
    return call;
  }

  // --- what the gateway is told by the origin -----------------------------------------------------------------------

  /** R-22, INV-3, INV-11. `act` hands the completion to the gateway. */
  accepted(call: JoinCall, raw: Uint8Array, act: () => void): void {
    const { batch, request, restores } = call;
    this.#endCall(call);
    const joined = batch.filter((join) => this.#end(join));
    for (const { client, invocationId } of joined) this.#watch.due.owe(client, invocationId, { kind: "result", raw });
    const restored = restores === noBits ? nobody : this.#membersOf(request, restores);
    for (const topic of request.topics) this.#view(topic).isStale = false;
    act();
    this.#watch.due.checkNoneDue();
    for (const { client, wanted } of joined) {
      for (const topic of request.topics) if (has(wanted, topic)) this.#view(topic).makeWhole(client, call);
    }
    for (const { view, client } of restored) view.makeWhole(client, call);
  }

  /** */
  rejected(call: JoinCall, error: string, act: () => void): void {
    const { batch, request, restores } = call;
    this.#endCall(call);
    this.#sightings.refusedJoins += 1;
    if (restores !== noBits) this.#sightings.refusedRejoins += 1;
    for (const join of batch) {
      this.#takeOut(join);
      this.#sightings.refusedWaiters += 1;
      if (request.topics.some((topic) => has(join.wanted, topic) && this.isMember(join.client, topic)))
        this.#sightings.refusedMembers += 1;
      if (this.#end(join)) this.#watch.due.owe(join.client, join.invocationId, { kind: "error", error });
    }
    for (const topic of request.topics) if (has(restores, topic)) this.#closeMembers(this.#view(topic));
    act();
    this.#watch.due.checkNoneDue();
  }

  left(call: LeaveCall, act: () => void): void {
    this.#view(call.topic).call = undefined;
    act();
    this.#watch.due.checkNoneDue();
  }

  /** */
  up(): void {
    for (const view of this.topics) {
      if (view.onGap === "close") this.#closeMembers(view);
      else view.isStale = view.members.size > 0;
    }
  }

  down(): void {
    this.#joinsInFlight = 0;
    for (const join of this.pending) {
      if (join.call !== undefined) this.#sightings.lostJoins += 1;
      join.call = undefined;
      join.overtakenBy = noBits;
      this.#takeOut(join);
    }
    for (const view of this.topics) {
      if (view.call?.kind === "leave") this.#sightings.lostLeaves += 1;
      view.lose();
    }
  }

  refused(): void {
    for (const join of this.pending) {
      this.#watch.due.owe(join.client, join.invocationId, { kind: "error", error: "" });
      this.#end(join);
    }
  }

  /** A message of a topic, number `sequence`: every member gets it, once, and nobody else (INV-1, INV-3, INV-5). */
  message(message: UpdateMessage, frame: Frame, act: () => void): void {
    const view = this.#view(message.topic);
    for (const { client, call } of this.pending) {
      if (call !== undefined && view.members.has(client)) this.#sightings.earlyMessages += 1;
    }
    for (const client of view.members.keys()) this.#watch.expect(client);
    this.#watch.passFrame(frame, message, act);
    view.received(message.sequence);
  }

  /** R-23; R-30 for members that are being brought back. */
  snapshot(message: SnapshotMessage, frame: Frame, act: () => void): void {
    const { call, topic } = message;
    const view = this.#view(topic);
    if (has(call.restores, topic) && view.onGap === "rejoin") {
      for (const client of view.members.keys()) this.#watch.expect(client);
    } else {
      for (const join of call.batch) if (!join.isOver && has(join.wanted, topic)) this.#watch.expect(join.client);
    }
    this.#watch.passFrame(frame, message, act);
  }

  // --- what must hold when faults are over and nothing is under way -------------------------------------------------

  checkSettled(): void {
    for (const join of this.pending) {
      throw new Violation("INV-22", `${join.client.name}: join ${join.request.index} hangs`);
    }
    for (const view of this.topics) view.checkSettled();
  }

  #seeJoin(request: JoinRequest, call: JoinCall | LeaveCall | undefined): void {
    if (call?.kind === "leave") this.#sightings.joinsBehindLeave += 1;
    else if (call?.request === request) this.#sightings.joinsBehindJoin += 1;
  }

  #seeCall({ batch, restores, request }: JoinCall): void {
    if (batch.length > 1) this.#sightings.sharedJoins += 1;
    if (restores === noBits) return;
    this.#sightings.rejoins += 1;
    if (batch.length > 0) this.#sightings.sharedRejoins += 1;
    if (restores !== bitsOf(request.topics)) this.#sightings.partialRejoins += 1;
  }

  #batchOf(request: JoinRequest): readonly PendingJoin[] {
    const batch: PendingJoin[] = [];
    for (const join of this.pending) if (join.request === request && join.call === undefined) batch.push(join);
    return batch;
  }

  #membersOf({ topics }: JoinRequest, among: Bits): readonly Member[] {
    const members: Member[] = [];
    for (const topic of topics) {
      if (!has(among, topic)) continue;
      const view = this.#view(topic);
      for (const client of view.members.keys()) members.push({ view, client });
    }
    return members;
  }

  /** False if it was over before. */
  #end(join: PendingJoin): boolean {
    if (join.isOver) return false;
    join.isOver = true;
    join.client.load -= 1;
    return this.pending.delete(join);
  }

  /** Undoes what the join has made of its client. */
  #takeOut(join: PendingJoin): void {
    for (const topic of join.request.topics) {
      if (has(join.added, topic)) this.#view(topic).remove(join.client, this.#clock.now());
    }
    join.added = noBits;
  }

  #endCall(call: JoinCall): void {
    this.#joinsInFlight -= 1;
    for (const topic of call.request.topics) this.#view(topic).call = undefined;
  }

  #closeMembers(view: TopicView): void {
    for (const client of view.members.keys()) {
      this.#watch.expectClose(client);
      view.remove(client, this.#clock.now());
    }
  }

  /** Fairness: while a join for one group waits, no other join for that group is sent twice for those who came later. */
  #countOvertaken(call: JoinCall): void {
    const { request, batch } = call;
    if (batch.length === 0) return;
    for (const join of this.pending) {
      if (join.call === call) return;
      const [only, ...others] = join.request.topics;
      if (join.call !== undefined || others.length > 0 || only === undefined || !request.topics.includes(only))
        continue;
      if (has(join.overtakenBy, request.index))
        throw new Violation("INV-22", `${join.client.name}: join ${join.request.index} starves`);
      join.overtakenBy |= bit(request.index);
    }
  }

  #view(topic: number): TopicView {
    const view = this.#views[topic];
    if (view === undefined) throw new Violation("R-03", `topic ${topic} belongs to another upstream`);
    return view;
  }
}
