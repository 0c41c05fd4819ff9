import type { Group } from "./group.ts";
import type { Waiter } from "./subscription.ts";

/** A client's side of its groups and pending joins, so that leaving them all does not search every group. */
export class Membership {
  readonly groups = new Set<Group>();
  readonly waiters = new Set<Waiter>();
}
