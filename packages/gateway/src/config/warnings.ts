import { compileHubRules } from "./compile.ts";
import type { Access, GroupRule, HubRules, KeyTemplates, TargetRule } from "./hub-rules.ts";
import { haveSameShape, keyReferences } from "./key-template.ts";
import { isLoopbackHost } from "./loopback.ts";
import { type Config, type HubConfig, hasRules } from "./schema.ts";

/** What is allowed and probably not meant, as `path: why, and what to do`; in the order of the file. */
export function warnings(config: Config): readonly string[] {
  return [
    ...listenerWarnings(config),
    ...proxyWarnings(config),
    ...config.hubs.flatMap((hub, index) => hubWarnings(hub, `hubs[${index}]`)),
    ...limitWarnings(config),
  ];
}

function listenerWarnings({ listen, admin }: Config): readonly string[] {
  const found: string[] = [];
  if (!isLoopbackHost(listen.host) && listen.tls === undefined) {
    found.push(
      `listen.host: ${listen.host} can be reached from other machines without TLS; set listen.tls, or put a proxy that ends TLS in front`,
    );
  }
  if (!isLoopbackHost(admin.host)) {
    found.push(`admin.host: ${admin.host} can be reached from other machines, and the token travels without TLS`);
  }
  if (admin.token !== undefined && admin.token.length < 16) {
    found.push("admin.token: shorter than 16 characters, so it can be guessed");
  }
  return found;
}

function proxyWarnings({ trustedProxies }: Config): readonly string[] {
  return trustedProxies.flatMap((range, index) =>
    range.endsWith("/0")
      ? [`trustedProxies[${index}]: ${range} believes everybody, so every client can choose its own address`]
      : [],
  );
}

function hubWarnings(hub: HubConfig, path: string): readonly string[] {
  const rules = compileHubRules(hub);
  const found: string[] = [];
  const origin = new URL(hub.origin);
  if (origin.protocol === "http:" && !isLoopbackHost(origin.hostname)) {
    found.push(`${path}.origin: http:// sends credentials and messages in the clear to ${origin.host}; use https://`);
  }
  if (hub.privateUpstream === "eager" && hasRules(hub)) {
    found.push(
      `${path}.privateUpstream: eager opens one origin connection per client, so only messages are saved, not connections`,
    );
  }
  if (hub.privateUpstream === "never" && !hasRules(hub)) {
    found.push(`${path}.privateUpstream: never, and no rules: every invocation is answered with an error`);
  }
  if (hub.redirects === "show" && hasRules(hub)) {
    found.push(
      `${path}.redirects: show, so clients that the origin redirects leave the gateway, and no rule is for them`,
    );
  }
  if (hub.compression.enabled && hub.groups.length + hub.broadcasts.length === 0) {
    found.push(
      `${path}.compression: enabled, but only messages of groups and broadcasts are compressed, and there are none`,
    );
  }
  const accesses = [...rules.groups, ...rules.calls.values(), ...rules.streams.values()].map(({ access }) => access);
  if (hub.authentication === "none" && accesses.some(({ kind }) => kind === "public")) {
    found.push(`${path}.authentication: none lets everyone who reaches the gateway use every public rule of this hub`);
  }
  const headers = Object.keys(hub.sharedUpstream.headers);
  const hasCredential =
    hub.sharedUpstream.accessTokenEnv !== undefined || headers.includes("authorization") || headers.includes("cookie");
  return [
    ...found,
    ...shardWarnings(rules, path),
    ...rules.groups.flatMap((group, index) => groupWarnings(group, `${path}.groups[${index}]`, hasCredential)),
    ...targetWarnings(rules, path),
    ...[...rules.calls.values()].flatMap((call, index) =>
      accessWarnings(call.access, `${path}.calls[${index}]`, hasCredential),
    ),
    ...[...rules.streams.values()].flatMap((stream, index) =>
      accessWarnings(stream.access, `${path}.streams[${index}]`, hasCredential),
    ),
  ];
}

/** Only keys of groups are spread, and those of one rule only if its joins name one key each. */
function shardWarnings({ shards, groups }: HubRules, path: string): readonly string[] {
  if (shards === 1) return [];
  if (groups.every(({ upstream }) => upstream === "perKey")) {
    const reason = "but the hub has no group whose keys could be spread; everything else uses the first one";
    return [`${path}.sharedUpstream.shards: ${shards}, ${reason}`];
  }
  return groups.flatMap(({ upstream, join }, index) =>
    upstream === "shared" && yieldsSeveral(join.keys)
      ? [
          `${path}.groups[${index}].join.key: yields several keys, so all keys of this group stay on one of the ${shards} shards`,
        ]
      : [],
  );
}

