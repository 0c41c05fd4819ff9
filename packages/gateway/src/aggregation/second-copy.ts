import type { Envelope, Frame } from "@signalr-edge/protocol";
import type { GroupRule, HubRules } from "../config/hub-rules.ts";
import { attributeFrame } from "./attribute-frame.ts";
import { isBroadcast } from "./broadcast-group.ts";
import type { GroupKey } from "./group-key.ts";
import { placeOf, primaryPlace } from "./line-place.ts";
import type { LineTable } from "./line-table.ts";
import type { Membership } from "./membership.ts";
import type { HubClient } from "./ports.ts";

/**
 * Whether an invocation on a client's private upstream brings what the client also gets from a shared one, or
 * belongs to a question that is put there on its behalf. A target without a key cannot be told there: it is news.
 */
export function isSecondCopy(
  rules: HubRules,
  lines: LineTable,
  client: HubClient,
  envelope: Envelope,
  frame: Frame,
): boolean {
  if (isBroadcast(rules, envelope)) return lines.find(client, primaryPlace)?.broadcasts.reaches(client) === true;
  const { membership, protocol } = client;
  if (membership === undefined) return false;
  const isMember = (rule: GroupRule, key: GroupKey): boolean =>
    lines
      .find(client, placeOf(rules, protocol, rule, key))
      ?.groups.groups.get(key)
      ?.members.has(client) === true;
  const isCopy = attributeFrame(rules, protocol, envelope, frame, undefined).some(
    ({ rule: { group, privateCopies, to }, key }) =>
      isProbed(membership, key) || (privateCopies === "drop" && to === "members" && isMember(group, key)),
  );
  return isCopy || answersProbe(rules, membership, envelope);
}

function isProbed({ probes }: Membership, key: GroupKey): boolean {
  for (const probe of probes) if (probe.keys.has(key)) return true;
  return false;
}

/** Without a key in the message, the rule that is being probed has to do. */
function answersProbe(rules: HubRules, { probes }: Membership, { target }: Envelope): boolean {
  if (probes.size === 0 || target === undefined) return false;
  const keyless = rules.targets.get(target)?.filter(({ keys }) => keys === undefined) ?? [];
  return [...probes].some((probe) => keyless.some(({ group }) => group.name === probe.rule.name));
}
