import { z } from "zod";
import { closestName } from "./closest-name.ts";
import type { ConfigIssue, ConfigPath } from "./config-error.ts";
import type { LimitDefinition } from "./limit-definition.ts";
import { type Limits, limitDefinitions } from "./limits.ts";
import { broadcastSchema, callSchema, groupSchema, streamSchema } from "./rule-schema.ts";
import { choice, headerValue, integer, list, section, text, wrong } from "./schema-values.ts";
import * as check from "./value-checks.ts";

/**
 * Shape, defaults and units of the config file; what a hub shares is in `rule-schema.ts`. Only these two files and
 * `schema-values.ts` know the schema library.
 */

/** Headers of a client that the origin always gets, besides `forwardHeaders`. */
export const builtInForwardHeaders: readonly string[] = [
  "authorization",
  "cookie",
  "x-requested-with",
  "x-signalr-user-agent",
];

/** In `forwardHeaders`: every header that describes the client and not its connection. */
export const everyHeader = "*";

const tlsSchema = section({
  certFile: text("the path of a PEM file", check.checkFilePath).describe(
    "PEM file with the certificate of the listener, followed by the intermediate ones.",
  ),
  keyFile: text("the path of a PEM file", check.checkFilePath).describe(
    "PEM file with the private key, not encrypted.",
  ),
}).describe("Serves HTTPS and WSS, TLS 1.2 or newer. Without it, plain HTTP.");

const listenSchema = section({
  host: text("a host name or an IP address", check.checkHost)
    .default("127.0.0.1")
    .describe("Address of the client listener; 0.0.0.0 or :: for every interface."),
  port: port().default(8080).describe("Port of the client listener; 0 picks a free one."),
  tls: tlsSchema.optional(),
}).describe("Where clients connect.");

const adminSchema = section({
  host: text("a host name or an IP address", check.checkHost)
    .default("127.0.0.1")
    .describe("Address of the admin listener."),
  port: port().default(9090).describe("Port of the admin listener; 0 picks a free one."),
  token: text("text", check.checkToken)
    .optional()
    .describe("Bearer token of the admin endpoints. Required unless the host is loopback."),
}).describe("Health, metrics and state, on a listener of their own.");

const logSchema = section({
  level: choice(["debug", "info", "warn", "error"])
    .default("info")
    .describe("The least important level that is logged."),
}).describe("Logs, as JSON lines on stderr.");

const sharedUpstreamSchema = section({
  accessTokenEnv: text("the name of an environment variable", check.checkVariableName)
    .optional()
    .describe("Environment variable with the gateway's own access token for the origin."),
  headers: z
    .record(
      text("the name of a header", check.checkHeaderName).overwrite(lowerCase),
      headerValue(check.checkHeaderValue),
      {
        error: wrong("a mapping of header names to values"),
      },
    )
    .default({})
    .describe("Headers that the shared upstreams send to the origin."),
  shards: integer(undefined, 1, 64)
    .default(1)
    .describe("Over how many shared upstreams the keys of each partition and hub protocol are spread."),
}).describe("Identity and number of the shared upstreams; one, anonymous, without it.");

const jwtSchema = section({
  issuer: text("the issuer of the tokens", check.checkNotEmpty).describe("What the iss claim must be, exactly."),
  audience: text("the audience of the tokens", check.checkNotEmpty).describe("What the aud claim must be or contain."),
  jwksFile: text("the path of a JWKS file", check.checkFilePath)
    .optional()
    .describe("File with the issuer's public keys (JWKS); read again when it changes."),
  jwksUrl: text("an https:// URL", check.checkKeysUrl)
    .optional()
    .describe("URL of the issuer's public keys (JWKS); fetched again every ten minutes and for a key that is new."),
  nameClaim: text("the name of a claim", check.checkNotEmpty)
    .default("sub")
    .describe("Claim that names the user; a token without it is refused."),
}).describe("Tokens (JWT) that the gateway verifies itself.");

const authenticationSchema = z
  .union([choice(["origin", "none"]), section({ jwt: jwtSchema })], {
    error: wrong('"origin", "none" or { jwt: { issuer, audience, jwksFile or jwksUrl } }'),
  })
  .default("origin")
  .describe(
    "origin: each client's negotiate is put to the origin. none: everyone may connect. jwt: the gateway verifies a token.",
  );

