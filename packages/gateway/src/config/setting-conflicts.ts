import { accessConflicts } from "./access-conflicts.ts";
import { type ConfigIssue, type ConfigPath, formatPath } from "./config-error.ts";
import { isLoopbackHost } from "./loopback.ts";
import { looseList, looseMapping, looseText } from "./loose-value.ts";
import { ruleConflicts } from "./rule-conflicts.ts";
import type { Environment } from "./substitute-environment.ts";

const ruleLists = ["groups", "broadcasts", "calls", "streams"];

/**
 * What settings may not say together, over the whole file. Reads the file itself, not the checked config, so that these
 * are found beside errors of other kinds.
 */
export function settingConflicts(input: unknown, environment: Environment): readonly ConfigIssue[] {
  const hubs = looseList(looseMapping(input).hubs);
  return [
    ...listenerConflicts(input),
    ...pathConflicts(hubs),
    ...hubs.flatMap((hub, index) => credentialConflicts(hub, index, environment)),
    ...hubs.flatMap((hub, index) => tokenConflicts(hub, ["hubs", index])),
    ...hubs.flatMap((hub, index) => redirectConflicts(hub, ["hubs", index])),
    ...hubs.flatMap((hub, index) => ruleConflicts(hub, ["hubs", index])),
    ...hubs.flatMap((hub, index) => accessConflicts(hub, ["hubs", index])),
  ];
}

function listenerConflicts(input: unknown): readonly ConfigIssue[] {
  const { listen, admin } = looseMapping(input);
  const { host = "127.0.0.1", port = 8080 } = looseMapping(listen);
  const { host: adminHost = "127.0.0.1", port: adminPort = 9090, token } = looseMapping(admin);
  const issues: ConfigIssue[] = [];
  if (typeof adminHost === "string" && !isLoopbackHost(adminHost) && token === undefined) {
    issues.push({
      path: ["admin", "token"],
      message: `is missing; required because admin.host "${adminHost}" can be reached from other machines. Set one, best as \${ADMIN_TOKEN}, or use host 127.0.0.1`,
    });
  }
  const everywhere: readonly unknown[] = ["0.0.0.0", "::"];
  const overlaps = host === adminHost || everywhere.includes(host) || everywhere.includes(adminHost);
  if (port === adminPort && port !== 0 && overlaps) {
    issues.push({
      path: ["admin", "port"],
      message: `${port} is also the port of listen; the two listeners need different ports`,
    });
  }
  return issues;
}

function pathConflicts(hubs: readonly unknown[]): readonly ConfigIssue[] {
  const seen = new Map<string, string>();
  return hubs.flatMap((hub, index) => {
    const path = looseText(looseMapping(hub).path);
    if (path === undefined) return [];
    const route = path.toLowerCase().replace(/(.)\/$/, "$1");
    const first = seen.get(route);
    if (first === undefined) seen.set(route, formatPath(["hubs", index, "path"]));
    if (first === undefined) return [];
    const message = `"${path}" is taken by ${first}; paths must differ in more than case and a trailing slash`;
    return [{ path: ["hubs", index, "path"], message }];
  });
}

function credentialConflicts(hub: unknown, index: number, environment: Environment): readonly ConfigIssue[] {
  const { accessTokenEnv, headers } = looseMapping(looseMapping(hub).sharedUpstream);
  if (typeof accessTokenEnv !== "string") return [];
  const path = ["hubs", index, "sharedUpstream", "accessTokenEnv"];
  const names = Object.keys(looseMapping(headers));
  if (names.some((name) => name.toLowerCase() === "authorization")) {
    return [{ path, message: "must not stand beside an authorization header; use one of them" }];
  }
  // Only a plausible name is looked up and shown: a token put here by mistake stays out of the message.
  if (/^[A-Za-z_]\w*$/.test(accessTokenEnv) && accessTokenEnv.length <= 64 && !environment[accessTokenEnv]) {
    return [
      { path, message: `environment variable ${accessTokenEnv} is not set; set it to the gateway's access token` },
    ];
  }
  return [];
}

function tokenConflicts(hub: unknown, path: ConfigPath): readonly ConfigIssue[] {
  const { authentication, partitionBy } = looseMapping(hub);
  const { jwt } = looseMapping(authentication);
  const { jwksFile, jwksUrl } = looseMapping(jwt);
  const issues: ConfigIssue[] = [];
  if (jwt !== undefined && jwksFile === undefined && jwksUrl === undefined) {
    issues.push({
      path: [...path, "authentication", "jwt", "jwksFile"],
      message: "is missing; one of jwksFile and jwksUrl must say where the issuer's keys are",
    });
  }
  if (jwksFile !== undefined && jwksUrl !== undefined) {
    const message = "must not stand beside jwksFile; use one of them";
    issues.push({ path: [...path, "authentication", "jwt", "jwksUrl"], message });
  }
  if (jwt !== undefined) return issues;
  for (const [index, source] of looseList(partitionBy).entries()) {
    if (looseText(source)?.startsWith("claim.") !== true) continue;
    const message = `"${source}" needs authentication: { jwt: ... }; without it no claim is verified`;
    issues.push({ path: [...path, "partitionBy", index], message });
  }
  return issues;
}

/** What would keep `show` from ever showing anything. */
function redirectConflicts(hub: unknown, path: ConfigPath): readonly ConfigIssue[] {
  const { redirects, redirectHosts, authentication = "origin", privateUpstream, ...others } = looseMapping(hub);
  if (redirects !== "show") return [];
  if (redirectHosts === undefined || looseList(redirectHosts).length === 0) {
    const message = "show needs redirectHosts, the hosts that clients may be sent to; to any other they never are";
    return [{ path: [...path, "redirects"], message }];
  }
  const hasRules = ruleLists.some((name) => looseList(others[name]).length > 0);
  const isEager = privateUpstream === "eager" || (privateUpstream === undefined && !hasRules);
  if (isEager || authentication === "origin") return [];
  const message =
    "show needs authentication: origin, or privateUpstream: eager; otherwise the origin is not asked when a client negotiates";
  return [{ path: [...path, "redirects"], message }];
}
