import type { Access, HubRules } from "../config/hub-rules.ts";
import { isAllowed } from "./is-allowed.ts";
import type { HubClient } from "./ports.ts";

/**
 * Pure: whether a client is in something, or waits for something, that the rules of a reload do not let it have. What the
 * origin is to decide from now on has not been asked for this client.
 */
export function hasLostAccess({ membership, owner }: HubClient, before: HubRules, next: HubRules): boolean {
  if (membership === undefined) return false;
  const hasLost = (old: Access | undefined, access: Access | undefined): boolean => {
    if (old === undefined || access === undefined || isSameAccess(old, access)) return false;
    return access.kind === "probe" || !isAllowed(access, owner.identity);
  };
  const nextGroups = new Map(next.groups.map(({ name, access }) => [name, access]));
  const hasLostGroup = (name: string, old: Access): boolean => hasLost(old, nextGroups.get(name));
  for (const { rule } of membership.groups) if (hasLostGroup(rule.name, rule.access)) return true;
  for (const { subscription } of membership.waiters) {
    if (hasLostGroup(subscription.rule.name, subscription.rule.access)) return true;
  }
  for (const { rule } of membership.probes) if (hasLostGroup(rule.name, rule.access)) return true;
  for (const [, { stream }] of membership.streams) {
    const method = stream.method.toLowerCase();
    if (hasLost(before.streams.get(method)?.access, next.streams.get(method)?.access)) return true;
  }
  for (const { call } of membership.callers) {
    if (hasLost(call.rule.access, next.calls.get(call.rule.method.toLowerCase())?.access)) return true;
  }
  return false;
}

function isSameAccess(a: Access, b: Access): boolean {
  if (a.kind !== "claims" || b.kind !== "claims") return a.kind === b.kind;
  const [names, others] = [Object.keys(a.claims), Object.keys(b.claims)];
  return names.length === others.length && names.every((name) => isSameList(a.claims[name], b.claims[name]));
}

function isSameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((value) => b.includes(value));
}
