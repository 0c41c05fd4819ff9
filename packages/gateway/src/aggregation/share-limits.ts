import type { RefusingLimit } from "../observe/metrics.ts";
import type { NamedKey } from "./group-key.ts";
import type { GroupTable } from "./group-table.ts";
import { Membership } from "./membership.ts";
import type { HubClient } from "./ports.ts";

export interface ShareLimits {
  readonly maxGroupsPerClient: number;
  readonly maxGroupsPerAddress: number;
  readonly maxGroups: number;
  readonly maxJoinsPerSecond: number;
}

/** The limit that a client would go over, and what it is told. */
export interface Excess {
  readonly limit: RefusingLimit;
  readonly reason: string;
}

/** Whether the client, and all of its address, may take part in `count` more. */
export function overMembership(
  { membership, address }: HubClient,
  count: number,
  { maxGroupsPerClient, maxGroupsPerAddress }: ShareLimits,
): Excess | undefined {
  if ((membership?.size ?? 0) + count > maxGroupsPerClient) {
    return { limit: "maxGroupsPerClient", reason: `A connection may be in ${maxGroupsPerClient} groups.` };
  }
  if ((address?.groups ?? 0) + count > maxGroupsPerAddress) {
    const reason = `The connections of one address may be in ${maxGroupsPerAddress} groups.`;
    return { limit: "maxGroupsPerAddress", reason };
  }
  return undefined;
}

/** Takes `count` from what the client may ask for, if there is as much left: made-up keys cost the origin calls too. */
export function overJoinRate(
  client: HubClient,
  count: number,
  { maxGroupsPerClient, maxJoinsPerSecond }: ShareLimits,
  nowMs: number,
): Excess | undefined {
  client.membership ??= new Membership();
  const bounds = { atOnce: maxGroupsPerClient + maxJoinsPerSecond, perSecond: maxJoinsPerSecond };
  if (client.membership.joinAllowance.take(count, bounds, nowMs)) return undefined;
  return { limit: "maxJoinsPerSecond", reason: `A connection may ask for ${maxJoinsPerSecond} joins per second.` };
}

/** Whether the gateway has room for the groups, of which those that are there cost nothing, and for one more that waits. */
export function overRoom(
  keys: readonly NamedKey[],
  { groups, hasRoom }: GroupTable,
  { limits, groupCount }: { readonly limits: ShareLimits; readonly groupCount: () => number },
): Excess | undefined {
  const newCount = keys.reduce((count, { key }) => (groups.has(key) ? count : count + 1), 0);
  if (newCount > 0 && groupCount() + newCount > limits.maxGroups) {
    return { limit: "maxGroups", reason: "The gateway has too many groups." };
  }
  return hasRoom ? undefined : { limit: "maxWaitingJoins", reason: "Too many joins are waiting." };
}
