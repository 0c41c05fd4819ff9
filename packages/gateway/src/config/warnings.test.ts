import { expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { warnings } from "./warnings.ts";

function warningsOf(text: string): readonly string[] {
  const result = loadConfig(text, { environment: { ORIGIN_TOKEN: "secret" }, fileName: "gateway.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return warnings(result.config);
}

const minimal = "hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub }]";

const group = (lines: string, hubLines = ""): string => `
hubs:
  - path: /hub
    origin: https://app.example.com/hub
    ${hubLines}
    groups:
      - name: event
        access: public
        ${lines.trim().replaceAll("\n", "\n        ")}
`;

const withCredential = (lines: string): string => `
hubs:
  - path: /hub
    origin: https://app.example.com/hub
    sharedUpstream: { accessTokenEnv: ORIGIN_TOKEN }
    ${lines}
`;

const join = 'join: { method: Join, key: "{0}" }';
const leave = 'leave: { method: Leave, key: "{0}" }';
const messages = 'messages: [{ target: T, key: "{0.id}" }]';

test.each([
  ["a transparent hub", minimal],
  [
    "an origin on this machine, by any name",
    "hubs: [{ path: /a, origin: 'http://[::1]:5000/a' }, { path: /b, origin: http://localhost/b }]",
  ],
  ["a complete group", group(`${join}\n${leave}\n${messages}`)],
  [
    "a rejoin with a snapshot",
    group(`${join}\n${leave}\nonGap: rejoin\nmessages: [{ target: T, key: "{0.id}", to: joiner }]`),
  ],
  [
    "a group that the origin guards, in front of an origin that lets everybody connect",
    group(`${join}\n${leave}\n${messages}`, "authentication: none").replace("access: public", "access: probe"),
  ],
  [
    "a group that the origin guards, with a credential of the gateway",
    group(`${join}\n${leave}\n${messages}`, "sharedUpstream: { accessTokenEnv: ORIGIN_TOKEN }").replace(
      "access: public",
      "access: probe",
    ),
  ],
  [
    "a cached result, messages that slow clients miss, broadcasts, calls and streams",
    group(
      `
${join}
${leave}
joinResult: cached
cacheMs: 5
messages: [{ target: T, key: "{0.id}", onSlow: conflate }]`,
      `
    broadcasts: [{ target: News }]
    calls: [{ method: Get, key: "{0}", access: public }]
    streams: [{ method: Watch, key: "{0}", access: public }]
    privateUpstream: never`,
    ),
  ],
  [
    "keys that are spread over several upstreams",
    group(`${join}\n${leave}\n${messages}`, "sharedUpstream: { shards: 4 }"),
  ],
  ["upstreams per key, which end without a leave", group(`${join}\nmessages: [{ target: T }]\nupstream: perKey`)],
  [
    "a target of upstreams per key that has a key elsewhere",
    `${group(`${join}\nmessages: [{ target: T }]\nupstream: perKey`)}
      - { name: b, access: public, ${join.replace("Join", "B")}, ${leave}, ${messages} }`,
  ],
  [
    "a key that is another on MessagePack",
    group(`${join}\n${leave}\nmessages: [{ target: T, key: "{0.id}", keyMessagePack: "{0[0]}" }]`),
  ],
])("%s gives no warning", (_name, text) => {
  expect(warningsOf(text)).toEqual([]);
});

test.each([
  [
    `${minimal}\nlisten: { host: 0.0.0.0 }`,
    "listen.host: 0.0.0.0 can be reached from other machines without TLS; set listen.tls, or put a proxy that ends TLS in front",
  ],
  [
    `${minimal}\nadmin: { host: "::", token: 0123456789abcdef }`,
    "admin.host: :: can be reached from other machines, and the token travels without TLS",
  ],
  [
    `${minimal}\ntrustedProxies: [10.0.0.0/8, 0.0.0.0/0]`,
    "trustedProxies[1]: 0.0.0.0/0 believes everybody, so every client can choose its own address",
  ],
  [`${minimal}\nadmin: { token: short }`, "admin.token: shorter than 16 characters, so it can be guessed"],
  [
    "hubs: [{ path: /hub, origin: http://app.example.com:5000/hub }]",
    "hubs[0].origin: http:// sends credentials and messages in the clear to app.example.com:5000; use https://",
  ],
  [
    "hubs: [{ path: /hub, origin: http://127.0.0.1/hub, privateUpstream: never }]",
    "hubs[0].privateUpstream: never, and no rules: every invocation is answered with an error",
  ],
  [
    group(`${join}\n${leave}\n${messages}`, "privateUpstream: eager"),
    "hubs[0].privateUpstream: eager opens one origin connection per client, so only messages are saved, not connections",
  ],
  [
    group(`${join}\n${leave}\n${messages}`, "redirects: show\n    redirectHosts: [a.example]"),
    "hubs[0].redirects: show, so clients that the origin redirects leave the gateway, and no rule is for them",
  ],
  [
    group(`${join}\n${leave}\n${messages}`, "authentication: none"),
    "hubs[0].authentication: none lets everyone who reaches the gateway use every public rule of this hub",
  ],
  [
    group(`${join}\n${leave}\n${messages}`, "sharedUpstream: { accessTokenEnv: ORIGIN_TOKEN }"),
    "hubs[0].groups[0].access: public, while the shared upstream has a credential: whatever that may get, every client can read",
  ],
  [
    group(`${join}\n${leave}\n${messages}`, "sharedUpstream: { headers: { Authorization: Bearer x } }"),
    "hubs[0].groups[0].access: public, while the shared upstream has a credential: whatever that may get, every client can read",
  ],
  [
    group(`${join}\n${messages}`),
    "hubs[0].groups[0].leave: missing: the origin keeps sending a group that has no members, until the shared upstream ends",
  ],
  [
    group(`${join}\n${leave}\n${messages}\nonGap: rejoin`),
    'hubs[0].groups[0].onGap: rejoin, but no message has "to: joiner", so members get no new snapshot after a gap',
  ],
  [
    group(`${join}\n${leave}\nmessages: [{ target: T, key: "event-{0.id}" }]`),
    'hubs[0].groups[0].messages[0].key: "event-{0.id}" can never equal the join key "{0}": text and number of references differ, so T would reach nobody',
  ],
  [
    group(`${join}\n${leave}\nmessages: [{ target: T, key: "{0}", keyMessagePack: "{0}/{1}" }]`),
    'hubs[0].groups[0].messages[0].key: "{0}/{1}" can never equal the join key "{0}": text and number of references differ, so T would reach nobody',
  ],
  [
    group(`${join}\n${leave}\nmessages: [{ target: T, key: "{0.a}" }, { target: T, key: "{0.b}" }]`),
    "hubs[0].groups: T is claimed by event:{0.a} and event:{0.b}; a message that has both keys goes to the members of both",
  ],
  [
    group(`join: { method: Join, key: "{0[]}" }\n${leave}\n${messages}`, "sharedUpstream: { shards: 4 }"),
    "hubs[0].groups[0].join.key: yields several keys, so all keys of this group stay on one of the 4 shards",
  ],
  [
    "hubs: [{ path: /hub, origin: http://127.0.0.1/hub, sharedUpstream: { shards: 2 }, broadcasts: [{ target: T }] }]",
    "hubs[0].sharedUpstream.shards: 2, but the hub has no group whose keys could be spread; everything else uses the first one",
  ],
  [
    group(`${join}\n${leave}\n${messages}\nupstream: perKey`),
    "hubs[0].groups[0].upstream: perKey opens an origin connection for each key, and every message says its key itself; with shared one connection would do",
  ],
  [
    group(`${join}\n${leave}\njoinResult: cached\ncacheMs: 5\nmessages: [{ target: S, key: "{0.id}", to: joiner }]`),
    "hubs[0].groups[0].messages[0].to: joiner, but joinResult is cached: a client that is answered with an older result gets no S",
  ],
  [
    group(`${join}\n${leave}\nmessages: [{ target: S, key: "{0.id}", to: joiner, onSlow: drop }]`),
    "hubs[0].groups[0].messages[0].onSlow: drop, but S is a part of the join: a client that is behind would miss it",
  ],
  [
    "hubs: [{ path: /hub, origin: http://127.0.0.1/hub, privateUpstream: eager, broadcasts: [{ target: T }] }]",
    "hubs[0].privateUpstream: eager opens one origin connection per client, so only messages are saved, not connections",
  ],
  [
    withCredential('calls: [{ method: Get, key: "{0}", access: public }]'),
    "hubs[0].calls[0].access: public, while the shared upstream has a credential: whatever that may get, every client can read",
  ],
  [
    withCredential('streams: [{ method: Watch, key: "{0}", access: public }]'),
    "hubs[0].streams[0].access: public, while the shared upstream has a credential: whatever that may get, every client can read",
  ],
  [
    `${minimal}\nlimits: { clientTimeoutMs: 15000 }`,
    "limits.clientTimeoutMs: 15000 ends idle clients, which by default ping every 15 s",
  ],
  [
    `${minimal}\nlimits: { keepAliveIntervalMs: 30000 }`,
    "limits.keepAliveIntervalMs: 30000 loses idle clients, which by default give up after 30 s of silence",
  ],
  [
    `${minimal}\nlimits: { upstreamTimeoutMs: 1000 }`,
    "limits.upstreamTimeoutMs: 1000 ends idle upstreams; origins by default ping every 15 s",
  ],
  [
    `${minimal}\nlimits: { privateQueueMaxBytes: 1024 }`,
    "limits.privateQueueMaxBytes: 1024 is less than maxMessageBytes 32768, so the largest messages cannot wait for a private upstream",
  ],
])("%# warns of what is probably not meant", (text, warning) => {
  expect(warningsOf(text)).toEqual([warning]);
});

test("compression without anything to compress is a warning", () => {
  const hub = (rules: string): string =>
    `hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub, compression: { enabled: true }, ${rules} }]`;
  expect(warningsOf(hub("broadcasts: [{ target: T }]"))).toEqual([]);
  expect(warningsOf(hub("groups: []"))).toEqual([
    "hubs[0].compression: enabled, but only messages of groups and broadcasts are compressed, and there are none",
  ]);
});
