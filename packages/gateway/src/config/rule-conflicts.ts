import type { HubProtocolName } from "@signalr-edge/protocol";
import { complaint } from "./complaint.ts";
import { type ConfigIssue, type ConfigPath, formatPath } from "./config-error.ts";
import type { KeyTemplate } from "./hub-rules.ts";
import { areEqualTemplates, keyReferences, parseKeyTemplate, whyNotLeaveKey } from "./key-template.ts";
import { looseList, looseMapping, looseText } from "./loose-value.ts";

/**
 * What the rules of one hub may not say together: two rules for one hub method or one message, a leave that no join
 * matches. Reads the file itself, not the checked config, so that these are found beside errors of other kinds.
 */
export function ruleConflicts(hub: unknown, hubPath: ConfigPath): readonly ConfigIssue[] {
  const groups = looseList(looseMapping(hub).groups).map((group, index) => ({
    group: looseMapping(group),
    path: [...hubPath, "groups", index],
  }));
  return [
    ...nameConflicts(groups),
    ...methodConflicts([...groups.flatMap(groupMethods), ...queryMethods(hub, hubPath)]),
    ...targetConflicts(groups),
    ...broadcastConflicts(hub, hubPath, groups),
    ...leaveConflicts(groups),
    ...groups.flatMap(upstreamConflicts),
  ];
}

interface LooseGroup {
  readonly group: Readonly<Record<string, unknown>>;
  readonly path: ConfigPath;
}

function nameConflicts(groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  const seen = new Map<string, ConfigPath>();
  return groups.flatMap(({ group, path }) => {
    const name = looseText(group.name);
    if (name === undefined) return [];
    const namePath = [...path, "name"];
    const first = seen.get(name);
    if (first === undefined) seen.set(name, namePath);
    return first === undefined
      ? []
      : [
          {
            path: namePath,
            message: `"${name}" is taken by ${formatPath(first)}; the names of a hub's groups must differ`,
          },
        ];
  });
}

/** Something that the file names, and where. */
interface Named {
  readonly name: string;
  readonly path: ConfigPath;
}

function groupMethods({ group, path }: LooseGroup): readonly Named[] {
  return ["join", "leave"].flatMap((verb) => named(looseMapping(group[verb]).method, [...path, verb, "method"]));
}

function queryMethods(hub: unknown, hubPath: ConfigPath): readonly Named[] {
  return ["calls", "streams"].flatMap((key) =>
    looseList(looseMapping(hub)[key]).flatMap((rule, index) =>
      named(looseMapping(rule).method, [...hubPath, key, index, "method"]),
    ),
  );
}

function named(value: unknown, path: ConfigPath): readonly Named[] {
  const name = looseText(value);
  return name === undefined ? [] : [{ name, path }];
}

function methodConflicts(methods: readonly Named[]): readonly ConfigIssue[] {
  const seen = new Map<string, ConfigPath>();
  const issues: ConfigIssue[] = [];
  for (const { name, path } of methods) {
    // The origin finds hub methods whatever their case.
    const first = seen.get(name.toLowerCase());
    if (first === undefined) seen.set(name.toLowerCase(), path);
    else issues.push({ path, message: takenMethodMessage(name, first) });
  }
  return issues;
}

function takenMethodMessage(method: string, first: ConfigPath): string {
  return `"${method}" is taken by ${formatPath(first)}; a hub method, whatever its case, may stand in one rule only`;
}

/** A broadcast reaches everybody already: a second rule of its target could only deliver it twice. */
function broadcastConflicts(hub: unknown, hubPath: ConfigPath, groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  const seen = new Map<string, ConfigPath>();
  for (const { name, path } of groups.flatMap(groupTargets)) if (!seen.has(name)) seen.set(name, path);
  const issues: ConfigIssue[] = [];
  for (const [index, broadcast] of looseList(looseMapping(hub).broadcasts).entries()) {
    for (const { name, path } of named(looseMapping(broadcast).target, [...hubPath, "broadcasts", index, "target"])) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, path);
      else issues.push({ path, message: takenTargetMessage(name, first) });
    }
  }
  return issues;
}

function groupTargets({ group, path }: LooseGroup): readonly Named[] {
  return looseList(group.messages).flatMap((message, index) =>
    named(looseMapping(message).target, [...path, "messages", index, "target"]),
  );
}

