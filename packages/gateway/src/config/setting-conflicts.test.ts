import { expect, test } from "vitest";
import { errorLines, hub, minimal } from "./sample-config.testing.ts";

test.each([
  [
    "an empty file",
    "",
    "gateway.yaml: has no value; must be a mapping with the keys listen, admin, log, trustedProxies, hubs, limits, or leave the key out",
  ],
  [
    "a text",
    "hello",
    'gateway.yaml: must be a mapping with the keys listen, admin, log, trustedProxies, hubs, limits, not "hello"',
  ],
  ["no hubs", "listen: { port: 1 }", "hubs: is missing; must be a list of hubs, at least one"],
  ["hubs without a value", "hubs:", "hubs: has no value; must be a list of hubs, at least one, or leave the key out"],
  ["an empty list of hubs", "hubs: []", "hubs: must be a list of hubs, at least one, not empty"],
  ["hubs that are no list", "hubs: { path: /x }", "hubs: must be a list of hubs, at least one, not a mapping"],
  ["an unknown key", `${minimal}\nlimit: {}`, 'limit: unknown key; did you mean "limits"?'],
  [
    "a key like none",
    `${minimal}\nxyz: {}`,
    "xyz: unknown key; allowed here: listen, admin, log, trustedProxies, hubs, limits",
  ],
  [
    "constructor",
    `${minimal}\nconstructor: {}`,
    "constructor: unknown key; allowed here: listen, admin, log, trustedProxies, hubs, limits",
  ],
  [
    "__proto__",
    `${minimal}\n__proto__: {}`,
    "__proto__: unknown key; allowed here: listen, admin, log, trustedProxies, hubs, limits",
  ],
  [
    "a port in quotes",
    `${minimal}\nlisten: { port: "80" }`,
    'listen.port: must be a whole number from 0 to 65535, not "80"',
  ],
  [
    "a port out of range",
    `${minimal}\nlisten: { port: 65536 }`,
    "listen.port: must be a whole number from 0 to 65535, not 65536",
  ],
  [
    "half a port",
    `${minimal}\nlisten: { port: 80.5 }`,
    "listen.port: must be a whole number from 0 to 65535, not 80.5",
  ],
  [
    "a host with a port",
    `${minimal}\nlisten: { host: "http://a:80" }`,
    'listen.host: must be a host name or an IP address, without scheme, port or brackets (0.0.0.0 or :: for every interface), not "http://a:80"',
  ],
  [
    "one port twice",
    `${minimal}\nadmin: { port: 8080 }`,
    "admin.port: 8080 is also the port of listen; the two listeners need different ports",
  ],
  [
    "one port on overlapping addresses",
    `${minimal}\nlisten: { host: 0.0.0.0, port: 9090 }`,
    "admin.port: 9090 is also the port of listen; the two listeners need different ports",
  ],
  [
    "a public admin without token",
    `${minimal}\nadmin: { host: 0.0.0.0 }`,
    `admin.token: is missing; required because admin.host "0.0.0.0" can be reached from other machines. Set one, best as \${ADMIN_TOKEN}, or use host 127.0.0.1`,
  ],
  [
    "a token with spaces",
    `${minimal}\nadmin: { token: "my secret" }`,
    "admin.token: must be visible ASCII without spaces (the value is not shown here)",
  ],
  [
    "a proxy by name",
    `${minimal}\ntrustedProxies: [proxy.example]`,
    'trustedProxies[0]: must be an IP address or a range such as "10.0.0.0/8" or "fd00::/8", not "proxy.example"',
  ],
  [
    "a range that is too narrow",
    `${minimal}\ntrustedProxies: [10.0.0.1/33]`,
    'trustedProxies[0]: must be an IP address or a range such as "10.0.0.0/8" or "fd00::/8", not "10.0.0.1/33"',
  ],
  [
    "a certificate without key",
    `${minimal}\nlisten: { tls: { certFile: cert.pem } }`,
    "listen.tls.keyFile: is missing; must be the path of a PEM file",
  ],
  [
    "an unknown level",
    `${minimal}\nlog: { level: verbose }`,
    'log.level: must be "debug", "info", "warn" or "error", not "verbose"',
  ],
  [
    "a limit of zero",
    `${minimal}\nlimits: { maxConnections: 0 }`,
    "limits.maxConnections: must be a whole number from 1 to 1000000, not 0",
  ],
  [
    "a limit with a unit",
    `${minimal}\nlimits: { maxMessageBytes: 32k }`,
    'limits.maxMessageBytes: must be a whole number of bytes from 1 to 67108864, not "32k"',
  ],
  [
    "an infinite limit",
    `${minimal}\nlimits: { joinTimeoutMs: .inf }`,
    "limits.joinTimeoutMs: must be a whole number of milliseconds from 1 to 3600000, not Infinity",
  ],
  [
    "a mistyped limit",
    `${minimal}\nlimits: { maxConnection: 5 }`,
    'limits.maxConnection: unknown key; did you mean "maxConnections"?',
  ],
  [
    "limits without a value",
    `${minimal}\nlimits:`,
    /^limits: has no value; must be a mapping with the keys maxMessageBytes, .*, or leave the key out$/,
  ],
])("%s is refused", (_name, text, line) => {
  expect(errorLines(text)).toEqual([typeof line === "string" ? line : expect.stringMatching(line)]);
});

