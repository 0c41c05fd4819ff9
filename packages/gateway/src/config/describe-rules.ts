import { compileHubRules } from "./compile.ts";
import type {
  Access,
  BroadcastRule,
  CallRule,
  GroupRule,
  HubMethodRule,
  HubRules,
  KeyTemplates,
  StreamRule,
  TargetRule,
} from "./hub-rules.ts";
import type { LimitDefinition } from "./limit-definition.ts";
import { limitDefinitions } from "./limits.ts";
import { builtInForwardHeaders, type Config, everyHeader, type HubConfig, hasRules } from "./schema.ts";

/**
 * What `signalr-edge check` prints: the compiled rules in words. Names environment variables and headers, never their
 * values. Lines end in "\n".
 */
export function describeConfig(config: Config): string {
  const { listen, admin, log, trustedProxies } = config;
  const adminToken = admin.token === undefined ? "no token" : "with token";
  const lines = [
    row("clients", address(listen, listen.tls === undefined ? "http" : "https"), 0),
    ...(trustedProxies.length === 0 ? [] : [row("trusted proxies", trustedProxies.join(", "), 0)]),
    row("admin", `${address(admin)}, ${adminToken}`, 0),
    row("log level", log.level, 0),
    row("limits", describeLimits(config), 0),
    ...config.hubs.flatMap((hub) => ["", ...describeHub(hub)]),
  ];
  return `${lines.join("\n")}\n`;
}

function describeHub(hub: HubConfig): readonly string[] {
  const rules = compileHubRules(hub);
  return [
    `hub ${hub.path} -> ${hub.origin}`,
    row("who may connect", describeAuthentication(hub), 1),
    ...(hub.allowedOrigins === undefined ? [] : [row("web pages", describePages(hub.allowedOrigins), 1)]),
    row("private upstream", describePrivateUpstream(hub), 1),
    row("shared upstream", describeSharedUpstream(hub), 1),
    row("partitions", hub.partitionBy.length === 0 ? "one" : `one per ${hub.partitionBy.join(", ")}`, 1),
    row("headers", describeHeaders(hub), 1),
    ...(hub.redirectHosts.length === 0 ? [] : [row("redirects", describeRedirects(hub), 1)]),
    ...(hasRules(hub) ? describeRules(rules) : [row("rules", "none: every message passes through unshared", 1)]),
  ];
}

function describeRedirects({ redirects, redirectHosts }: HubConfig): string {
  const hosts = redirectHosts.join(", ");
  return redirects === "follow" ? `followed to ${hosts}` : `shown to clients that negotiate, which leave for ${hosts}`;
}

function describeHeaders({ forwardHeaders }: HubConfig): string {
  return forwardHeaders.includes(everyHeader) ? "all" : [...builtInForwardHeaders, ...forwardHeaders].join(", ");
}

function describeAuthentication(hub: HubConfig): string {
  if (hub.authentication === "none") return "everyone";
  if (hub.authentication !== "origin") {
    const { issuer, audience, jwksFile, jwksUrl, nameClaim } = hub.authentication.jwt;
    return `who has a token of ${issuer} for ${audience}, with a key in ${jwksFile ?? jwksUrl}; the user is its ${nameClaim}`;
  }
  const isKept = hub.privateUpstream !== "eager" && hub.redirects === "follow";
  const kept = !isKept ? "" : `; its verdict on a credential is kept for ${seconds(hub.verdictTtlMs)}`;
  return `whom the origin lets negotiate${kept}`;
}

function describePages(origins: readonly string[]): string {
  const named = origins.filter((origin) => origin !== "*");
  const any = origins.includes("*") ? ["of any origin, without credentials"] : [];
  return [...named, ...any].join(", ") || "of the gateway's own host only";
}

const privateUpstreamModes = {
  eager: "eager: one per client, opened when it negotiates",
  lazy: "lazy: opened by a client's first message that no rule names",
  never: "never: a message that no rule names is answered with an error",
} as const;

function describePrivateUpstream(hub: HubConfig): string {
  return privateUpstreamModes[hub.privateUpstream];
}

function describeSharedUpstream(hub: HubConfig): string {
  if (!hasRules(hub)) return "none";
  const { accessTokenEnv, headers, shards } = hub.sharedUpstream;
  const token = accessTokenEnv === undefined ? "anonymous" : `access token from ${accessTokenEnv}`;
  const names = Object.keys(headers);
  const identity = names.length === 0 ? token : `${token}, headers ${names.join(", ")}`;
  return shards === 1 ? identity : `${identity}; ${shards} of them, over which the keys of groups are spread`;
}

