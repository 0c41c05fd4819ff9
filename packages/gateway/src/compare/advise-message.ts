import { hubProtocols } from "@signalr-edge/protocol";
import type { GroupRule, TargetRule } from "../config/hub-rules.ts";
import { type Advice, type Case, writeRule } from "./advice.ts";
import type { MessageDifference } from "./difference.ts";
import { type FoundTemplate, findTemplate } from "./find-template.ts";
import { framePaths, partsOf } from "./frame-form.ts";
import { showShape } from "./show-shape.ts";
import { showPath } from "./value-path.ts";

/** What in the configuration explains a message that is missing, extra, reordered or different. */
export function adviseMessage(facts: Case, difference: MessageDifference): Advice {
  const { rules } = facts;
  const targetRules = rules.targets.get(difference.target) ?? [];
  const [rule] = targetRules;
  if (rules.broadcasts.has(difference.target)) return adviseBroadcast(facts, difference);
  if (rule === undefined) return adviseUnnamed(facts, difference);
  const own = targetRules.find(({ group }) => difference.place.name.startsWith(`${group.name}:`)) ?? rule;
  return adviseTarget(facts, difference, own);
}

function adviseTarget(facts: Case, difference: MessageDifference, rule: TargetRule): Advice {
  const { evidence } = facts;
  const { target, kind, place } = difference;
  const path = pathOf(facts, rule);
  const isDuringJoin = evidence.onlyDuring(target, ({ method }) => isJoin(rule.group, method));
  if (rule.to === "members" && isDuringJoin) return adviseJoiner(path, rule);
  if (rule.to === "joiner" && !isDuringJoin) return adviseMembers(path, rule);
  if (difference.isPerClient) return advisePerClient(facts, difference, rule);
  const wrongKey = adviseKey(facts, rule, path);
  if (wrongKey !== undefined && (kind !== "reordered" || place.kind === "stray")) return wrongKey;
  if (kind === "different") return advisePerClient(facts, difference, rule);
  if (difference.isCopy) return adviseCopy(path, rule);
  if (kind === "missing" && evidence.onlyDuring(target, () => true)) return advisePrivateCopies(path, rule);
  if (kind === "missing" && rule.onSlow !== "close") {
    const left = rule.onSlow === "drop" ? "leaves messages out for" : "keeps only the newest message of a key for";
    return {
      path: `${path}.onSlow`,
      message: `${rule.onSlow} ${left} clients that are behind; with "close" no client misses one and stays (limits.outboxMaxBytes says when a client is behind)`,
    };
  }
  return {
    path,
    message: `the rule is right about ${target}, so the configuration does not explain this; look for gaps and slow consumers in the log and the metrics of the gateway`,
  };
}

/** The key of the rule is wrong, or the rule is in the wrong group; `undefined` if it fits all that was seen. */
function adviseKey(facts: Case, rule: TargetRule, path: string): Advice | undefined {
  const { evidence, rules } = facts;
  const { target, group } = rule;
  if (rule.keys === undefined) return undefined;
  const sightings = evidence.sightingsOf(target);
  const [sample] = sightings.toSorted((left, right) => left.protocol.name.localeCompare(right.protocol.name));
  if (sample === undefined) return undefined;
  const shape = `${target}(${showShape(partsOf(sample.protocol, sample.entry).map(([, value]) => value))})`;
  const current = rule.keys[sample.protocol.name].source;
  const found = findTemplate(sightings, group);
  if (found !== undefined) {
    if (found.source.toLowerCase() === current.toLowerCase() && !found.needsKeyKindText) return undefined;
    return { path: keyPath(facts, path, group, found), message: keyText(current, found, shape, group) };
  }
  for (const [index, other] of rules.groups.entries()) {
    const elsewhere = other === group ? undefined : findTemplate(sightings, other);
    if (elsewhere === undefined) continue;
    const entry = writeRule({ target, key: elsewhere.source });
    return {
      path,
      message: `${target} does not belong to group ${group.name}: direct clients get it after ${other.join.method} (group ${other.name}), not after ${group.join.method}; move it to ${facts.hubPath}.groups[${index}].messages as ${entry}. Its arguments: ${shape}`,
    };
  }
  return {
    path: `${path}.key`,
    message: `no value in ${shape} is what clients joined group ${group.name} with, so no key can be found in it; let the hub send the value along, or write upstream: perKey in the group and leave key out, or take the target out of the rule`,
  };
}

function keyPath(facts: Case, path: string, group: GroupRule, { needsKeyKindText, source }: FoundTemplate): string {
  if (!needsKeyKindText || source === "") return `${path}.key`;
  return `${facts.hubPath}.groups[${facts.rules.groups.indexOf(group)}].keyKind`;
}

function keyText(current: string, found: FoundTemplate, shape: string, group: GroupRule): string {
  if (found.needsKeyKindText) {
    return `the value is text on one side and a number on the other; set keyKind: text, with the key "${found.source}" for the message. Its arguments: ${shape}`;
  }
  return `"${current}" does not find the key that clients joined with ${group.join.method}; "${found.source}" does in every message that a direct client got: write key: "${found.source}". The arguments: ${shape}`;
}