test.each([
  ["no origin", "hubs: [{ path: /x }]", "hubs[0].origin: is missing; must be an http:// or https:// URL of the hub"],
  [
    "a relative path",
    "hubs: [{ path: hub, origin: http://a/ }]",
    'hubs[0].path: must be an absolute path such as "/hubs/odds", without query, not "hub"',
  ],
  [
    "a path with query",
    "hubs: [{ path: /hub?x, origin: http://a/ }]",
    'hubs[0].path: must be an absolute path such as "/hubs/odds", without query, not "/hub?x"',
  ],
  [
    "a path that climbs",
    "hubs: [{ path: /a/../b, origin: http://a/ }]",
    'hubs[0].path: must be an absolute path such as "/hubs/odds", without query, not "/a/../b"',
  ],
  [
    "no URL",
    "hubs: [{ path: /x, origin: 127.0.0.1 }]",
    'hubs[0].origin: must be an http:// or https:// URL of the hub, such as "https://app.example.com/hubs/odds", not "127.0.0.1"',
  ],
  [
    "a WebSocket URL",
    "hubs: [{ path: /x, origin: ws://a/x }]",
    'hubs[0].origin: must be an http:// or https:// URL of the hub, such as "https://app.example.com/hubs/odds": SignalR negotiates over HTTP first; not "ws://a/x"',
  ],
  [
    "a URL with a query",
    "hubs: [{ path: /x, origin: 'http://a/x?b=1' }]",
    "hubs[0].origin: must not contain a query or a fragment; the client's own query is added to each request",
  ],
  [
    "a URL with a password",
    "hubs: [{ path: /x, origin: 'http://me:secret@a/x' }]",
    "hubs[0].origin: must not contain a user name or password; use sharedUpstream for the gateway's own credential",
  ],
  ["a mistyped key", hub("group: []"), 'hubs[0].group: unknown key; did you mean "groups"?'],
  [
    "an unknown mode",
    hub("privateUpstream: always"),
    'hubs[0].privateUpstream: must be "eager", "lazy" or "never", not "always"',
  ],
  [
    "jwt without an audience",
    hub("authentication: { jwt: { issuer: x, jwksFile: keys.json } }"),
    "hubs[0].authentication.jwt.audience: is missing; must be the audience of the tokens",
  ],
  [
    "jwt without keys",
    hub("authentication: { jwt: { issuer: x, audience: y } }"),
    "hubs[0].authentication.jwt.jwksFile: is missing; one of jwksFile and jwksUrl must say where the issuer's keys are",
  ],
  [
    "jwt with keys in two places",
    hub("authentication: { jwt: { issuer: x, audience: y, jwksFile: keys.json, jwksUrl: https://a/keys } }"),
    "hubs[0].authentication.jwt.jwksUrl: must not stand beside jwksFile; use one of them",
  ],
  [
    "jwt with keys that anybody on the way can change",
    hub("authentication: { jwt: { issuer: x, audience: y, jwksUrl: http://a.example/keys } }"),
    'hubs[0].authentication.jwt.jwksUrl: must be an https:// URL (http:// on this machine only): whoever can change the keys can be any user; not "http://a.example/keys"',
  ],
  [
    "jwt with an empty issuer",
    hub('authentication: { jwt: { issuer: "", audience: y, jwksFile: keys.json } }'),
    "hubs[0].authentication.jwt.issuer: must not be empty, nor begin or end with a space",
  ],
  [
    "a mistyped key of jwt",
    hub("authentication: { jwt: { issuer: x, audience: y, jwksFile: keys.json, nameclaim: z } }"),
    'hubs[0].authentication.jwt.nameclaim: unknown key; did you mean "nameClaim"?',
  ],
  [
    "authentication without a value",
    hub("authentication:"),
    'hubs[0].authentication: has no value; must be "origin", "none" or { jwt: { issuer, audience, jwksFile or jwksUrl } }, or leave the key out',
  ],
  [
    "another authentication",
    hub("authentication: basic"),
    'hubs[0].authentication: must be "origin", "none" or { jwt: { issuer, audience, jwksFile or jwksUrl } }, not "basic"',
  ],
  [
    "a claim as partition that nobody verifies",
    hub("partitionBy: [query.a, claim.tier]"),
    'hubs[0].partitionBy[1]: "claim.tier" needs authentication: { jwt: ... }; without it no claim is verified',
  ],
  [
    "a bare partition",
    hub("partitionBy: [market]"),
    'hubs[0].partitionBy[0]: must be "query.NAME", "header.NAME" or "claim.NAME", not "market"',
  ],
  [
    "a partition by connection",
    hub("partitionBy: [query.id]"),
    'hubs[0].partitionBy[0]: "query.id" belongs to SignalR itself and says nothing about the client; choose another parameter',
  ],
  [
    "a partition by credential",
    hub("partitionBy: [header.Cookie]"),
    'hubs[0].partitionBy[0]: "header.Cookie" is a credential: a shared upstream would be opened with one client\'s credential and serve others',
  ],
  [
    "a partition by host",
    hub("partitionBy: [header.host]"),
    'hubs[0].partitionBy[0]: "host" belongs to a single connection and cannot be passed on; leave it out',
  ],
  [
    "a text instead of a list",
    hub("forwardHeaders: user-agent"),
    'hubs[0].forwardHeaders: must be a list of header names, not "user-agent"',
  ],
  [
    "a header of one connection",
    hub("forwardHeaders: [Sec-WebSocket-Key]"),
    'hubs[0].forwardHeaders[0]: "Sec-WebSocket-Key" belongs to a single connection and cannot be passed on; leave it out',
  ],
  [
    "a header that names clients",
    hub("forwardHeaders: [X-Forwarded-For]"),
    'hubs[0].forwardHeaders[0]: "X-Forwarded-For" could be forged by any client; the gateway sends its own X-Forwarded-For, -Proto and -Host (see trustedProxies); leave it out',
  ],
  [
    "the header of gateways among themselves",
    hub("forwardHeaders: [X-SignalR-Edge-Chain]"),
    'hubs[0].forwardHeaders[0]: "X-SignalR-Edge-Chain" is how gateways know each other, and made by the gateway itself; leave it out',
  ],
  [
    "no shared upstream at all",
    hub("sharedUpstream: { shards: 0 }"),
    "hubs[0].sharedUpstream.shards: must be a whole number from 1 to 64, not 0",
  ],
  [
    "no name of a header",
    hub('forwardHeaders: ["user agent"]'),
    'hubs[0].forwardHeaders[0]: must be the name of an HTTP header, not "user agent"',
  ],
  [
    "a header that YAML reads as a number",
    hub("sharedUpstream: { headers: { x-edge: 1 } }"),
    "hubs[0].sharedUpstream.headers.x-edge: must be text in quotes (the value is not shown here)",
  ],
  [
    "a header value of two lines",
    hub('sharedUpstream: { headers: { x-edge: "a\\r\\nb: c" } }'),
    "hubs[0].sharedUpstream.headers.x-edge: must be one line of Latin-1 text (the value is not shown here)",
  ],
  [
    "a wrong name of a header",
    hub('sharedUpstream: { headers: { "x edge": "1" } }'),
    'hubs[0].sharedUpstream.headers["x edge"]: must be the name of an HTTP header, not "x edge"',
  ],
  [
    "a token instead of its variable",
    hub("sharedUpstream: { accessTokenEnv: eyJhbGciOi.J9 }"),
    "hubs[0].sharedUpstream.accessTokenEnv: must be the name of an environment variable, such as ORIGIN_TOKEN, not the token (the value is not shown here)",
  ],
  [
    "a token variable that is not set",
    hub("sharedUpstream: { accessTokenEnv: ORIGIN_TOKEN }"),
    "hubs[0].sharedUpstream.accessTokenEnv: environment variable ORIGIN_TOKEN is not set; set it to the gateway's access token",
  ],
  [
    "two credentials",
    hub("sharedUpstream: { accessTokenEnv: A, headers: { Authorization: x } }"),
    "hubs[0].sharedUpstream.accessTokenEnv: must not stand beside an authorization header; use one of them",
  ],
  [
    "a page instead of an origin",
    hub("allowedOrigins: [https://www.example.com/app]"),
    'hubs[0].allowedOrigins[0]: must be scheme, host and port as browsers send them, such as "https://www.example.com", without path, or "*"; not "https://www.example.com/app"',
  ],
  [
    "a host instead of an origin",
    hub("allowedOrigins: [www.example.com]"),
    'hubs[0].allowedOrigins[0]: must be scheme, host and port as browsers send them, such as "https://www.example.com", without path, or "*"; not "www.example.com"',
  ],
  [
    "a URL as redirect host",
    hub("redirectHosts: [https://a.example/]"),
    'hubs[0].redirectHosts[0]: must be a host, or host:port, without scheme and path, such as "example.service.signalr.net", not "https://a.example/"',
  ],
  [
    "redirects that are shown, and no host for them",
    hub("redirects: show"),
    "hubs[0].redirects: show needs redirectHosts, the hosts that clients may be sent to; to any other they never are",
  ],
  [
    "redirects that are shown by an origin that is not asked",
    "hubs: [{ path: /a, origin: http://a/, redirects: show, redirectHosts: [b], authentication: none, privateUpstream: lazy }]",
    "hubs[0].redirects: show needs authentication: origin, or privateUpstream: eager; otherwise the origin is not asked when a client negotiates",
  ],
  [
    "an unset variable",
    hub(`partitionBy: ["\${PARTITION}"]`),
    `hubs[0].partitionBy[0]: environment variable PARTITION is not set; set it or write \${PARTITION:-default}`,
  ],
  [
    "two hubs at one path",
    "hubs: [{ path: /Hub, origin: http://a/ }, { path: /hub/, origin: http://b/ }]",
    'hubs[1].path: "/hub/" is taken by hubs[0].path; paths must differ in more than case and a trailing slash',
  ],
])("a hub with %s is refused", (_name, text, line) => {
  expect(errorLines(text)).toEqual([line]);
});

test("a mistyped jwt is an unknown key, and the right one is missing", () => {
  expect(errorLines(hub("authentication: { jwd: { issuer: x } }"))).toEqual([
    'hubs[0].authentication.jwd: unknown key; did you mean "jwt"?',
    "hubs[0].authentication.jwt: is missing; must be a mapping with the keys issuer, audience, jwksFile, jwksUrl, nameClaim",
  ]);
});