function takenTargetMessage(target: string, first: ConfigPath): string {
  return `"${target}" is taken by ${formatPath(first)}; a target that all clients get may stand in one rule only`;
}

interface Claim {
  readonly path: ConfigPath;
  readonly group: LooseGroup["group"];
  readonly keys: Readonly<Record<HubProtocolName, KeyTemplate | undefined>>;
}

function targetConflicts(groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  const claims = new Map<string, Claim[]>();
  const issues: ConfigIssue[] = [];
  for (const { group, path } of groups) {
    for (const [index, message] of looseList(group.messages).entries()) {
      const target = looseText(looseMapping(message).target);
      if (target === undefined) continue;
      const claim = { path: [...path, "messages", index], group, keys: looseKeys(message) };
      const earlier = claims.get(target) ?? [];
      claims.set(target, [...earlier, claim]);
      const rival = earlier.find((other) => claimSameMessages(other, claim));
      if (rival !== undefined) {
        const how = isPerKey(group) ? "claimed" : "claimed with the same key";
        const message = `"${target}" is ${how} by ${formatPath(rival.path)}; a message may belong to one rule only`;
        issues.push({ path: [...claim.path, "target"], message });
      }
    }
  }
  return issues;
}

/** What comes on the upstream of a key is for that key alone, so there the rules of other groups are no rivals. */
function claimSameMessages(left: Claim, right: Claim): boolean {
  if (isPerKey(left.group) || isPerKey(right.group)) return left.group === right.group;
  return (["json", "messagepack"] as const).some((protocol) => {
    const [leftKey, rightKey] = [left.keys[protocol], right.keys[protocol]];
    return leftKey !== undefined && rightKey !== undefined && areEqualTemplates(leftKey, rightKey);
  });
}

function leaveConflicts(groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  return groups.flatMap(({ group, path }) => {
    const [join, leave] = [looseKeys(group.join), looseKeys(group.leave)];
    const whyNot = (protocol: HubProtocolName): string | undefined => {
      const [joinKey, leaveKey] = [join[protocol], leave[protocol]];
      return joinKey === undefined || leaveKey === undefined ? undefined : whyNotLeaveKey(joinKey, leaveKey);
    };
    const json = whyNot("json");
    if (json !== undefined) return [{ path: [...path, "leave", "key"], message: json }];
    const messagePack = whyNot("messagepack");
    if (messagePack === undefined) return [];
    const key = "keyMessagePack" in looseMapping(group.leave) ? "keyMessagePack" : "key";
    return [{ path: [...path, "leave", key], message: `on MessagePack connections, ${messagePack}` }];
  });
}

/** Who has to say the key of a message: the message itself, unless it is the upstream. */
function upstreamConflicts({ group, path }: LooseGroup): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const keys = isPerKey(group) ? Object.entries(looseMapping(group.join)) : [];
  for (const [name, value] of keys) {
    const template = name === "key" || name === "keyMessagePack" ? looseTemplate(value) : undefined;
    if (template === undefined || !keyReferences(template).some(({ expand }) => expand)) continue;
    const message = `${JSON.stringify(template.source)} must yield one key with upstream: perKey, for one join cannot be made on several upstreams; leave out [], or write upstream: shared`;
    issues.push({ path: [...path, "join", name], message });
  }
  for (const [index, message] of looseList(group.messages).entries()) {
    const { key, keyMessagePack, target } = looseMapping(message);
    if (target === undefined || key !== undefined || (isPerKey(group) && keyMessagePack === undefined)) continue;
    const keyPath = [...path, "messages", index, "key"];
    if (isPerKey(group)) issues.push({ path: keyPath, message: "is missing; keyMessagePack can only replace a key" });
    else issues.push({ path: keyPath, message: complaint(key, messageKey) });
  }
  return issues;
}

const messageKey =
  'a key template such as "{0}" or "{0.eventId}"; for messages that do not carry their key, write upstream: perKey';

function isPerKey({ upstream }: LooseGroup["group"]): boolean {
  return upstream === "perKey";
}

function looseKeys(rule: unknown): Claim["keys"] {
  const { key, keyMessagePack = key } = looseMapping(rule);
  return { json: looseTemplate(key), messagepack: looseTemplate(keyMessagePack) };
}

function looseTemplate(value: unknown): KeyTemplate | undefined {
  const result = typeof value === "string" ? parseKeyTemplate(value) : undefined;
  return result?.ok ? result.template : undefined;
}
