import type { Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
import type { Clock } from "../clock.ts";
import type { GroupRule, TargetRule } from "../config/hub-rules.ts";
import type { HubSavings } from "../observe/savings.ts";
import { Group } from "./group.ts";
import type { GroupKey, NamedKey } from "./group-key.ts";
import { leaveArguments } from "./leave-arguments.ts";
import { Membership } from "./membership.ts";
import type { GroupSource, Member } from "./ports.ts";
import { argumentsIdentity, rawArgumentsOf } from "./raw-arguments.ts";
import { Reconciler, type ReconcilerParts } from "./reconciler.ts";
import type { SharedFrame } from "./shared-frame.ts";
import { Subscription, type Waiter } from "./subscription.ts";

export interface GroupTableParts extends ReconcilerParts {
  /** Most joins without an answer, over all clients. */
  readonly maxWaitingJoins: number;
}

/**
 * The groups of one shared upstream: who is in which (both sides of a membership change here and nowhere else), and the
 * subscriptions behind them. What the origin is told is the `Reconciler`'s work.
 */
export class GroupTable {
  readonly protocol: HubProtocol;
  readonly source: GroupSource;
  readonly groups = new Map<GroupKey, Group>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #reconciler: Reconciler;
  readonly #clock: Clock;
  readonly #savings: HubSavings;
  readonly #maxWaitingJoins: number;
  #waiterCount = 0;

  constructor(protocol: HubProtocol, parts: GroupTableParts) {
    this.protocol = protocol;
    this.source = parts.source;
    this.#clock = parts.clock;
    this.#savings = parts.metrics.savings;
    this.#maxWaitingJoins = parts.maxWaitingJoins;
    this.#reconciler = new Reconciler(this, parts);
  }

  /** False if too many joins wait already: this one is not taken. */
  get hasRoom(): boolean {
    return this.#waiterCount < this.#maxWaitingJoins;
  }

  /** `keys` are those that the invocation names under the rule's join template, at least one. */
  join(client: Member, rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): void {
    const subscription = this.#subscriptionFor(rule, keys, envelope, frame);
    if (this.#joinFromCache(client, subscription, envelope)) return;
    this.#waiterCount += 1;
    const waiter: Waiter = {
      client,
      table: this,
      subscription,
      invocationId: envelope.invocationId,
      wanted: new Set(subscription.groups),
      added: [],
    };
    client.membership ??= new Membership();
    client.membership.waiters.add(waiter);
    subscription.waiting.add(waiter);
    this.#reconciler.request(subscription);
  }

  /** the client is out at once, whatever the origin is told later. */
  leave(client: Member, key: GroupKey): void {
    const group = this.groups.get(key);
    if (group === undefined) return;
    for (const waiter of client.membership?.waiters ?? []) waiter.wanted.delete(group);
    this.remove(client, group);
  }

  /** The client of a join of this table is gone. */
  abandon(waiter: Waiter): void {
    this.forget(waiter);
    const { subscription } = waiter;
    if (subscription.waiting.delete(waiter)) this.#reconciler.withdraw(subscription);
  }

  /** Writes to whom the rule says; returns how many clients that were. */
  deliver(rule: TargetRule, group: Group, frame: SharedFrame): number {
    if (rule.to === "members") {
      group.fanOut(frame);
      return group.members.size;
    }
    return this.#deliverToJoiners(group, frame);
  }

  sourceUp(): void {
    this.#reconciler.sourceUp();
  }

  sourceDown(): void {
    this.#reconciler.sourceDown();
  }

  sourceRefused(): void {
    this.#reconciler.sourceRefused();
  }

  /** Groups keep their members and what the origin was told; from now on they follow the rules of the same names. */
  useRules(rules: readonly GroupRule[]): void {
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    for (const group of this.groups.values()) group.rule = byName.get(group.rule.name) ?? group.rule;
    for (const subscription of this.#subscriptions.values()) {
      subscription.rule = byName.get(subscription.rule.name) ?? subscription.rule;
    }
  }

  subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions.values()];
  }

  /** True if the client was not a member before. */
  add(client: Member, group: Group): boolean {
    if (group.members.has(client)) return false;
    group.members.add(client);
    client.membership ??= new Membership();
    client.membership.groups.add(group);
    if (client.address !== undefined) client.address.groups += 1;
    return true;
  }

  remove(client: Member, group: Group): void {
    if (!group.members.has(client)) return;
    client.letGo(group.key);
    this.takeOut(client, group);
  }

  /** As `remove`, for a client that is gone. */
  takeOut(client: Member, group: Group): void {
    if (!group.members.delete(client)) return;
    client.membership?.groups.delete(group);
    if (client.address !== undefined) client.address.groups -= 1;
    if (group.members.size === 0) this.#reconciler.settle(group);
  }

  /** Ends the wait; false if it had ended before because the client is gone. */
  forget(waiter: Waiter): boolean {
    if (waiter.client.membership?.waiters.delete(waiter) !== true) return false;
    this.#waiterCount -= 1;
    return true;
  }

  isWaiting(waiter: Waiter): boolean {
    return waiter.client.membership?.waiters.has(waiter) ?? false;
  }

  /** Drops the subscriptions that nothing needs any more, and with them the groups that no subscription names. */
  collect(group: Group): void {
    for (const subscription of group.subscriptions) {
      if (subscription.place !== "idle" || subscription.waiting.size > 0) continue;
      if (!subscription.groups.every(isUnused)) continue;
      this.#subscriptions.delete(subscription.id);
      for (const named of subscription.groups) {
        named.subscriptions.delete(subscription);
        if (named.subscriptions.size === 0) this.groups.delete(named.key);
      }
    }
  }

  /** joined keys, whose result carries no state and is not too old, cost no call at the origin. */
  #joinFromCache(client: Member, { cached, groups }: Subscription, { invocationId }: Envelope): boolean {
    if (cached === undefined || cached.expiresAtMs <= this.#clock.now()) return false;
    // A further join in flight does not end what it renews: else joins that keep coming would never be served from here.
    if (!groups.every((group) => group.joined && group.operation?.kind !== "leave")) return false;
    for (const group of groups) {
      group.linger?.cancel();
      group.linger = undefined;
      this.add(client, group);
    }
    if (invocationId !== undefined) client.complete(invocationId, cached.payload);
    return true;
  }

  /** R-23; after a lost epoch the members that are being brought back are joiners again (R-30 `rejoin`). */
  #deliverToJoiners(group: Group, frame: SharedFrame): number {
    const { operation } = group;
    if (operation?.kind !== "join") return 0;
    if (operation.restores.has(group) && group.rule.onGap === "rejoin") {
      group.fanOut(frame);
      return group.members.size;
    }
    const written = new Set<Member>();
    for (const waiter of operation.waiters) {
      if (!waiter.wanted.has(group) || !this.isWaiting(waiter) || written.has(waiter.client)) continue;
      written.add(waiter.client);
      waiter.client.write(frame);
    }
    return written.size;
  }

  #subscriptionFor(rule: GroupRule, keys: readonly NamedKey[], envelope: Envelope, frame: Frame): Subscription {
    const views = rawArgumentsOf(envelope, frame);
    const id = argumentsIdentity(rule.name, views);
    let subscription = this.#subscriptions.get(id);
    if (subscription === undefined) {
      const groups = keys.map((named) => this.#groupFor(named, rule));
      const copies = views.map((view) => Buffer.from(view)); // outlive the client's frame
      subscription = new Subscription(id, rule, copies, groups);
      this.#subscriptions.set(id, subscription);
      for (const group of groups) group.subscriptions.add(subscription);
    }
    return subscription;
  }

  #groupFor({ key, scalars }: NamedKey, rule: GroupRule): Group {
    let group = this.groups.get(key);
    if (group === undefined) {
      const savings = this.#savings.rule("group", rule.name);
      group = new Group(this, key, rule, leaveArguments(rule, this.protocol, scalars), savings);
      this.groups.set(key, group);
    }
    return group;
  }
}

function isUnused(group: Group): boolean {
  return group.members.size === 0 && !group.joined && group.operation === undefined && group.linger === undefined;
}
