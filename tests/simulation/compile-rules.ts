import { type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import { compileHubRules, compileKeys } from "../../packages/gateway/src/config/compile.ts";
import type {
  BroadcastRule,
  GapPolicy,
  GroupRule,
  HubRules,
  SlowPolicy,
  TargetRule,
} from "../../packages/gateway/src/config/hub-rules.ts";
import { loadConfig } from "../../packages/gateway/src/config/load.ts";
import type { HubConfig } from "../../packages/gateway/src/config/schema.ts";
import { broadcastTarget, groupShapes, queryMethod, type RuleName, streamMethod, topics } from "./hub-contract.ts";
import { lineOfTopic } from "./topic-lines.ts";

export type GapPolicies = Readonly<Record<RuleName, GapPolicy>>;

export type SlowPolicies = Readonly<Record<RuleName, SlowPolicy>>;

export interface RuleSettings {
  readonly shards: number;
  readonly perKey: readonly RuleName[];
  readonly onGap: GapPolicies;
  /** Absent: `close`, which no client is too slow for. */
  readonly slow?: { readonly onSlow: SlowPolicies };
  readonly lingerMs: number;
  readonly queryTtlMs: number;
  /** What clients are told after a gap in the broadcasts; `undefined`: the hub has no broadcast rule. */
  readonly broadcast: "close" | "ignore" | undefined;
}

export interface CompiledRules {
  readonly rules: HubRules;
  /** The name of the upstream to which each topic belongs, by topic. */
  readonly lineNames: Readonly<Record<HubProtocolName, readonly string[]>>;
}

/** The rules of the simulated hub, with what a seed says of them. */
export class RuleCompiler {
  /** By what decides which upstreams there are. Loading and compiling takes longer than a run. */
  readonly #compiled = new Map<string, CompiledRules>();

  compile(settings: RuleSettings): CompiledRules {
    const { shards, perKey } = settings;
    const id = `${shards} ${perKey.join()}`;
    let compiled = this.#compiled.get(id);
    if (compiled === undefined) {
      const rules = compileHubRules(loadHub(settings));
      compiled = { rules, lineNames: { json: namesOf(rules, "json"), messagepack: namesOf(rules, "messagepack") } };
      this.#compiled.set(id, compiled);
    }
    return { rules: withSettings(compiled.rules, settings), lineNames: compiled.lineNames };
  }
}

/** Its groups as a user would write them, loaded by the gateway's own code. */
function loadHub({ shards, perKey }: RuleSettings): HubConfig {
  const groups = Object.entries(groupShapes).map(([name, shape]) => {
    const isPerKey = perKey.includes(name as RuleName);
    const key = isPerKey ? {} : { key: "{0}" };
    return {
      name,
      access: "public",
      join: { method: shape.join, key: shape.key },
      ...(shape.leave === undefined ? {} : { leave: { method: shape.leave, key: shape.key } }),
      messages: [
        { target: shape.target, ...key },
        { target: shape.snapshot, to: "joiner", ...key },
      ],
      upstream: isPerKey ? "perKey" : "shared",
    };
  });
  const hub = { path: "/hub", origin: "http://127.0.0.1:5000/hub", sharedUpstream: { shards }, groups };
  const text = JSON.stringify({ hubs: [hub] });
  const loaded = loadConfig(text, { format: "json", environment: {}, fileName: "simulation" });
  const config = loaded.ok ? loaded.config.hubs[0] : undefined;
  if (config === undefined) throw new Error(`the simulated hub is not configured: ${text}`);
  return config;
}

/** The same rules with other values of single settings. */
function withSettings(rules: HubRules, { onGap, lingerMs, queryTtlMs, broadcast, slow }: RuleSettings): HubRules {
  const groups: GroupRule[] = [];
  const joins = new Map<string, GroupRule>();
  const leaves = new Map<string, GroupRule>();
  const targets = new Map<string, readonly TargetRule[]>();
  for (const base of rules.groups) {
    const name = base.name as RuleName;
    const messages: TargetRule[] = [];
    const group: GroupRule = { ...base, onGap: onGap[name], lingerMs, messages };
    const onSlow = slow?.onSlow[name] ?? "close";
    for (const message of base.messages) {
      const target = { ...message, group, onSlow: message.to === "joiner" ? message.onSlow : onSlow };
      messages.push(target);
      targets.set(message.target, [target]);
    }
    groups.push(group);
    joins.set(group.join.method.toLowerCase(), group);
    if (group.leave !== undefined) leaves.set(group.leave.method.toLowerCase(), group);
  }
  return {
    ...rules,
    groups,
    joins,
    leaves,
    targets,
    calls: new Map([[queryMethod.toLowerCase(), { ...query, ttlMs: queryTtlMs }]]),
    streams,
    broadcasts: broadcast === undefined ? noBroadcasts : broadcasts[broadcast],
  };
}

const shared = { access: { kind: "public" }, keys: compileKeys({ key: "{0}" }) } as const;
const query = { ...shared, method: queryMethod };
const streams = new Map([[streamMethod.toLowerCase(), { ...shared, method: streamMethod }]]);
const noBroadcasts: ReadonlyMap<string, BroadcastRule> = new Map();
const broadcasts = {
  close: new Map([[broadcastTarget, { target: broadcastTarget, onGap: "close" }]]),
  ignore: new Map([[broadcastTarget, { target: broadcastTarget, onGap: "ignore" }]]),
} as const satisfies Record<string, ReadonlyMap<string, BroadcastRule>>;

function namesOf(rules: HubRules, protocol: HubProtocolName): readonly string[] {
  return topics.map(({ index }) => lineOfTopic(rules, hubProtocols[protocol], index));
}
