import type { ConfigIssue, ConfigPath } from "./config-error.ts";
import { looseList, looseMapping } from "./loose-value.ts";

/**
 * What a rule of one hub may not ask for without another setting: users that nobody verifies, a question for which there
 * is no connection, a cache without an age. Reads the file itself, not the checked config, so that these are found beside
 * errors of other kinds.
 */
export function accessConflicts(hub: unknown, hubPath: ConfigPath): readonly ConfigIssue[] {
  const { authentication, privateUpstream } = looseMapping(hub);
  const verifiesTokens = "jwt" in looseMapping(authentication);
  const rules = ["groups", "calls", "streams"].flatMap((key) =>
    looseList(looseMapping(hub)[key]).map((rule, index) => ({
      rule: looseMapping(rule),
      path: [...hubPath, key, index],
      isGroup: key === "groups",
    })),
  );
  return rules.flatMap(({ rule, path, isGroup }) => [
    ...(verifiesTokens ? [] : userConflicts(rule, path)),
    ...(isGroup ? [...probeConflicts(rule, path, privateUpstream), ...cacheConflicts(rule, path)] : []),
  ]);
}

type LooseRule = Readonly<Record<string, unknown>>;

function userConflicts({ access }: LooseRule, path: ConfigPath): readonly ConfigIssue[] {
  const needs = "needs authentication: { jwt: ... }; without it no";
  if (access === "authenticated") {
    return [{ path: [...path, "access"], message: `"authenticated" ${needs} user is verified` }];
  }
  if (!("claims" in looseMapping(access))) return [];
  return [{ path: [...path, "access", "claims"], message: `${needs} claim is verified` }];
}

function probeConflicts(rule: LooseRule, path: ConfigPath, privateUpstream: unknown): readonly ConfigIssue[] {
  const { access, leave, probeTtlMs } = rule;
  if (access !== "probe") {
    if (probeTtlMs === undefined) return [];
    const message = "needs access: probe; leave it out, for the origin is not asked";
    return [{ path: [...path, "probeTtlMs"], message }];
  }
  const issues: ConfigIssue[] = [];
  if (privateUpstream === "never") {
    const message =
      '"probe" needs privateUpstream lazy or eager, not never: the origin is asked on the client\'s own connection';
    issues.push({ path: [...path, "access"], message });
  }
  if (leave === undefined) {
    const message =
      "is missing; access: probe needs it, so that the gateway can leave the group again on the connection on which it asked";
    issues.push({ path: [...path, "leave"], message });
  }
  return issues;
}

function cacheConflicts({ joinResult, cacheMs }: LooseRule, path: ConfigPath): readonly ConfigIssue[] {
  if ((joinResult === "cached") === (cacheMs !== undefined)) return [];
  const message =
    cacheMs === undefined
      ? "is missing; joinResult: cached needs it, the milliseconds for which a result answers later joins"
      : "needs joinResult: cached; leave it out, for every batch of joins asks the origin";
  return [{ path: [...path, "cacheMs"], message }];
}
