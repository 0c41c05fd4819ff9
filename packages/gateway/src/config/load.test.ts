import { expect, test } from "vitest";
import { formatConfigError } from "./config-error.ts";
import { configForOrigin, loadConfig } from "./load.ts";
import { errorLines, group, hub, join, load, messages, minimal } from "./sample-config.testing.ts";

test("the smallest file becomes a complete config", () => {
  const result = load(minimal);
  expect(result).toMatchObject({
    ok: true,
    config: {
      listen: { host: "127.0.0.1", port: 8080 },
      admin: { host: "127.0.0.1", port: 9090 },
      log: { level: "info" },
      hubs: [
        {
          path: "/hub",
          origin: "http://127.0.0.1:5000/hub",
          privateUpstream: "eager",
          authentication: "origin",
          verdictTtlMs: 30_000,
          partitionBy: [],
          forwardHeaders: ["*"],
          sharedUpstream: { headers: {} },
          groups: [],
          broadcasts: [],
          calls: [],
          streams: [],
        },
      ],
      limits: { maxMessageBytes: 32_768, drainTimeoutMs: 15_000 },
    },
  });
});

test("a group gets its defaults, and makes the private upstream lazy", () => {
  const result = load(group(`access: public\n${join}\n${messages}`));
  expect(result).toMatchObject({
    ok: true,
    config: {
      hubs: [
        {
          privateUpstream: "lazy",
          groups: [
            {
              name: "event",
              access: "public",
              join: { method: "Subscribe", key: "{0}" },
              messages: [{ target: "Changed", key: "{0.id}", to: "members", onSlow: "close", privateCopies: "drop" }],
              joinResult: "fresh",
              probeTtlMs: 30_000,
              onGap: "close",
              lingerMs: 10_000,
              keyKind: "exact",
            },
          ],
        },
      ],
    },
  });
});

test.each([
  ["a broadcast", "broadcasts: [{ target: News }]", { broadcasts: [{ target: "News", onGap: "close" }] }],
  [
    "a call",
    'calls: [{ method: Get, key: "{0}", access: public }]',
    { calls: [{ method: "Get", key: "{0}", access: "public", ttlMs: 0 }] },
  ],
  [
    "a stream",
    'streams: [{ method: Watch, key: "{0}", access: public }]',
    { streams: [{ method: "Watch", key: "{0}", access: "public" }] },
  ],
])("%s gets its defaults, and makes the private upstream lazy", (_name, lines, rules) => {
  expect(load(hub(lines))).toMatchObject({
    ok: true,
    config: { hubs: [{ privateUpstream: "lazy", forwardHeaders: [], groups: [], ...rules }] },
  });
});

test("names of headers become lower case and lose what is always forwarded; paths lose their trailing slash", () => {
  const result = load(`
hubs:
  - path: /Hub/
    origin: http://127.0.0.1:5000/hub
    forwardHeaders: [Accept-Language, accept-language, Authorization, Cookie]
    sharedUpstream: { headers: { X-Edge: "1" } }
`);
  expect(result).toMatchObject({
    ok: true,
    config: {
      hubs: [{ path: "/Hub", forwardHeaders: ["accept-language"], sharedUpstream: { headers: { "x-edge": "1" } } }],
    },
  });
});

test("a JSON file is read as such, and its name is enough to tell", () => {
  const text = '{\n\t"hubs": [\n\t\t{ "path": "/hub", "origin": "http://127.0.0.1:5000/hub" }\n\t]\n}\n';
  expect(load(text, {}, "gateway.JSON").ok).toBe(true);
  expect(loadConfig(text, { format: "json", environment: {}, fileName: "config" }).ok).toBe(true);
});

test("anchors and merge keys save repetition", () => {
  const text = `
hubs:
  - &odds { path: /a, origin: http://127.0.0.1:5000/a, partitionBy: [query.market] }
  - { <<: *odds, path: /b }
`;
  expect(load(text)).toMatchObject({
    ok: true,
    config: { hubs: [{ path: "/a" }, { path: "/b", partitionBy: ["query.market"] }] },
  });
});

