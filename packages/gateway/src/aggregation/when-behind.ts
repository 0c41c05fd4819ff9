import { assertNever } from "../assert-never.ts";
import type { TargetRule } from "../config/hub-rules.ts";
import type { GroupKey } from "./group-key.ts";
import type { WhenBehind } from "./shared-frame.ts";

const drop: WhenBehind = { kind: "drop" };

/** Pure: what a rule says of members that are behind (aggregation.md 7). */
export function whenBehind({ onSlow, target }: TargetRule, key: GroupKey): WhenBehind | undefined {
  switch (onSlow) {
    case "close":
      return undefined;
    case "drop":
      return drop;
    case "conflate":
      return { kind: "conflate", target, group: key };
    default:
      return assertNever(onSlow);
  }
}