function yieldsSeveral({ json, messagepack }: KeyTemplates): boolean {
  return [json, messagepack].some((template) => keyReferences(template).some(({ expand }) => expand));
}

function accessWarnings(access: Access, path: string, hasCredential: boolean): readonly string[] {
  if (access.kind !== "public" || !hasCredential) return [];
  return [
    `${path}.access: public, while the shared upstream has a credential: whatever that may get, every client can read`,
  ];
}

function groupWarnings(group: GroupRule, path: string, hasCredential: boolean): readonly string[] {
  const found = [...accessWarnings(group.access, path, hasCredential)];
  if (group.upstream === "perKey" && group.messages.every(({ keys }) => keys !== undefined)) {
    found.push(
      `${path}.upstream: perKey opens an origin connection for each key, and every message says its key itself; with shared one connection would do`,
    );
  }
  // The upstream of a key ends soon after its last member left.
  if (group.leave === undefined && group.upstream === "shared") {
    found.push(
      `${path}.leave: missing: the origin keeps sending a group that has no members, until the shared upstream ends`,
    );
  }
  for (const [index, rule] of group.messages.entries()) {
    found.push(
      ...keyWarnings(rule, `${path}.messages[${index}]`),
      ...joinerWarnings(rule, `${path}.messages[${index}]`),
    );
  }
  if (group.onGap === "rejoin" && !group.messages.some((rule) => rule.to === "joiner")) {
    found.push(`${path}.onGap: rejoin, but no message has "to: joiner", so members get no new snapshot after a gap`);
  }
  return found;
}

/** What the hub sends to its caller in a join belongs to that one run of the join. */
function joinerWarnings({ group, target, to, onSlow }: TargetRule, path: string): readonly string[] {
  if (to !== "joiner") return [];
  const found: string[] = [];
  if (onSlow !== "close") {
    found.push(`${path}.onSlow: ${onSlow}, but ${target} is a part of the join: a client that is behind would miss it`);
  }
  if (group.cacheMs !== undefined) {
    found.push(
      `${path}.to: joiner, but joinResult is cached: a client that is answered with an older result gets no ${target}`,
    );
  }
  return found;
}

function keyWarnings(rule: TargetRule, path: string): readonly string[] {
  const { keys, group } = rule;
  const protocol = keys && neverEqual(group.join.keys, keys);
  if (keys === undefined || protocol === undefined) return [];
  const [message, join] = [keys[protocol].source, group.join.keys[protocol].source];
  return [
    `${path}.key: "${message}" can never equal the join key "${join}": text and number of references differ, so ${rule.target} would reach nobody`,
  ];
}

function neverEqual(join: KeyTemplates, message: KeyTemplates): "json" | "messagepack" | undefined {
  return (["json", "messagepack"] as const).find((protocol) => !haveSameShape(join[protocol], message[protocol]));
}

/**
 * Rules of one target with the same key are refused; with different keys a message may still match both, unless they have
 * upstreams of their own.
 */
function targetWarnings(rules: HubRules, path: string): readonly string[] {
  return [...rules.targets].flatMap(([target, all]) => {
    const claims = all.filter(({ group }) => group.upstream === "shared");
    if (claims.length < 2) return [];
    const names = claims.map(({ group, keys }) => `${group.name}:${keys?.json.source ?? ""}`).join(" and ");
    return [
      `${path}.groups: ${target} is claimed by ${names}; a message that has both keys goes to the members of both`,
    ];
  });
}

function limitWarnings({ limits }: Config): readonly string[] {
  const found: string[] = [];
  // What SignalR clients and servers do unless told otherwise: ping every 15 s, give up after 30 s of silence.
  if (limits.clientTimeoutMs <= 15_000) {
    found.push(`limits.clientTimeoutMs: ${limits.clientTimeoutMs} ends idle clients, which by default ping every 15 s`);
  }
  if (limits.keepAliveIntervalMs >= 30_000) {
    found.push(
      `limits.keepAliveIntervalMs: ${limits.keepAliveIntervalMs} loses idle clients, which by default give up after 30 s of silence`,
    );
  }
  if (limits.upstreamTimeoutMs <= 15_000) {
    found.push(
      `limits.upstreamTimeoutMs: ${limits.upstreamTimeoutMs} ends idle upstreams; origins by default ping every 15 s`,
    );
  }
  if (limits.privateQueueMaxBytes < limits.maxMessageBytes) {
    found.push(
      `limits.privateQueueMaxBytes: ${limits.privateQueueMaxBytes} is less than maxMessageBytes ${limits.maxMessageBytes}, so the largest messages cannot wait for a private upstream`,
    );
  }
  return found;
}
