import type { HubProtocol } from "@signalr-edge/protocol";
import type { GroupKey } from "../../packages/gateway/src/aggregation/group-key.ts";
import { type LinePlace, placeOf } from "../../packages/gateway/src/aggregation/line-place.ts";
import type { HubRules } from "../../packages/gateway/src/config/hub-rules.ts";
import { topicAt, topics } from "./hub-contract.ts";

/** Names an upstream within its partition and hub protocol. */
export function lineName(place: LinePlace): string {
  return place.kind === "shard" ? `shard ${place.shard}` : `key ${place.key}`;
}

/** To which upstream a topic belongs, by the rules alone: a core that is put to the test brings a copy of its own. */
export function lineOfTopic(rules: HubRules, protocol: HubProtocol, topic: number): string {
  const { rule: name } = topicAt(topic);
  const rule = rules.groups.find((group) => group.name === name);
  if (rule === undefined) throw new Error(`the simulated hub has no group ${name}`);
  return lineName(placeOf(rules, protocol, rule, keyOfTopic(topic)));
}

const keys = topics.map(({ rule: name, value }) => {
  const kind = value.kind === "string" ? "s" : "i";
  return `n${name.length}:${name}${kind}${value.text.length}:${value.text}` as GroupKey;
});

/** As the gateway writes it. */
export function keyOfTopic(topic: number): GroupKey {
  const key = keys[topic];
  if (key === undefined) throw new Error(`there is no topic ${topic}`);
  return key;
}
