import type { CompletionPayload } from "@signalr-edge/protocol";
import type { Clock } from "../clock.ts";
import type { Logger } from "../observe/log.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { Group } from "./group.ts";
import type { GroupTable } from "./group-table.ts";
import type { GroupSource, InvocationOutcome } from "./ports.ts";
import type { SpreadCloser } from "./spread-closer.ts";
import type { JoinOperation, Subscription, Waiter } from "./subscription.ts";

export interface ReconcilerParts {
  readonly source: GroupSource;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  readonly gapCloser: SpreadCloser;
  readonly maxJoinsInFlight: number;
}

/**
 * Brings the origin-side membership of every key to what is wanted: joined while it has members or lingers, not joined
 * otherwise. Level-triggered: it compares after each completed operation and never counts edges, and a key has at most
 * one operation in flight, so that no order of joins, leaves and answers can leave the two sides apart.
 *
 *   idle --request--> ready --start--> inFlight --finish--> idle
 *            \-> blocked (another operation holds one of its keys) --settle--> ready
 *
 * An operation belongs to one life of the source (its epoch): the source ends them all with `lost` before `sourceDown`,
 * so that no answer of an earlier connection can have an effect.
 */
export class Reconciler {
  readonly #table: GroupTable;
  readonly #parts: ReconcilerParts;
  /** May start as soon as the source allows, oldest first. */
  readonly #ready = new Set<Subscription>();
  #joinsInFlight = 0;

  constructor(table: GroupTable, parts: ReconcilerParts) {
    this.#table = table;
    this.#parts = parts;
  }

  /** Asks for one invocation of the join: it starts now, or when the source and the keys are free. */
  request(subscription: Subscription): void {
    this.#enqueue(subscription);
    this.#pump();
  }

  /** Takes back a request that nobody needs any more: nobody waits for it, and there are no members to bring back. */
  withdraw(subscription: Subscription): void {
    if (subscription.place !== "ready" || subscription.waiting.size > 0 || subscription.groups.some(isToRestore))
      return;
    this.#ready.delete(subscription);
    subscription.place = "idle";
    for (const group of subscription.groups) this.settle(group);
  }

  /** Compares wanted with actual for a key without an operation in flight, and takes the next step. */
  settle(group: Group): void {
    if (group.operation !== undefined) return;
    for (const subscription of group.blocked.splice(0)) {
      subscription.place = "idle";
      this.#enqueue(subscription);
    }
    if (group.members.size > 0) return;
    for (const subscription of group.subscriptions) this.withdraw(subscription);
    if (this.#isAwaited(group)) return;
    if (group.joined && group.leaveArguments !== undefined) return this.#startLinger(group);
    group.joined = false;
    this.#table.collect(group);
  }

  /** A new epoch. Whoever is a member now was one in the last epoch and has missed what came in between. */
  sourceUp(): void {
    const affected = [...this.#table.groups.values()].filter((group) => group.members.size > 0);
    // Largest first: that makes the most clients whole the soonest.
    affected.sort((a, b) => b.members.size - a.members.size);
    this.#parts.metrics.gaps += affected.length;
    for (const group of affected) {
      if (group.rule.onGap === "close" || group.joinedBy === undefined) this.#closeMembers(group);
      else this.#enqueue(group.joinedBy);
    }
    this.#pump();
  }

  sourceDown(): void {
    for (const group of [...this.#table.groups.values()]) {
      group.linger?.cancel();
      group.linger = undefined;
      group.joined = false;
      this.settle(group);
    }
  }

  /** The origin does not take the connection: whoever waits is told, and asks again if it wants to. */
  sourceRefused(): void {
    for (const subscription of this.#table.subscriptions()) {
      const { waiting } = subscription;
      if (waiting.size === 0) continue;
      subscription.waiting = new Set();
      const error = `Failed to invoke '${subscription.rule.join.method}' due to an error on the server.`;
      this.#answer(waiting, { kind: "error", error });
      if (subscription.place === "ready" && this.#ready.delete(subscription)) subscription.place = "idle";
      for (const group of subscription.groups) this.settle(group);
    }
  }

  #enqueue(subscription: Subscription): void {
    if (subscription.place !== "idle") return;
    const holder = subscription.groups.find((group) => group.operation !== undefined);
    if (holder !== undefined) {
      subscription.place = "blocked";
      holder.blocked.push(subscription);
    } else {
      subscription.place = "ready";
      this.#ready.add(subscription);
    }
  }

  #pump(): void {
    const { source, maxJoinsInFlight } = this.#parts;
    if (this.#ready.size > 0 && !source.isOpen) source.open();
    for (const subscription of this.#ready) {
      if (!source.isOpen || this.#joinsInFlight >= maxJoinsInFlight) return;
      this.#ready.delete(subscription);
      subscription.place = "idle";
      // A key may have been taken since it was found free; then it waits there.
      if (subscription.groups.some((group) => group.operation !== undefined)) this.#enqueue(subscription);
      else this.#startJoin(subscription);
    }
  }

  /** the clients of the batch become members now, when the invocation leaves, not when its answer comes. */
  #startJoin(subscription: Subscription): void {
    const waiters = subscription.waiting;
    subscription.waiting = new Set();
    const restores = new Set(subscription.groups.filter(isToRestore));
    if (waiters.size === 0 && restores.size === 0) {
      for (const group of subscription.groups) this.settle(group);
      return;
    }
    const operation: JoinOperation = { kind: "join", subscription, waiters, restores };
    subscription.place = "inFlight";
    this.#joinsInFlight += 1;
    for (const group of subscription.groups) {
      group.operation = operation;
      group.linger?.cancel();
      group.linger = undefined;
    }
    for (const { key, members } of restores) for (const member of members) member.letGo(key);
    for (const waiter of waiters) {
      for (const group of waiter.wanted) if (this.#table.add(waiter.client, group)) waiter.added.push(group);
    }
    this.#parts.metrics.originJoins += 1;
    this.#parts.metrics.savings.countSent("group", subscription.rule.name);
    const { method } = subscription.rule.join;
    this.#parts.source.invoke(method, subscription.rawArguments, (outcome) => this.#finishJoin(operation, outcome));
  }

  #finishJoin(operation: JoinOperation, outcome: InvocationOutcome): void {
    const { subscription, waiters } = operation;
    if (outcome.kind === "lost") this.#takeBack(waiters);
    else if (outcome.payload.kind === "error") this.#refused(operation, outcome.payload.error);
    else this.#accepted(operation, outcome.payload);
    this.#joinsInFlight -= 1;
    subscription.place = "idle";
    for (const group of subscription.groups) group.operation = undefined;
    // Whoever waited for these keys comes before the next batch of the same subscription, or might wait for ever.
    for (const group of subscription.groups) this.settle(group);
    if (subscription.waiting.size > 0) this.#enqueue(subscription);
    this.#pump();
  }

  #accepted({ subscription, waiters }: JoinOperation, payload: CompletionPayload): void {
    for (const group of subscription.groups) {
      group.joined = true;
      group.joinedBy = subscription;
    }
    const { cacheMs } = subscription.rule;
    if (cacheMs !== undefined) {
      const expiresAtMs = this.#parts.clock.now() + cacheMs;
      subscription.cached = { payload: detached(payload), expiresAtMs };
    }
    this.#answer(waiters, payload);
  }

  #refused({ subscription, waiters, restores }: JoinOperation, error: string): void {
    this.#parts.metrics.joinErrors += 1;
    this.#parts.log.debug("join.refused", { method: subscription.rule.join.method });
    for (const waiter of waiters) {
      for (const group of waiter.added) this.#table.remove(waiter.client, group);
    }
    this.#answer(waiters, { kind: "error", error });
    // members of the last epoch whom this join was to bring back.
    for (const group of restores) this.#closeMembers(group);
  }

  #answer(waiters: ReadonlySet<Waiter>, payload: CompletionPayload): void {
    for (const waiter of waiters) {
      if (this.#table.forget(waiter) && waiter.invocationId !== undefined) {
        waiter.client.complete(waiter.invocationId, payload);
      }
    }
  }