const compressionSchema = section({
  enabled: z
    .boolean({ error: wrong("true or false") })
    .default(false)
    .describe("Offer compression of WebSockets (permessage-deflate) to clients that ask for it."),
  minBytes: integer("bytes", 1, 1_048_576).default(256).describe("Smallest hub message that is compressed."),
}).describe("Group messages and broadcasts, compressed once for all clients. Nothing private is compressed.");

const hubSchema = section({
  path: text('an absolute path such as "/hubs/odds"', check.checkHubPath)
    .overwrite(withoutTrailingSlash)
    .describe("Path of the hub at the gateway; case and a trailing slash do not matter to clients."),
  origin: text("an http:// or https:// URL of the hub", check.checkOrigin).describe("URL of the hub at the origin."),
  privateUpstream: choice(["eager", "lazy", "never"])
    .optional()
    .describe("When a client gets its own origin connection. Default: lazy with rules, eager without."),
  originCaFile: text("the path of a PEM file", check.checkFilePath)
    .optional()
    .describe("PEM file with certificates that an https:// origin may be signed by, besides the well-known ones."),
  redirectHosts: list("a list of hosts", text("a host, or host:port", check.checkRedirectHost))
    .overwrite((hosts) => hosts.map(lowerCase))
    .default([])
    .describe("Hosts that the origin's negotiate may redirect to, such as an Azure SignalR Service."),
  redirects: choice(["follow", "show"])
    .default("follow")
    .describe("follow: the gateway follows them and the client sees nothing. show: the client gets them and leaves."),
  authentication: authenticationSchema,
  verdictTtlMs: integer("milliseconds", 0, 3_600_000)
    .default(30_000)
    .describe("How long the origin's verdict on a credential is kept, for hubs that are not eager."),
  allowedOrigins: list(
    "a list of origins",
    text('an origin such as "https://www.example.com"', check.checkAllowedOrigin),
  )
    .overwrite((origins) => origins.map(canonicalOrigin))
    .optional()
    .describe('Web pages that may use this hub, by their origin; "*" is any, without credentials.'),
  partitionBy: list(
    'a list of "query.NAME", "header.NAME" or "claim.NAME"',
    text('"query.NAME", "header.NAME" or "claim.NAME"', check.checkPartitionSource),
  )
    .overwrite((sources) => [...new Set(sources)])
    .default([])
    .describe("Clients whose values differ never share an upstream."),
  forwardHeaders: list("a list of header names", text("the name of a header", check.checkForwardedHeader))
    .overwrite(besidesBuiltIn)
    .optional()
    .describe(
      `Client headers that the origin gets besides ${builtInForwardHeaders.join(", ")}; "*" is all of them. Default: none with rules, "*" without.`,
    ),
  statefulReconnect: z
    .boolean({ error: wrong("true or false") })
    .default(true)
    .describe("Offer stateful reconnect to clients that ask for it, whatever the origin can do."),
  compression: compressionSchema.prefault({}),
  flushIntervalMs: integer("milliseconds", 0, 100)
    .default(0)
    .describe("How long a group message may wait so that more leave in the same write; 0: to the end of the turn."),
  sharedUpstream: sharedUpstreamSchema.prefault({}),
  groups: list("a list of group rules", groupSchema)
    .default([])
    .describe("Groups that clients share; without any rule the hub is transparent."),
  broadcasts: list("a list of broadcast rules", broadcastSchema)
    .default([])
    .describe("Targets that the hub sends to all its clients."),
  calls: list("a list of call rules", callSchema)
    .default([])
    .describe("Hub methods whose result is shared by equal calls."),
  streams: list("a list of stream rules", streamSchema)
    .default([])
    .describe("Server streams that equal invocations share."),
})
  // A hub without rules is to behave as it does directly: its code sees every header and has every client to itself.
  .transform((hub) => ({
    ...hub,
    privateUpstream: hub.privateUpstream ?? (hasRules(hub) ? "lazy" : "eager"),
    forwardHeaders: hub.forwardHeaders ?? (hasRules(hub) ? [] : [everyHeader]),
  }))
  .describe("A hub that the gateway serves.");

