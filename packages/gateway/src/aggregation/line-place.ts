import type { HubProtocol } from "@signalr-edge/protocol";
import type { GroupRule, HubRules } from "../config/hub-rules.ts";
import { describeKey, type GroupKey } from "./group-key.ts";
import { shardOf } from "./rendezvous.ts";

/** Which of the shared upstreams of one partition and hub protocol. */
export type LinePlace =
  /** From 0. The first one is the primary: broadcasts, calls and streams travel there. */
  | { readonly kind: "shard"; readonly shard: number }
  /** The upstream of a single key (`upstream: perKey`). */
  | KeyPlace;

export interface KeyPlace {
  readonly kind: "key";
  /** Its name: a reload makes a new rule of it. */
  readonly rule: string;
  readonly key: GroupKey;
}

export const primaryPlace: LinePlace = { kind: "shard", shard: 0 };

export function isPrimary(place: LinePlace): boolean {
  return place.kind === "shard" && place.shard === 0;
}

/**
 * Pure: the upstream to which a key belongs, whatever method or message names it. Where one join yields several keys,
 * they must come over one upstream, in whatever lists they stand: there the name of the rule decides for all its keys
 * (docs/adr/0009).
 */
export function placeOf(rules: HubRules, protocol: HubProtocol, rule: GroupRule, key: GroupKey): LinePlace {
  if (rule.upstream === "perKey") return { kind: "key", rule: rule.name, key };
  if (rules.shards === 1) return primaryPlace;
  const { parts } = rule.join.keys[protocol.name];
  const isList = parts.some((part) => typeof part !== "string" && part.expand);
  return { kind: "shard", shard: shardOf(isList ? rule.name : key, rules.shards) };
}

/** For the log and `/api/state`. */
export function describePlace(place: LinePlace): { readonly shard: number } | { readonly key: string } {
  return place.kind === "shard" ? { shard: place.shard } : { key: describeKey(place.key) };
}