  /** The connection ended before the answer. Nobody has seen a result, so the same clients join in the next epoch. */
  #takeBack(waiters: ReadonlySet<Waiter>): void {
    for (const waiter of waiters) {
      for (const group of waiter.added.splice(0)) this.#table.remove(waiter.client, group);
      if (this.#table.isWaiting(waiter)) waiter.subscription.waiting.add(waiter);
    }
  }

  #isAwaited(group: Group): boolean {
    for (const subscription of group.subscriptions) {
      if (subscription.place !== "idle" || subscription.waiting.size > 0) return true;
    }
    return false;
  }

  #startLinger(group: Group): void {
    if (group.linger !== undefined) return;
    group.linger = this.#parts.clock.after(group.rule.lingerMs, () => {
      group.linger = undefined;
      if (group.members.size === 0 && group.joined && group.operation === undefined && !this.#isAwaited(group)) {
        this.#startLeave(group);
      }
    });
  }

  #startLeave(group: Group): void {
    const { leave } = group.rule;
    if (leave === undefined || group.leaveArguments === undefined || !this.#parts.source.isOpen) return;
    group.operation = { kind: "leave", group };
    this.#parts.metrics.originLeaves += 1;
    this.#parts.metrics.savings.countSent("group", group.rule.name);
    this.#parts.source.invoke(leave.method, group.leaveArguments, (outcome) => {
      // A refused leave leaves nothing to do: what still arrives for the key reaches nobody and is counted.
      if (outcome.kind === "completed" && outcome.payload.kind === "error") {
        this.#parts.log.warn("leave.refused", { method: leave.method, error: outcome.payload.error });
      }
      group.operation = undefined;
      group.joined = false;
      this.settle(group);
      this.#pump();
    });
  }

  #closeMembers(group: Group): void {
    for (const member of [...group.members]) {
      // Out of the group first: a client with a hole in its stream must see nothing from behind the hole.
      this.#table.remove(member, group);
      this.#parts.gapCloser.close(member);
    }
  }
}

/** It has members of an earlier epoch and is not joined in this one. */
function isToRestore(group: Group): boolean {
  return !group.joined && group.members.size > 0;
}

/** In memory of its own: a result is a view of the frame it came in. */
function detached(payload: CompletionPayload): CompletionPayload {
  return payload.kind === "result" ? { ...payload, raw: Buffer.from(payload.raw) } : payload;
}
