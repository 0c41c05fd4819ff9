import type { Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";
import type { HubRules, TargetRule } from "../config/hub-rules.ts";
import { type GroupKey, groupKey } from "./group-key.ts";
import type { LinePlace } from "./line-place.ts";

/** A group that a frame belongs to, and the rule that says so. */
export interface Attribution {
  readonly rule: TargetRule;
  readonly key: GroupKey;
}

const nowhere: readonly Attribution[] = [];

/**
 * Pure: the groups of an origin's invocation, from its target and arguments, or from the upstream of one key that it came
 * on; no group name is on the wire. Exact or empty, never a guess (aggregation.md R-03). More than one only where rules
 * share a target. `place` is `undefined` for what came on a private upstream.
 */
export function attributeFrame(
  rules: HubRules,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
  place: LinePlace | undefined,
): readonly Attribution[] {
  const targetRules = envelope.target === undefined ? undefined : rules.targets.get(envelope.target);
  if (targetRules === undefined) return nowhere;
  const attributions: Attribution[] = [];
  for (const rule of targetRules) {
    const { group, keys } = rule;
    const key =
      keys === undefined ? keyOfLine(place, rule) : groupKey(group, keys[protocol.name], protocol, envelope, frame);
    if (key !== undefined) attributions.push({ rule, key });
  }
  return attributions;
}

function keyOfLine(place: LinePlace | undefined, { group }: TargetRule): GroupKey | undefined {
  return place?.kind === "key" && place.rule === group.name ? place.key : undefined;
}
