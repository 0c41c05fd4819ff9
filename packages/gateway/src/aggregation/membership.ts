import type { Caller } from "./call-table.ts";
import type { Group } from "./group.ts";
import type { Probe } from "./probe.ts";
import type { SharedStream } from "./shared-stream.ts";
import type { StreamTable } from "./stream-table.ts";
import type { Waiter } from "./subscription.ts";

/** A client's side of its groups, pending joins and shared streams, so that leaving them all searches nothing. */
export class Membership {
  readonly groups = new Set<Group>();
  readonly waiters = new Set<Waiter>();
  /** By the client's own invocation id. */
  readonly streams = new Map<string, { readonly table: StreamTable; readonly stream: SharedStream }>();
  /** Shared calls that wait for their answer. */
  readonly callers = new Set<Caller>();
  /** Joins whose permission the origin is being asked for. */
  readonly probes = new Set<Probe>();

  /** How much of the gateway's memory the client takes up: groups, and everything that waits. */
  get size(): number {
    return this.groups.size + this.waiters.size + this.streams.size + this.callers.size + this.probes.size;
  }
}