test("values come from the environment", () => {
  const text = `
listen: { port: "\${PORT}", host: "\${HOST:-0.0.0.0}" }
limits: { drainTimeoutMs: "\${DRAIN:-5000}" }
hubs:
  - path: /hub
    origin: "\${SCHEME}://127.0.0.1/hub"
    sharedUpstream: { shards: "\${MS}", headers: { port: "\${PORT}", AgeMs: "\${PORT}" } }
    verdictTtlMs: "\${MS}"
    groups:
      - name: event
        access: probe
        ${join}
        leave: { method: Unsubscribe, key: "{0}" }
        ${messages}
        joinResult: cached
        cacheMs: "\${MS}"
        probeTtlMs: "\${MS}"
        lingerMs: "\${MS}"
    calls: [{ method: Get, key: "{0}", access: public, ttlMs: "\${MS}" }]
`;
  expect(load(text, { PORT: "81", SCHEME: "https", MS: "7" })).toMatchObject({
    ok: true,
    config: {
      listen: { port: 81, host: "0.0.0.0" },
      limits: { drainTimeoutMs: 5000 },
      hubs: [
        {
          origin: "https://127.0.0.1/hub",
          sharedUpstream: { shards: 7, headers: { port: "81", agems: "81" } },
          verdictTtlMs: 7,
          groups: [{ cacheMs: 7, probeTtlMs: 7, lingerMs: 7 }],
          calls: [{ ttlMs: 7 }],
        },
      ],
    },
  });
});

test("what the format has and this version has not is accepted where it says what happens anyway", () => {
  const text = `
trustedProxies: []
hubs:
  - path: /hub
    origin: http://127.0.0.1:5000/hub
    sharedUpstream: { standby: false }
    groups:
      - name: event
        access: public
        ${join}
        ${messages}
`;
  expect(errorLines(text)).toEqual([]);
});

test("everything of a later version is told apart from slips of the pen", () => {
  const text = `
admin: { tls: { certFile: a, keyFile: b } }
hubs:
  - path: /hub
    origin: http://127.0.0.1:5000/hub
    probeTtlMs: 5
    sharedUpstream: { standby: true }
    groups:
      - name: broadcast
        access: public
        ${join}
        messages: [{ target: Changed, key: "{0.id}", sequence: "{0.v}" }]
`;
  const orWrite = "is not supported by this version; leave the key out or write";
  const leaveOut = "is not supported by this version; leave it out";
  expect(errorLines(text)).toEqual([
    `admin.tls: ${leaveOut}`,
    expect.stringMatching(/^hubs\[0\]\.probeTtlMs: unknown key; /),
    `hubs[0].sharedUpstream.standby: true ${orWrite} false`,
    'hubs[0].groups[0].name: "broadcast" is reserved for a later version; choose another name',
    `hubs[0].groups[0].messages[0].sequence: ${leaveOut}`,
  ]);
});

test("all errors are listed at once, of every kind, in the order of the file", () => {
  const text = `
limits: { gapSpreadMs: never }
hubs:
  - path: hub
    orgin: http://127.0.0.1:5000/hub
    groups:
      - name: event
        ${join}
        leave: { method: subscribe, key: "{1}" }
        messages: [{ target: Changed, key: "{0.id" }]
      - 42
admin: { host: 10.0.0.1, port: "\${ADMIN_PORT}" }
`;
  expect(errorLines(text)).toEqual([
    'limits.gapSpreadMs: must be a whole number of milliseconds from 1 to 3600000, not "never"',
    'hubs[0].path: must be an absolute path such as "/hubs/odds", without query, not "hub"',
    'hubs[0].orgin: unknown key; did you mean "origin"?',
    'hubs[0].groups[0].leave.method: "subscribe" is taken by hubs[0].groups[0].join.method; a hub method, whatever its case, may stand in one rule only',
    'hubs[0].groups[0].leave.key: "{1}" must name whole arguments, {0}, {1} and so on without a gap (or {0[]}), each once: when the last member disconnects the gateway itself invokes the leave method, with nothing but the values of the join key',
    'hubs[0].groups[0].messages[0].key: "{0.id", character 1: "{" is never closed; a literal brace is written "{{"',
    'hubs[0].groups[0].access: is missing; must be "public", "authenticated", "probe" or { claims: { NAME: [VALUES] } }',
    "hubs[0].groups[1]: must be a mapping with the keys name, access, join, leave, messages, upstream, joinResult, cacheMs, probeTtlMs, onGap, lingerMs, keyKind, not 42",
    "hubs[0].origin: is missing; must be an http:// or https:// URL of the hub",
    `admin.port: environment variable ADMIN_PORT is not set; set it or write \${ADMIN_PORT:-default}`,
    `admin.token: is missing; required because admin.host "10.0.0.1" can be reached from other machines. Set one, best as \${ADMIN_TOKEN}, or use host 127.0.0.1`,
  ]);
});

