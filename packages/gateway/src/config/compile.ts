import type {
  Access,
  BroadcastRule,
  CallRule,
  GroupRule,
  HubMethodRule,
  HubRules,
  KeyTemplate,
  KeyTemplates,
  PartitionSource,
  StreamRule,
  TargetRule,
} from "./hub-rules.ts";
import { parseKeyTemplate } from "./key-template.ts";
import type { AccessConfig, GroupConfig, HubConfig, KeyConfig, QueryConfig } from "./schema.ts";

/**
 * The rules of one hub as the data path looks them up. Pure. `hub` comes from `loadConfig`: what it refuses (a key that
 * cannot be read, a hub method with two rules) is thrown here as an `Error`.
 */
export function compileHubRules(hub: HubConfig): HubRules {
  const groups = hub.groups.map(compileGroup);
  const joins = new Map<string, GroupRule>();
  const leaves = new Map<string, GroupRule>();
  const calls = new Map<string, CallRule>();
  const streams = new Map<string, StreamRule>();
  const targets = new Map<string, TargetRule[]>();
  for (const group of groups) {
    addMethod(joins, group.join.method, group);
    if (group.leave !== undefined) addMethod(leaves, group.leave.method, group);
    for (const message of group.messages) {
      const rules = targets.get(message.target);
      if (rules === undefined) targets.set(message.target, [message]);
      else rules.push(message);
    }
  }
  for (const call of hub.calls) addMethod(calls, call.method, { ...compileQuery(call), ttlMs: call.ttlMs });
  for (const stream of hub.streams) addMethod(streams, stream.method, compileQuery(stream));
  const broadcasts = new Map<string, BroadcastRule>();
  for (const broadcast of hub.broadcasts) broadcasts.set(broadcast.target, broadcast);
  const partitionBy = hub.partitionBy.filter((source) => claimOf(source) === undefined).map(compilePartitionSource);
  const { shards } = hub.sharedUpstream;
  return { path: hub.path, groups, joins, leaves, targets, calls, streams, broadcasts, partitionBy, shards };
}

/** Claims that `partitionBy` names. They never travel to the origin, so the rules of the data path do not know them. */
export function partitionClaims({ partitionBy }: HubConfig): readonly string[] {
  return partitionBy.flatMap((source) => claimOf(source) ?? []);
}

function claimOf(source: string): string | undefined {
  return source.startsWith("claim.") ? source.slice("claim.".length) : undefined;
}

function compileGroup(config: GroupConfig): GroupRule {
  const messages: TargetRule[] = [];
  const group: GroupRule = {
    name: config.name,
    access: compileAccess(config.access, config.probeTtlMs),
    join: compileMethod(config.join),
    leave: config.leave === undefined ? undefined : compileMethod(config.leave),
    messages,
    upstream: config.upstream,
    keyKind: config.keyKind,
    cacheMs: config.joinResult === "cached" ? config.cacheMs : undefined,
    onGap: config.onGap,
    lingerMs: config.lingerMs,
  };
  for (const message of config.messages) {
    const { target, key, keyMessagePack, to, onSlow, privateCopies } = message;
    const keys = key === undefined ? undefined : compileKeys({ key, keyMessagePack });
    messages.push({ group, target, keys, to, onSlow, privateCopies });
  }
  return group;
}

function compileAccess(access: AccessConfig, probeTtlMs: number): Access {
  if (typeof access === "object") return { kind: "claims", claims: access.claims };
  return access === "probe" ? { kind: access, ttlMs: probeTtlMs } : { kind: access };
}

/** A call or a stream: neither of them is ever probed. */
function compileQuery(config: QueryConfig): StreamRule {
  return { ...compileMethod(config), access: compileAccess(config.access, 0) };
}

function compileMethod(config: KeyConfig & { readonly method: string }): HubMethodRule {
  return { method: config.method, keys: compileKeys(config) };
}

export function compileKeys({ key, keyMessagePack = key }: KeyConfig): KeyTemplates {
  return { json: compileKey(key), messagepack: compileKey(keyMessagePack) };
}

function compileKey(source: string): KeyTemplate {
  const result = parseKeyTemplate(source);
  if (!result.ok) throw new Error(`key template was not validated: ${result.message}`);
  return result.template;
}

function addMethod<Rule>(rules: Map<string, Rule>, method: string, rule: Rule): void {
  const name = method.toLowerCase();
  if (rules.has(name)) throw new Error(`hub method ${method} has two rules; the config was not validated`);
  rules.set(name, rule);
}

/** `query.market`, `header.X-Brand`. Header names are compared in lower case everywhere in Node. */
function compilePartitionSource(source: string): PartitionSource {
  const dot = source.indexOf(".");
  const name = source.slice(dot + 1);
  return source.slice(0, dot) === "header" ? { kind: "header", name: name.toLowerCase() } : { kind: "query", name };
}