function adviseJoiner(path: string, { target, group }: TargetRule): Advice {
  return {
    path: `${path}.to`,
    message: `direct clients get ${target} only while their own ${group.join.method} runs: the hub sends it to Clients.Caller. Write to: joiner, or every member gets the snapshot of everybody who joins`,
  };
}

function adviseMembers(path: string, { target, group }: TargetRule): Advice {
  return {
    path: `${path}.to`,
    message: `direct clients get ${target} when nobody joins, too: the hub sends it to the group. Take to: joiner out, or clients get it only while their own ${group.join.method} runs`,
  };
}

function advisePerClient(facts: Case, { direct, gateway, protocol }: MessageDifference, rule: TargetRule): Advice {
  const paths =
    direct === undefined || gateway === undefined
      ? []
      : framePaths(hubProtocols[protocol], direct.entry, gateway.entry).slice(0, 3).map(showPath);
  const where = paths.length === 0 ? "" : ` (they differ at ${paths.join(", ")})`;
  return {
    path: pathOf(facts, rule),
    message: `the hub makes ${rule.target} for each client (Clients.Client, Clients.User, or a loop over connections), but a group message is one for all: through the gateway clients see what was made for another${where}. Take the target out of the rule; if the hub sends it only to connections that have joined, take the whole group out, and every client joins as itself`,
  };
}

function adviseCopy(path: string, { target, privateCopies }: TargetRule): Advice {
  if (privateCopies === "deliver") {
    return {
      path: `${path}.privateCopies`,
      message: `deliver lets a second copy of ${target} through, which comes on the client's own connection; write drop, the default, unless the hub also sends it to single clients`,
    };
  }
  return {
    path,
    message: `members get ${target} twice; the hub sends it to more than one group or method that the gateway joins for them, or leaves its caller out (OthersInGroup), which a shared connection cannot`,
  };
}

function advisePrivateCopies(path: string, { target }: TargetRule): Advice {
  return {
    path: `${path}.privateCopies`,
    message: `the hub sends ${target} to its caller as well, and the gateway takes that for a second copy of a group message; write privateCopies: deliver`,
  };
}

function adviseBroadcast(facts: Case, { target, kind }: MessageDifference): Advice {
  const index = facts.hub.broadcasts.findIndex((broadcast) => broadcast.target === target);
  const path = `${facts.hubPath}.broadcasts[${index}]`;
  if (kind === "reordered" || facts.evidence.reachesEverybody(target)) {
    return {
      path,
      message: `the rule is right about ${target}, so the configuration does not explain this; look for gaps and slow consumers in the log and the metrics of the gateway`,
    };
  }
  const owner = ownerOf(facts, target);
  const instead = owner === undefined ? "" : `; it belongs into ${owner.path}.messages as ${owner.entry}`;
  return { path, message: `${target} does not reach all direct clients: it is no broadcast; take it out${instead}` };
}

/** A target that no rule names came to direct clients and not, or otherwise, through the gateway. */
function adviseUnnamed(facts: Case, { target, kind }: MessageDifference): Advice {
  const { evidence, hubPath } = facts;
  if (kind !== "missing") {
    const isLazy = facts.hub.privateUpstream === "lazy";
    return {
      path: isLazy ? `${hubPath}.privateUpstream` : hubPath,
      message: `${isLazy ? `if the hub sends clients their connection id in ${target}, write eager: with lazy the id at the origin is not the one that the client knows. Otherwise: ` : ""}no rule names ${target}, so it comes over the client's own connection; if it differs at every call, add - { target: ${target}, path: "{0}" } to ignore in the scenario, with the path of the value that differs`,
    };
  }
  const owner = ownerOf(facts, target);
  if (owner !== undefined) {
    return {
      path: `${owner.path}.messages`,
      message: `no rule names ${target}, but direct clients get it for what they joined with ${owner.group.join.method}; add - ${owner.entry}`,
    };
  }
  if (evidence.reachesEverybody(target) && !evidence.onlyDuring(target, () => true)) {
    return {
      path: `${hubPath}.broadcasts`,
      message: `no rule names ${target}, and every direct client gets it: the hub sends it to Clients.All. Add - ${writeRule({ target })}`,
    };
  }
  return {
    path: `${hubPath}.privateUpstream`,
    message: `no rule names ${target}, so it comes over the client's own connection, which ${facts.hub.privateUpstream} opens ${facts.hub.privateUpstream === "never" ? "never" : "too late for it"}; write privateUpstream: eager`,
  };
}

function ownerOf(facts: Case, target: string) {
  const sightings = facts.evidence.sightingsOf(target);
  for (const [index, group] of facts.rules.groups.entries()) {
    const found = findTemplate(sightings, group);
    if (found === undefined) continue;
    const isSnapshot = facts.evidence.onlyDuring(target, ({ method }) => isJoin(group, method));
    const entry = writeRule({ target, key: found.source, ...(isSnapshot && { to: "joiner" }) });
    return { path: `${facts.hubPath}.groups[${index}]`, group, entry };
  }
  return undefined;
}

function isJoin({ join }: GroupRule, method: string): boolean {
  return join.method.toLowerCase() === method.toLowerCase();
}

function pathOf({ rules, hubPath }: Case, rule: TargetRule): string {
  const { group } = rule;
  return `${hubPath}.groups[${rules.groups.indexOf(group)}].messages[${group.messages.indexOf(rule)}]`;
}
