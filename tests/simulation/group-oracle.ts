import type { Frame } from "@signalr-edge/protocol";
import type { ClientWatch } from "./client-watch.ts";
import { type JoinCall, type LeaveCall, type PendingJoin, TopicView } from "./expectations.ts";
import type { JoinRequest, Topic } from "./hub-contract.ts";
import type { Setup } from "./schedule.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { Violation } from "./violation.ts";

/**
 * What must happen to the groups of one shared upstream, worked out from the rules of aggregation.md without a look into
 * the gateway: who is a member when, which joins share which invocation, who gets which answer, who is closed.
 */
export class GroupOracle {
  readonly #watch: ClientWatch;
  readonly #setup: Setup;
  readonly #clock: SimulatedClock;
  readonly #sightings: Sightings;
  readonly #views: ReadonlyMap<number, TopicView>;
  /** Joins without an answer, oldest first. */
  readonly pending = new Set<PendingJoin>();
  #joinsInFlight = 0;

  /** `topics` are those that belong to this upstream. */
  constructor(watch: ClientWatch, topics: readonly Topic[]) {
    this.#watch = watch;
    this.#setup = watch.setup;
    this.#clock = watch.clock;
    this.#sightings = watch.sightings;
    this.#views = new Map(topics.map((topic) => [topic.index, new TopicView(topic, watch.setup.onGap[topic.rule])]));
  }

