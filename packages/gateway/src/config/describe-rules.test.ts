import { expect, test } from "vitest";
import { describeConfig } from "./describe-rules.ts";
import { loadConfig } from "./load.ts";

function describeText(text: string): string {
  const result = loadConfig(text, { environment: { ORIGIN_TOKEN: "top-secret" }, fileName: "gateway.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return describeConfig(result.config);
}

test("a transparent hub is described as one that shares nothing", () => {
  expect(describeText("hubs: [{ path: /hub, origin: http://127.0.0.1:5000/hub }]")).toBe(`\
clients            http://127.0.0.1:8080
admin              http://127.0.0.1:9090, no token
log level          info
limits             defaults

hub /hub -> http://127.0.0.1:5000/hub
  who may connect  whom the origin lets negotiate
  private upstream eager: one per client, opened when it negotiates
  shared upstream  none
  partitions       one
  headers          all
  rules            none: every message passes through unshared
`);
});

test("what is set up for browsers, proxies, tokens and redirects is described where it is set up", () => {
  const text = describeText(`
listen: { tls: { certFile: cert.pem, keyFile: key.pem } }
trustedProxies: [10.0.0.0/8, "fd00::/8"]
hubs:
  - path: /a
    origin: http://127.0.0.1/a
    allowedOrigins: [https://www.example.com, "*"]
    authentication: { jwt: { issuer: https://login.example, audience: hub, jwksUrl: https://login.example/keys } }
    redirectHosts: [example.service.signalr.net]
    partitionBy: [claim.tier]
  - path: /b
    origin: http://127.0.0.1/b
    allowedOrigins: []
    authentication: { jwt: { issuer: me, audience: hub, jwksFile: keys.json, nameClaim: email } }
  - path: /c
    origin: http://127.0.0.1/c
    redirects: show
    redirectHosts: [a.example, "b.example:8443"]
`);
  expect(text.split("\n")).toEqual(
    expect.arrayContaining([
      "clients            https://127.0.0.1:8080",
      "trusted proxies    10.0.0.0/8, fd00::/8",
      "  who may connect  who has a token of https://login.example for hub, with a key in https://login.example/keys; the user is its sub",
      "  web pages        https://www.example.com, of any origin, without credentials",
      "  redirects        followed to example.service.signalr.net",
      "  partitions       one per claim.tier",
      "  who may connect  who has a token of me for hub, with a key in keys.json; the user is its email",
      "  web pages        of the gateway's own host only",
      "  redirects        shown to clients that negotiate, which leave for a.example, b.example:8443",
    ]),
  );
});

test("a hub with groups is described rule by rule, without any secret", () => {
  const text = describeText(`
listen: { host: "::1", port: 0 }
admin: { token: 0123456789abcdef }
limits: { maxConnections: 10, joinTimeoutMs: 5 }
hubs:
  - path: /hubs/odds
    origin: https://app.example.com/hubs/odds
    partitionBy: [query.market, header.x-brand]
    forwardHeaders: [user-agent]
    sharedUpstream: { accessTokenEnv: ORIGIN_TOKEN, headers: { x-edge: "hidden" } }
    groups:
      - name: event
        access: public
        join: { method: SubscribeToEvent, key: "{0}" }
        leave: { method: UnsubscribeFromEvent, key: "{0}" }
        messages:
          - { target: OddsChanged, key: "{0.eventId}", keyMessagePack: "{0[0]}" }
          - { target: EventSnapshot, key: "{0.eventId}", to: joiner, privateCopies: deliver }
        onGap: rejoin
        keyKind: text
      - name: all
        access: public
        join: { method: SubscribeToAll, key: all }
        messages: [{ target: Notice, key: all }]
        lingerMs: 500
  - { path: /b, origin: http://127.0.0.1/b, privateUpstream: never, authentication: none }
`);
  expect(text).toBe(`\
clients            http://[::1]:(a free port)
admin              http://127.0.0.1:9090, with token
log level          info
limits             maxConnections 10 (default 15000), joinTimeoutMs 5 (default 30000)

hub /hubs/odds -> https://app.example.com/hubs/odds
  who may connect  whom the origin lets negotiate; its verdict on a credential is kept for 30 s
  private upstream lazy: opened by a client's first message that no rule names
  shared upstream  access token from ORIGIN_TOKEN, headers x-edge
  partitions       one per query.market, header.x-brand
  headers          authorization, cookie, x-requested-with, x-signalr-user-agent, user-agent
  group event, for everyone who may connect
    join     SubscribeToEvent joins event:{0}
    leave    UnsubscribeFromEvent leaves event:{0}
    message  OddsChanged belongs to event:{0.eventId} (MessagePack event:{0[0]}), sent to its members
    message  EventSnapshot belongs to event:{0.eventId}, sent to the clients that are joining, private copies are delivered
    gap      the gateway joins again for its members
    linger   10 s after the last member left; keys as text (42 is "42")
  group all, for everyone who may connect
    join     SubscribeToAll joins all:all
    leave    none
    message  Notice belongs to all:all, sent to its members
    gap      members are closed and reconnect
    linger   0.5 s after the last member left; exact keys

hub /b -> http://127.0.0.1/b
  who may connect  everyone
  private upstream never: a message that no rule names is answered with an error
  shared upstream  none
  partitions       one
  headers          all
  rules            none: every message passes through unshared
`);
  expect(text).not.toMatch(/top-secret|hidden|0123456789abcdef/);
});

test("several shared upstreams, and those of single keys, are described where they are set up", () => {
  const text = describeText(`
hubs:
  - path: /a
    origin: http://127.0.0.1/a
    sharedUpstream: { shards: 4, headers: { x-edge: "1" } }
    groups:
      - name: chat
        access: public
        join: { method: Enter, key: "{0}" }
        messages: [{ target: Said }, { target: Topic, key: "{0.room}" }]
        upstream: perKey
`);
  const lines = text.split("\n");
  expect(lines).toContain(
    "  shared upstream  anonymous, headers x-edge; 4 of them, over which the keys of groups are spread",
  );
  expect(lines.slice(lines.indexOf("    leave    none"))).toEqual([
    "    leave    none",
    "    message  Said belongs to the key of its upstream, sent to its members",
    "    message  Topic belongs to chat:{0.room}, sent to its members",
    "    upstream one for each key",
    "    gap      members are closed and reconnect",
    "    linger   10 s after the last member left; exact keys",
    "",
  ]);
});

test("every kind of rule is described, with who may use it", () => {
  const text = describeText(`
hubs:
  - path: /a
    origin: http://127.0.0.1/a
    authentication: { jwt: { issuer: me, audience: hub, jwksFile: keys.json } }
    groups:
      - name: vip
        access: { claims: { tier: [vip, gold], brand: [x] } }
        join: { method: JoinVip, key: "{0}" }
        leave: { method: LeaveVip, key: "{0}" }
        messages: [{ target: A, key: "{0}", onSlow: drop }, { target: B, key: "{0}", onSlow: conflate }]
        joinResult: cached
        cacheMs: 1500
      - name: asked
        access: probe
        join: { method: JoinAsked, key: "{0}" }
        leave: { method: LeaveAsked, key: "{0}" }
        messages: [{ target: C, key: "{0}" }]
    broadcasts: [{ target: News }, { target: Alert, onGap: ignore }]
    calls:
      - { method: GetEvent, key: "{0}", keyMessagePack: "{1}", access: authenticated, ttlMs: 500 }
      - { method: GetAll, key: all, access: public }
    streams: [{ method: Watch, key: "{0}", access: { claims: { tier: [vip] } } }]
`);
  expect(text.slice(text.indexOf("  private upstream"))).toBe(`\
  private upstream lazy: opened by a client's first message that no rule names
  shared upstream  anonymous
  partitions       one
  headers          authorization, cookie, x-requested-with, x-signalr-user-agent
  group vip, for users with a token that says tier vip or gold, and brand x
    join     JoinVip joins vip:{0}
    leave    LeaveVip leaves vip:{0}
    message  A belongs to vip:{0}, sent to its members, left out for clients that are behind
    message  B belongs to vip:{0}, sent to its members, only the newest of a key for clients that are behind
    cache    the result of a join answers later ones for 1.5 s
    gap      members are closed and reconnect
    linger   10 s after the last member left; exact keys
  group asked, for whom the origin lets join, asked on the client's own connection; a yes holds for 30 s
    join     JoinAsked joins asked:{0}
    leave    LeaveAsked leaves asked:{0}
    message  C belongs to asked:{0}, sent to its members
    gap      members are closed and reconnect
    linger   10 s after the last member left; exact keys
  broadcast News, for everyone who may connect
    gap      clients are closed and reconnect
  broadcast Alert, for everyone who may connect
    gap      clients are not told
  call GetEvent, for every user with a token
    key      {0} (MessagePack {1})
    result   shared by calls with equal arguments that wait at the same time, and kept for 0.5 s
  call GetAll, for everyone who may connect
    key      all
    result   shared by calls with equal arguments that wait at the same time
  stream Watch, for users with a token that says tier vip
    key      {0}
    items    shared by readers with equal arguments, until the last of them leaves
`);
});
