import type { CompletionPayload } from "@signalr-edge/protocol";
import type { GroupRule } from "../config/hub-rules.ts";
import type { Group } from "./group.ts";
import type { GroupTable } from "./group-table.ts";
import type { Member } from "./ports.ts";

/** One client's join that has not been answered yet. */
export interface Waiter {
  readonly client: Member;
  readonly table: GroupTable;
  readonly subscription: Subscription;
  /** `undefined`: fire-and-forget, gets no completion. */
  readonly invocationId: string | undefined;
  /** Groups that it asks to be a member of. The client's own leave takes them out; the completion comes all the same. */
  readonly wanted: Set<Group>;
  /** Groups that this join made the client a member of; undone if the origin refuses the join. */
  readonly added: Group[];
}

/** One hub invocation at the origin. The object is its own identity: an answer to another one has no effect. */
export type Operation = JoinOperation | LeaveOperation;

export interface JoinOperation {
  readonly kind: "join";
  readonly subscription: Subscription;
  /** The batch; clients that are gone stay in it and are not answered. */
  readonly waiters: ReadonlySet<Waiter>;
  /** Groups whose members of an earlier epoch it brings back. */
  readonly restores: ReadonlySet<Group>;
}

export interface LeaveOperation {
  readonly kind: "leave";
  readonly group: Group;
}

/**
 * A join method with its exact arguments. Clients that join with the same bytes share its invocations: at most one is
 * in flight and one batch waits. Changed by `Reconciler` only.
 */
export class Subscription {
  readonly id: string;
  /** As the rule of its groups. */
  rule: GroupRule;
  /** Copies: they outlive the frame of the client that came first. */
  readonly rawArguments: readonly Uint8Array[];
  readonly groups: readonly Group[];
  /** The batch that the next invocation serves. */
  waiting = new Set<Waiter>();
  /** The newest result, for rules that let it answer later joins. */
  cached: { readonly payload: CompletionPayload; readonly expiresAtMs: number } | undefined;
  place: "idle" | "ready" | "blocked" | "inFlight" = "idle";

  constructor(id: string, rule: GroupRule, rawArguments: readonly Uint8Array[], groups: readonly Group[]) {
    this.id = id;
    this.rule = rule;
    this.rawArguments = rawArguments;
    this.groups = groups;
  }
}
