import { alternatives } from "../config/complaint.ts";
import type { ConfigError } from "../config/config-error.ts";
import type { Config, HubConfig } from "../config/schema.ts";
import type { Scenario } from "./scenario.ts";

/** Between what is compared. */
export interface CompareTarget {
  readonly hub: HubConfig;
  /** `hubs[0]` */
  readonly hubPath: string;
  readonly originUrl: string;
  readonly gatewayUrl: string;
  /** `undefined` if nobody knows; then there are no counters to look at. */
  readonly adminUrl: string | undefined;
}

export interface GivenUrls {
  readonly origin: string | undefined;
  readonly gateway: string | undefined;
  readonly admin: string | undefined;
}

export type TargetResult =
  | { readonly ok: true; readonly target: CompareTarget }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** The hub and the URLs of a comparison: what the command line says, or else the configuration. */
export function findTarget(config: Config, scenario: Scenario, given: GivenUrls): TargetResult {
  const errors: ConfigError[] = [];
  const index = findHub(config, scenario, errors);
  const hub = config.hubs[index ?? -1];
  if (index === undefined || hub === undefined) return { ok: false, errors };
  const url = (option: "origin" | "gateway" | "admin", fallback: string | undefined, path: string): string => {
    const text = given[option] ?? fallback;
    const problem = text === undefined ? undefined : whyNoUrl(text);
    if (problem === undefined) return text === undefined ? "" : withPath(text, path);
    errors.push({ path: `--${option}`, message: problem });
    return "";
  };
  const listening = listenUrl(config.listen, config.listen.tls === undefined ? "http" : "https");
  if (given.gateway === undefined && listening === undefined) {
    const message = "is missing; listen.port of the file is 0, so it must be a URL such as http://127.0.0.1:8080";
    errors.push({ path: "--gateway", message });
  }
  const target: CompareTarget = {
    hub,
    hubPath: `hubs[${index}]`,
    originUrl: url("origin", hub.origin, new URL(hub.origin).pathname),
    gatewayUrl: url("gateway", listening, hub.path),
    adminUrl: url("admin", listenUrl(config.admin, "http"), "/") || undefined,
  };
  return errors.length === 0 ? { ok: true, target } : { ok: false, errors };
}

function findHub({ hubs }: Config, scenario: Scenario, errors: ConfigError[]): number | undefined {
  const paths = hubs.map(({ path }) => path);
  if (scenario.hub === undefined) {
    if (hubs.length === 1) return 0;
    const message = `is missing; the configuration has several hubs, so it must be ${alternatives(paths)}`;
    errors.push({ path: "hub", message });
    return undefined;
  }
  const wanted = scenario.hub.toLowerCase().replace(/\/$/, "");
  const index = paths.findIndex((path) => path.toLowerCase() === wanted);
  if (index !== -1) return index;
  errors.push({ path: "hub", message: `must be ${alternatives(paths)}, not ${JSON.stringify(scenario.hub)}` });
  return undefined;
}

/** `undefined` for port 0: only the gateway itself knows which one it got. */
function listenUrl(
  { host, port }: { readonly host: string; readonly port: number },
  scheme: "http" | "https",
): string | undefined {
  if (port === 0) return undefined;
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

function whyNoUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    return `must be an http:// or https:// URL such as http://127.0.0.1:8080, not ${JSON.stringify(text)}`;
  }
  return new URL(text).search === "" ? undefined : "must have no query; the scenario has one: query: { name: value }";
}

/** A URL without a path gets that of the hub. */
function withPath(text: string, path: string): string {
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = path;
  return url.href;
}

const reachTimeoutMs = 10_000;

/** Why nothing answers HTTP at the URL of a hub, or `undefined` if something does. */
export async function whyUnreachable(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/negotiate?negotiateVersion=1`, {
      method: "POST",
      signal: AbortSignal.timeout(reachTimeoutMs),
    });
    await response.body?.cancel();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message || cause.name : String(cause);
  }
}