function describeRules({ groups, broadcasts, calls, streams }: HubRules): readonly string[] {
  return [
    ...groups.flatMap(describeGroup),
    ...[...broadcasts.values()].flatMap(describeBroadcast),
    ...[...calls.values()].flatMap(describeCall),
    ...[...streams.values()].flatMap(describeStream),
  ];
}

const gapPolicies = {
  close: "members are closed and reconnect",
  rejoin: "the gateway joins again for its members",
  ignore: "members are not told",
} as const;

function describeGroup(group: GroupRule): readonly string[] {
  const kind = group.keyKind === "text" ? 'keys as text (42 is "42")' : "exact keys";
  return [
    `  group ${group.name}, for ${describeAccess(group.access)}`,
    describeMethod("join", group, group.join),
    ...(group.leave === undefined ? [row("leave", "none", 2)] : [describeMethod("leave", group, group.leave)]),
    ...group.messages.map(describeTarget),
    ...(group.upstream === "shared" ? [] : [row("upstream", "one for each key", 2)]),
    ...(group.cacheMs === undefined ? [] : [row("cache", describeCache(group.cacheMs), 2)]),
    row("gap", gapPolicies[group.onGap], 2),
    row("linger", `${seconds(group.lingerMs)} after the last member left; ${kind}`, 2),
  ];
}

function describeAccess(access: Access): string {
  switch (access.kind) {
    case "public":
      return "everyone who may connect";
    case "authenticated":
      return "every user with a token";
    case "claims": {
      const claims = Object.entries(access.claims).map(([name, values]) => `${name} ${values.join(" or ")}`);
      return `users with a token that says ${claims.join(", and ")}`;
    }
    case "probe":
      return `whom the origin lets join, asked on the client's own connection; a yes holds for ${seconds(access.ttlMs)}`;
  }
}

function describeCache(cacheMs: number): string {
  return `the result of a join answers later ones for ${seconds(cacheMs)}`;
}

function describeBroadcast({ target, onGap }: BroadcastRule): readonly string[] {
  const gap = onGap === "close" ? "clients are closed and reconnect" : "clients are not told";
  return [`  broadcast ${target}, for everyone who may connect`, row("gap", gap, 2)];
}

function describeCall(rule: CallRule): readonly string[] {
  const kept = rule.ttlMs === 0 ? "" : `, and kept for ${seconds(rule.ttlMs)}`;
  return [
    `  call ${rule.method}, for ${describeAccess(rule.access)}`,
    row("key", describeTemplates(rule.keys), 2),
    row("result", `shared by calls with equal arguments that wait at the same time${kept}`, 2),
  ];
}

function describeStream(rule: StreamRule): readonly string[] {
  return [
    `  stream ${rule.method}, for ${describeAccess(rule.access)}`,
    row("key", describeTemplates(rule.keys), 2),
    row("items", "shared by readers with equal arguments, until the last of them leaves", 2),
  ];
}

function describeMethod(verb: "join" | "leave", group: GroupRule, rule: HubMethodRule): string {
  return row(verb, `${rule.method} ${verb}s ${describeKeys(group, rule.keys)}`, 2);
}

function describeTarget(rule: TargetRule): string {
  const receivers = rule.to === "joiner" ? "sent to the clients that are joining" : "sent to its members";
  const copies = rule.privateCopies === "deliver" ? ", private copies are delivered" : "";
  const keys = rule.keys === undefined ? "the key of its upstream" : describeKeys(rule.group, rule.keys);
  return row("message", `${rule.target} belongs to ${keys}, ${receivers}${copies}${slowPolicies[rule.onSlow]}`, 2);
}

const slowPolicies = {
  close: "",
  drop: ", left out for clients that are behind",
  conflate: ", only the newest of a key for clients that are behind",
} as const;

function describeKeys(group: GroupRule, keys: KeyTemplates): string {
  return describeTemplates(keys, `${group.name}:`);
}

function describeTemplates({ json, messagepack }: KeyTemplates, prefix = ""): string {
  const text = `${prefix}${json.source}`;
  return messagepack.source === json.source ? text : `${text} (MessagePack ${prefix}${messagepack.source})`;
}

function describeLimits(config: Config): string {
  const changed = Object.entries<LimitDefinition>(limitDefinitions).flatMap(([name, definition]) => {
    const value = Object.entries(config.limits).find(([key]) => key === name)?.[1];
    return value === definition.default ? [] : [`${name} ${value} (default ${definition.default})`];
  });
  return changed.length === 0 ? "defaults" : changed.join(", ");
}

function row(name: string, text: string, depth: number): string {
  const indent = "  ".repeat(depth);
  return `${indent}${name.padEnd(depth === 2 ? 8 : 18 - indent.length)} ${text}`;
}

function address({ host, port }: { readonly host: string; readonly port: number }, scheme = "http"): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port === 0 ? "(a free port)" : port}`;
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
