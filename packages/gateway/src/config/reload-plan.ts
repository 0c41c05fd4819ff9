import { isDeepStrictEqual } from "node:util";
import type { Config, HubConfig } from "./schema.ts";

/** What a reload makes of one hub. */
export type HubChange =
  | { readonly kind: "kept"; readonly hub: HubConfig }
  /** Clients stay, but for those that the new rules do not allow what they are in. */
  | { readonly kind: "adjusted"; readonly hub: HubConfig }
  /** Its clients reconnect. */
  | { readonly kind: "replaced"; readonly hub: HubConfig }
  | { readonly kind: "added"; readonly hub: HubConfig }
  | { readonly kind: "removed"; readonly hub: HubConfig };

export type ReloadPlan =
  | { readonly ok: true; readonly hubs: readonly HubChange[] }
  /** Settings that a running gateway cannot take over, as `path: what to do`. */
  | { readonly ok: false; readonly errors: readonly string[] };

/** What became of a reload. */
export type ReloadOutcome =
  | { readonly kind: "unchanged" }
  /** What happened to which hub: "adjusted /hubs/odds"; empty if only limits, proxies or certificates are new. */
  | { readonly kind: "reloaded"; readonly changes: readonly string[] }
  /** Everything is as it was. One line each. */
  | { readonly kind: "refused"; readonly errors: readonly string[] };

/**
 * Pure: how a running gateway gets from one configuration to another.
 *
 * A client that has joined something privately or through a shared upstream must leave it the same way, so a hub whose
 * rules route frames differently starts anew with new connections. What only decides who may join, or what happens
 * later, is adjusted in place.
 */
export function planReload(running: Config, next: Config): ReloadPlan {
  const errors = restartErrors(running, next);
  if (errors.length > 0) return { ok: false, errors };
  const before = new Map(running.hubs.map((hub) => [hub.path.toLowerCase(), hub]));
  const hubs: HubChange[] = next.hubs.map((hub) => {
    const old = before.get(hub.path.toLowerCase());
    before.delete(hub.path.toLowerCase());
    return changeOf(old, hub);
  });
  for (const hub of before.values()) hubs.push({ kind: "removed", hub });
  return { ok: true, hubs };
}

function changeOf(old: HubConfig | undefined, hub: HubConfig): HubChange {
  if (old === undefined) return { kind: "added", hub };
  if (isDeepStrictEqual(old, hub)) return { kind: "kept", hub };
  return { kind: isDeepStrictEqual(routing(old), routing(hub)) ? "adjusted" : "replaced", hub };
}

/** The hub without what can change while clients are connected. */
function routing(hub: HubConfig): object {
  const { allowedOrigins: _allowedOrigins, verdictTtlMs: _verdictTtlMs, ...rest } = hub;
  return {
    ...rest,
    groups: hub.groups.map((group) => {
      const { access: _access, probeTtlMs: _probeTtlMs, onGap: _onGap, lingerMs: _lingerMs, ...fixed } = group;
      const { joinResult: _joinResult, cacheMs: _cacheMs, ...routed } = fixed;
      return { ...routed, messages: group.messages.map(({ onSlow: _onSlow, privateCopies: _copies, ...to }) => to) };
    }),
    calls: hub.calls.map(({ access: _access, ttlMs: _ttlMs, ...call }) => call),
    streams: hub.streams.map(({ access: _access, ...stream }) => stream),
  };
}

function restartErrors(running: Config, next: Config): readonly string[] {
  const settings = [
    ["listen.host", running.listen.host, next.listen.host],
    ["listen.port", running.listen.port, next.listen.port],
    ["listen.tls", running.listen.tls !== undefined, next.listen.tls !== undefined],
    ["admin", running.admin, next.admin],
    ["log", running.log, next.log],
  ] as const;
  return settings
    .filter(([, before, after]) => !isDeepStrictEqual(before, after))
    .map(([path]) => `${path}: cannot change while the gateway runs; restart it, or set it back`);
}