const configSchema = section({
  listen: listenSchema.prefault({}),
  admin: adminSchema.prefault({}),
  log: logSchema.prefault({}),
  trustedProxies: list("a list of address ranges", text('a range such as "10.0.0.0/8"', check.checkAddressRange))
    .default([])
    .describe("Proxies in front of the gateway whose X-Forwarded-For, -Proto and -Host are believed."),
  hubs: list("a list of hubs, at least one", hubSchema, 1).describe("The hubs that the gateway serves."),
  limits: limitsSchema().prefault({}),
}).describe("Configuration of the SignalR edge gateway.");

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The file with every default filled in. Header names are lower case, a hub path has no trailing slash. */
export type Config = DeepReadonly<Omit<z.output<typeof configSchema>, "limits">> & { readonly limits: Limits };
export type HubConfig = Config["hubs"][number];
export type GroupConfig = HubConfig["groups"][number];
export type AccessConfig = GroupConfig["access"];
/** A shared call or stream, without what only one of them has. */
export type QueryConfig = HubConfig["streams"][number];
export type MessageConfig = GroupConfig["messages"][number];
/** `keyMessagePack` is for MessagePack connections, `key` for all others and for want of it. */
export type KeyConfig = { readonly key: string; readonly keyMessagePack?: string | undefined };

/** Whether the hub shares anything; without, it is transparent. */
export function hasRules({ groups, broadcasts, calls, streams }: RuleLists): boolean {
  return groups.length + broadcasts.length + calls.length + streams.length > 0;
}

type RuleLists = Readonly<Record<"groups" | "broadcasts" | "calls" | "streams", readonly unknown[]>>;

export type ShapeResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] };

/** Checks every value by itself and fills in defaults; what values mean together is checked elsewhere. */
export function checkShape(input: unknown): ShapeResult {
  const result = configSchema.safeParse(input);
  if (result.success) return { ok: true, config: result.data };
  return { ok: false, issues: result.error.issues.flatMap(toConfigIssues) };
}

/** JSON Schema (draft 2020-12) of the file as people write it, for editors. */
export function jsonSchema(): object {
  return z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema: node, path }) => {
      if (path.length === 0) node.title = "signalr-edge configuration";
      // Numbers may come from the environment: `port: ${PORT:-8080}`.
      if (zodSchema instanceof z.ZodNumber) {
        node.type = ["integer", "string"];
        node.pattern = "^\\$\\{.+\\}$";
      }
    },
  });
}

function port(): z.ZodNumber {
  return integer(undefined, 0, 65_535);
}

function limitsSchema(): z.ZodObject<Record<keyof Limits, z.ZodDefault<z.ZodNumber>>, z.core.$strict> {
  const limits = Object.entries<LimitDefinition>(limitDefinitions).map(([name, limit]) => {
    const unit = name.endsWith("Ms") ? "milliseconds" : name.endsWith("Bytes") ? "bytes" : undefined;
    return [name, integer(unit, 1, limit.max).default(limit.default).describe(limit.description)] as const;
  });
  // Object.fromEntries forgets the names that Object.entries was given.
  const shape = Object.fromEntries(limits) as Record<keyof Limits, z.ZodDefault<z.ZodNumber>>;
  return section(shape).describe("Bounds of everything that a peer can make grow or wait.");
}

function lowerCase(value: string): string {
  return value.toLowerCase();
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** As browsers write it: lower case, without the default port. */
function canonicalOrigin(value: string): string {
  const { origin } = URL.canParse(value) ? new URL(value) : { origin: "null" };
  return origin === "null" ? value.toLowerCase() : origin;
}

function besidesBuiltIn(names: readonly string[]): string[] {
  return [...new Set(names.map(lowerCase))].filter((name) => !builtInForwardHeaders.includes(name));
}

function toConfigIssues(issue: z.core.$ZodIssue): readonly ConfigIssue[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    const allowed = keysAt(configSchema, path);
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKeyMessage(key, allowed) }));
  }
  if (issue.code === "invalid_union") {
    // The alternative that got past the outermost value is the one that was meant.
    const meant = issue.errors.find((errors) => !errors.some(isAboutWholeValue));
    if (meant === undefined) return [{ path, message: issue.message }];
    return meant.flatMap((inner) => toConfigIssues({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, message }));
  return [{ path, message: issue.message }];
}

function isAboutWholeValue({ path, code }: z.core.$ZodIssue): boolean {
  return path.length === 0 && code !== "unrecognized_keys";
}

function unknownKeyMessage(key: string, allowed: readonly string[]): string {
  const closest = closestName(key, allowed);
  return closest === undefined
    ? `unknown key; allowed here: ${allowed.join(", ")}`
    : `unknown key; did you mean "${closest}"?`;
}

/** The keys of the mapping that the schema expects at `path`. */
function keysAt(schema: unknown, path: ConfigPath): readonly string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return keysAt(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path);
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  if (!(schema instanceof z.ZodObject)) return [];
  return step === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[step], rest);
}