test.each([
  ["an unclosed bracket", "hubs: [\n  { path: /x ", /^gateway\.yaml:2:\d+: Flow /],
  ["a tab as indentation", "hubs:\n\t- path: /x", /^gateway\.yaml:2:1: Tabs /],
  ["a key twice", "listen: { port: 1 }\nlisten: { port: 2 }", /^gateway\.yaml:2:1: Map keys must be unique$/],
  ["an unknown tag", "hubs: !env HUBS", /^gateway\.yaml:1:7: Unresolved tag: !env$/],
  ["an alias without an anchor", "hubs: *other", /^gateway\.yaml: Unresolved alias/],
  ["two documents", "hubs: []\n---\nhubs: []\n", /^gateway\.yaml:2:1: Source contains multiple documents/],
])("YAML with %s is refused with line and column", (_name, text, line) => {
  expect(errorLines(text)[0]).toMatch(line);
});

test("aliases that multiply are refused, not expanded", () => {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const items = Array.from({ length: 9 }, () => (level === 0 ? "x" : `*a${level - 1}`)).join(", ");
    return `a${level}: &a${level} [${items}]`;
  });
  expect(errorLines(levels.join("\n"))).toEqual([expect.stringMatching(/^gateway\.yaml: Excessive alias count/)]);
});

test.each([
  ["a trailing comma", '{\n  "hubs": [],\n}', "gateway.json:3:1: not JSON: "],
  ["a missing end", '{\n  "hubs": [', "gateway.json:2:12: not JSON: "],
  ["a comment", "{\n  // x\n}", "gateway.json:2:3: not JSON: "],
  ["a text in front", "x\n{}", "gateway.json: not JSON: Unexpected token"],
  ["a key twice", '{ "hubs": [],\n "hubs": [] }', "gateway.json:2:2: Map keys must be unique"],
])("JSON with %s is refused, with the place", (_name, text, line) => {
  const lines = errorLines(text, {}, "gateway.json");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(line);
});

test("secrets do not appear in errors", () => {
  const text = `
admin: { token: "\${SECRET} x" }
hubs:
  - path: /hub
    origin: "https://user:\${SECRET}@a/hub"
    sharedUpstream: { accessTokenEnv: "\${SECRET}", headers: { authorization: "\${SECRET}\\n" } }
`;
  const lines = errorLines(text, { SECRET: "hunter-2" });
  expect(lines).toHaveLength(4);
  expect(lines.join("\n")).not.toContain("hunter");
});

test("an origin alone makes one transparent hub at the same path", () => {
  expect(configForOrigin("http://127.0.0.1:5000/hubs/odds", { port: 8081, adminPort: 0 })).toMatchObject({
    ok: true,
    config: {
      listen: { host: "127.0.0.1", port: 8081 },
      admin: { host: "127.0.0.1", port: 0 },
      hubs: [{ path: "/hubs/odds", origin: "http://127.0.0.1:5000/hubs/odds", privateUpstream: "eager", groups: [] }],
    },
  });
  expect(configForOrigin("https://app.example.com", { host: "0.0.0.0", adminPort: 9091 })).toMatchObject({
    ok: true,
    config: { listen: { host: "0.0.0.0", port: 8080 }, admin: { port: 9091 }, hubs: [{ path: "/" }] },
  });
});

test("a wrong origin on the command line is reported by the name of its option", () => {
  const errors = (url: string, overrides = {}) => {
    const result = configForOrigin(url, { ...overrides, adminPort: 0 });
    return result.ok ? [] : result.errors.map(formatConfigError);
  };
  expect(errors("localhost:5000")).toEqual([
    '--origin: must be an http:// or https:// URL of the hub, such as "https://app.example.com/hubs/odds", not "localhost:5000"',
  ]);
  expect(errors("http://a/x?y=1", { host: "a b", port: 70_000 })).toEqual([
    '--host: must be a host name or an IP address, without scheme, port or brackets (0.0.0.0 or :: for every interface), not "a b"',
    "--port: must be a whole number from 0 to 65535, not 70000",
    "--origin: must not contain a query or a fragment; the client's own query is added to each request",
  ]);
});
