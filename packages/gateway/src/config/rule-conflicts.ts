import type { HubProtocolName } from "@signalr-edge/protocol";
import { type ConfigIssue, type ConfigPath, formatPath } from "./config-error.ts";
import type { KeyTemplate } from "./hub-rules.ts";
import { areEqualTemplates, parseKeyTemplate, whyNotLeaveKey } from "./key-template.ts";
import { looseList, looseMapping, looseText } from "./loose-value.ts";

/**
 * What the groups of one hub may not say together: two rules for one hub method or one message, a leave that no join
 * matches. Reads the file itself, not the checked config, so that these are found beside errors of other kinds.
 */
export function ruleConflicts(hub: unknown, hubPath: ConfigPath): readonly ConfigIssue[] {
  const groups = looseList(looseMapping(hub).groups).map((group, index) => ({
    group: looseMapping(group),
    path: [...hubPath, "groups", index],
  }));
  return [...nameConflicts(groups), ...methodConflicts(groups), ...targetConflicts(groups), ...leaveConflicts(groups)];
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

function methodConflicts(groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  const seen = new Map<string, ConfigPath>();
  const issues: ConfigIssue[] = [];
  for (const { group, path } of groups) {
    for (const verb of ["join", "leave"]) {
      const method = looseText(looseMapping(group[verb]).method);
      if (method === undefined) continue;
      const methodPath = [...path, verb, "method"];
      // The origin finds hub methods whatever their case.
      const first = seen.get(method.toLowerCase());
      if (first === undefined) seen.set(method.toLowerCase(), methodPath);
      else issues.push({ path: methodPath, message: takenMethodMessage(method, first) });
    }
  }
  return issues;
}

function takenMethodMessage(method: string, first: ConfigPath): string {
  return `"${method}" is taken by ${formatPath(first)}; a hub method, whatever its case, may join or leave one group only`;
}

interface Claim {
  readonly path: ConfigPath;
  readonly keys: Readonly<Record<HubProtocolName, KeyTemplate | undefined>>;
}

function targetConflicts(groups: readonly LooseGroup[]): readonly ConfigIssue[] {
  const claims = new Map<string, Claim[]>();
  const issues: ConfigIssue[] = [];
  for (const { group, path } of groups) {
    for (const [index, message] of looseList(group.messages).entries()) {
      const target = looseText(looseMapping(message).target);
      if (target === undefined) continue;
      const claim = { path: [...path, "messages", index], keys: looseKeys(message) };
      const earlier = claims.get(target) ?? [];
      claims.set(target, [...earlier, claim]);
      const rival = earlier.find((other) => claimSameMessages(other, claim));
      if (rival !== undefined) {
        issues.push({
          path: [...claim.path, "target"],
          message: `"${target}" is claimed with the same key by ${formatPath(rival.path)}; a message may belong to one rule only`,
        });
      }
    }
  }
  return issues;
}

function claimSameMessages(left: Claim, right: Claim): boolean {
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

function looseKeys(rule: unknown): Claim["keys"] {
  const { key, keyMessagePack = key } = looseMapping(rule);
  return { json: looseTemplate(key), messagepack: looseTemplate(keyMessagePack) };
}

function looseTemplate(value: unknown): KeyTemplate | undefined {
  const result = typeof value === "string" ? parseKeyTemplate(value) : undefined;
  return result?.ok ? result.template : undefined;
}
