import type { Timer } from "../clock.ts";
import type { GroupRule } from "../config/hub-rules.ts";
import type { RuleSavings } from "../observe/savings.ts";
import type { GroupKey } from "./group-key.ts";
import type { GroupTable } from "./group-table.ts";
import type { Member } from "./ports.ts";
import type { SharedFrame } from "./shared-frame.ts";
import type { Operation, Subscription } from "./subscription.ts";

/**
 * The members of one key and what the gateway knows of the origin-side membership. The ref-count is `members.size`.
 * Changed by `GroupTable` (members) and `Reconciler` (everything else).
 */
export class Group {
  /** Where it belongs: the groups of one client may be in several tables. */
  readonly table: GroupTable;
  readonly key: GroupKey;
  /** A reload may put another in its place, with the same name and the same methods and keys. */
  rule: GroupRule;
  readonly members = new Set<Member>();
  /** Whether the shared upstream is in the origin's group, as far as completed operations of this epoch tell. */
  joined = false;
  /** The one join or leave in flight for this key. */
  operation: Operation | undefined;
  /** Subscriptions that wait for `operation` to end, in order of arrival. */
  readonly blocked: Subscription[] = [];
  /** Runs while the group is empty and still joined. */
  linger: Timer | undefined;
  /** The subscription that joined this key last: it joins it again after the upstream was lost. */
  joinedBy: Subscription | undefined;
  /** Every subscription that names this key; the group is kept as long as there is one. */
  readonly subscriptions = new Set<Subscription>();
  /** Raw arguments that leave exactly this key at the origin; `undefined` if the rule has no leave method. */
  readonly leaveArguments: readonly Uint8Array[] | undefined;
  /** Of the rule; all its groups share it. */
  readonly savings: RuleSavings;

  constructor(
    table: GroupTable,
    key: GroupKey,
    rule: GroupRule,
    leaveArguments: readonly Uint8Array[] | undefined,
    savings: RuleSavings,
  ) {
    this.table = table;
    this.key = key;
    this.rule = rule;
    this.leaveArguments = leaveArguments;
    this.savings = savings;
  }

  fanOut(frame: SharedFrame): void {
    for (const member of this.members) member.write(frame);
  }
}