  get topics(): readonly TopicView[] {
    return [...this.#views.values()];
  }

  // --- what clients do ----------------------------------------------------------------------------------------------

  /** `isFull`: the client takes part in too much already. */
  asks(client: SimulatedClient, request: JoinRequest, invocationId: string | undefined, isFull: boolean): void {
    this.#watch.due.ask(client, invocationId);
    if (isFull || this.pending.size >= this.#setup.maxWaitingJoins) {
      this.#sightings.limitedJoins += 1;
      return this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    }
    for (const topic of request.topics) this.#seeJoin(request, this.#view(topic).call);
    this.pending.add({
      client,
      request,
      invocationId,
      wanted: new Set(request.topics),
      added: [],
      call: undefined,
      overtakenBy: new Set(),
    });
  }

  /** Groups that it is in, and joins that wait. */
  loadOf(client: SimulatedClient): number {
    const waiting = [...this.pending].filter((join) => join.client === client).length;
    return waiting + this.topics.filter((topic) => topic.members.has(client)).length;
  }

  leaves(client: SimulatedClient, topic: number): void {
    for (const join of this.pending) {
      if (join.client !== client) continue;
      if (join.wanted.delete(topic) && join.call !== undefined) this.#sightings.leavesDuringJoin += 1;
    }
    this.#view(topic).remove(client, this.#clock.now());
  }

  gone(client: SimulatedClient): void {
    for (const join of this.pending) {
      if (join.client !== client) continue;
      this.pending.delete(join);
      if (join.call !== undefined) this.#sightings.vanishedJoiners += 1;
    }
    for (const topic of this.topics) topic.remove(client, this.#clock.now());
  }

  get isInUse(): boolean {
    return this.pending.size > 0 || this.topics.some(({ members }) => members.size > 0);
  }

  isMember(client: SimulatedClient, topic: number): boolean {
    return this.#view(topic).members.has(client);
  }

  // --- what the gateway asks of the origin --------------------------------------------------------------------------

  /** everybody who waits for this join becomes a member now. */
  joinSent(request: JoinRequest): JoinCall {
    const views = request.topics.map((topic) => this.#view(topic));
    const batch = [...this.pending].filter((join) => join.request === request && join.call === undefined);
    const restores = new Set(views.filter((view) => view.isStale && view.members.size > 0));
    if (batch.length === 0 && restores.size === 0)
      throw new Violation("R-21", `join ${request.index} is sent for nobody`);
    const call: JoinCall = { kind: "join", request, batch, restores, snapshots: new Map() };
    if (batch.length > 1) this.#sightings.sharedJoins += 1;
    if (restores.size > 0) this.#sightings.rejoins += 1;
    if (restores.size > 0 && batch.length > 0) this.#sightings.sharedRejoins += 1;
    if (restores.size > 0 && restores.size < views.length) this.#sightings.partialRejoins += 1;
    this.#joinsInFlight += 1;
    if (this.#joinsInFlight > this.#setup.maxJoinsInFlight) throw new Violation("INV-20", "too many joins in flight");
    for (const view of views) view.startCall(call);
    for (const join of batch) {
      join.call = call;
      for (const topic of join.wanted) if (this.#view(topic).add(join.client)) join.added.push(topic);
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
    this.#endJoin(call);
    const joined = call.batch.filter((join) => this.pending.delete(join));
    const membersBefore = [...call.restores].flatMap((view) =>
      [...view.members.keys()].map((client) => ({ view, client })),
    );
    for (const join of joined) this.#watch.due.owe(join.client, join.invocationId, { kind: "result", raw });
    for (const topic of call.request.topics) this.#view(topic).isStale = false;
    act();
    this.#watch.due.checkNoneDue();
    for (const { client, wanted } of joined) {
      for (const topic of wanted) this.#view(topic).makeWhole(client, call);
    }
    for (const { view, client } of membersBefore) view.makeWhole(client, call);
  }

  /** */
  rejected(call: JoinCall, error: string, act: () => void): void {
    this.#endJoin(call);
    this.#sightings.refusedJoins += 1;
    if (call.restores.size > 0) this.#sightings.refusedRejoins += 1;
    for (const join of call.batch) {
      for (const topic of join.added) this.#view(topic).remove(join.client, this.#clock.now());
      this.#sightings.refusedWaiters += 1;
      if ([...join.wanted].some((topic) => this.isMember(join.client, topic))) this.#sightings.refusedMembers += 1;
      if (this.pending.delete(join)) this.#watch.due.owe(join.client, join.invocationId, { kind: "error", error });
    }
    for (const view of call.restores) this.#closeMembers(view);
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
      join.overtakenBy.clear();
      for (const topic of join.added.splice(0)) this.#view(topic).remove(join.client, this.#clock.now());
    }
    for (const view of this.topics) {
      if (view.call?.kind === "leave") this.#sightings.lostLeaves += 1;
      view.lose();
    }
  }

  refused(): void {
    for (const { client, invocationId } of this.pending)
      this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    this.pending.clear();
  }

  /** A message of a topic, number `sequence`: every member gets it, once, and nobody else (INV-1, INV-3, INV-5). */
  message(topic: number, sequence: number, frame: Frame, act: () => void): void {
    const view = this.#view(topic);
    const receivers = [...view.members.keys()];
    for (const { client, call } of this.pending) {
      if (call !== undefined && view.members.has(client)) this.#sightings.earlyMessages += 1;
    }
    this.#watch.expectFrame(frame, receivers, `message ${sequence} of topic ${topic}`, act);
    view.consumed = sequence;
    for (const client of receivers) view.received(client, sequence);
  }

  /** R-23; R-30 for members that are being brought back. */
  snapshot(call: JoinCall, topic: number, frame: Frame, act: () => void): void {
    const view = this.#view(topic);
    const isRestored = call.restores.has(view) && view.onGap === "rejoin";
    const joiners = call.batch.filter((join) => this.pending.has(join) && join.wanted.has(topic));
    const expected = isRestored ? view.members.keys() : joiners.map((join) => join.client);
    this.#watch.expectFrame(frame, expected, `the snapshot of topic ${topic}`, act);
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

  #endJoin(call: JoinCall): void {
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
  #countOvertaken({ request, batch }: JoinCall): void {
    if (batch.length === 0) return;
    let isOlder = true;
    for (const join of this.pending) {
      if (batch.includes(join)) isOlder = false;
      if (!isOlder) return;
      const [only, ...others] = join.request.topics;
      if (join.call !== undefined || others.length > 0 || only === undefined || !request.topics.includes(only))
        continue;
      if (join.overtakenBy.has(request))
        throw new Violation("INV-22", `${join.client.name}: join ${join.request.index} starves`);
      join.overtakenBy.add(request);
    }
  }

  #view(topic: number): TopicView {
    const view = this.#views.get(topic);
    if (view === undefined) throw new Violation("R-03", `topic ${topic} belongs to another upstream`);
    return view;
  }
}
