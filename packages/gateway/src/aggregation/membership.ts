import { Allowance } from "../allowance.ts";
import type { Caller } from "./call-table.ts";
import type { Group } from "./group.ts";
import type { Member } from "./ports.ts";
import type { Probe } from "./probe.ts";
import type { SharedStream } from "./shared-stream.ts";
import { SparseMap } from "./sparse-map.ts";
import { SparseSet } from "./sparse-set.ts";
import type { StreamTable } from "./stream-table.ts";
import type { Waiter } from "./subscription.ts";

/**
 * A client's side of its groups, pending joins and shared streams, on whichever shared upstreams they are, so that leaving
 * them all searches nothing. An idle client has groups only.
 */
export class Membership {
  readonly groups = new Set<Group>();
  readonly waiters = new SparseSet<Waiter>();
  /** By the client's own invocation id. */
  readonly streams = new SparseMap<string, { readonly table: StreamTable; readonly stream: SharedStream }>();
  /** Shared calls that wait for their answer. */
  readonly callers = new SparseSet<Caller>();
  /** Joins whose permission the origin is being asked for. */
  readonly probes = new SparseSet<Probe>();

  /** What it may still ask to join: keys that the origin refuses, or that are left at once, cost it a call all the same. */
  readonly joinAllowance = new Allowance();

  /** The client is gone: out of everything that it has on shared upstreams, and of what it waits for there. */
  leaveAll(client: Member): void {
    this.probes.clear();
    for (const waiter of [...this.waiters]) waiter.table.abandon(waiter);
    for (const group of [...this.groups]) group.table.takeOut(client, group);
    for (const [invocationId, { table, stream }] of [...this.streams]) table.close(client, invocationId, stream);
    for (const caller of [...this.callers]) caller.table.forget(caller);
  }

  /** How much of the gateway's memory the client takes up: groups, and everything that waits. */
  get size(): number {
    return this.groups.size + this.waiters.size + this.streams.size + this.callers.size + this.probes.size;
  }
}
