import { expect, test } from "vitest";
import { errorLines, hub, join, messages } from "./sample-config.testing.ts";

const jwt = "authentication: { jwt: { issuer: me, audience: hub, jwksFile: keys.json } }";
const leave = 'leave: { method: Unsubscribe, key: "{0}" }';
const queryAccess = '"public", "authenticated" or { claims: { NAME: [VALUES] } }';

/** A hub with one good rule of each kind in which access is asked for; `{}` is replaced by it. */
const everywhere = (access: string, hubLines = ""): string =>
  hub(`
${hubLines}
groups: [{ name: event, access: ${access}, ${join}, ${leave}, ${messages} }]
calls: [{ method: Get, key: "{0}", access: ${access} }]
streams: [{ method: Watch, key: "{0}", access: ${access} }]
`);

const group = (lines: string, hubLines = ""): string =>
  hub(`${hubLines}\ngroups: [{ name: event, ${lines}, ${messages} }]`);

test.each([
  ["public", everywhere("public")],
  ["authenticated, with tokens", everywhere("authenticated", jwt)],
  ["claims, with tokens", everywhere("{ claims: { tier: [vip, gold], brand: [a] } }", jwt)],
  ["probe", group(`access: probe, ${join}, ${leave}`)],
  [
    "probe on eager upstreams, asked every time",
    group(`access: probe, probeTtlMs: 0, ${join}, ${leave}`, "privateUpstream: eager"),
  ],
  ["a cached join", group(`access: public, ${join}, joinResult: cached, cacheMs: 1`)],
])("%s is accepted", (_name, text) => {
  expect(errorLines(text)).toEqual([]);
});

test("what only verified users may have needs tokens that the gateway verifies, in every kind of rule", () => {
  for (const hubLines of ["", "authentication: none", "authentication: origin"]) {
    const needsUser = '"authenticated" needs authentication: { jwt: ... }; without it no user is verified';
    expect(errorLines(everywhere("authenticated", hubLines))).toEqual([
      `hubs[0].groups[0].access: ${needsUser}`,
      `hubs[0].calls[0].access: ${needsUser}`,
      `hubs[0].streams[0].access: ${needsUser}`,
    ]);
    const needsClaim = "needs authentication: { jwt: ... }; without it no claim is verified";
    expect(errorLines(everywhere("{ claims: { tier: [vip] } }", hubLines))).toEqual([
      `hubs[0].groups[0].access.claims: ${needsClaim}`,
      `hubs[0].calls[0].access.claims: ${needsClaim}`,
      `hubs[0].streams[0].access.claims: ${needsClaim}`,
    ]);
  }
});

test("calls and streams are not probed", () => {
  const message = `"probe" is for groups only; must be ${queryAccess}, or leave the rule out and the origin decides`;
  expect(errorLines(everywhere("probe"))).toEqual([
    `hubs[0].calls[0].access: ${message}`,
    `hubs[0].streams[0].access: ${message}`,
  ]);
});

test("calls and streams say who may use them", () => {
  const text = hub('calls: [{ method: Get, key: "{0}" }]\nstreams: [{ method: Watch, key: "{0}", access: all }]');
  expect(errorLines(text)).toEqual([
    `hubs[0].calls[0].access: is missing; must be ${queryAccess}`,
    `hubs[0].streams[0].access: must be ${queryAccess}, not "all"`,
  ]);
});

test.each([
  ["no claim at all", "{ claims: {} }", "claims: must be a mapping of claim names to lists of values, not empty"],
  [
    "a claim without values",
    "{ claims: { tier: [] } }",
    "claims.tier: must be a list of values, at least one, not empty",
  ],
  [
    "one value that is no list",
    "{ claims: { tier: vip } }",
    'claims.tier: must be a list of values, at least one, not "vip"',
  ],
  ["a number as value", "{ claims: { tier: [1] } }", "claims.tier[0]: must be a value in quotes, not the number 1"],
  [
    "a boolean as value",
    "{ claims: { tier: [yes, true] } }",
    "claims.tier[1]: must be a value in quotes, not the boolean true",
  ],
  ["an empty value", '{ claims: { tier: [""] } }', "claims.tier[0]: must not be empty, nor begin or end with a space"],
  [
    "no mapping",
    "{ claims: [tier] }",
    "claims: must be a mapping of claim names to lists of values, such as { tier: [vip] }, not a list",
  ],
  ["a mistyped key", "{ claim: { tier: [vip] } }", 'claim: unknown key; did you mean "claims"?'],
])("claims with %s are refused", (_name, access, line) => {
  expect(errorLines(group(`access: ${access}, ${join}`, jwt))[0]).toBe(`hubs[0].groups[0].access.${line}`);
});

test("a probe needs a connection to ask on, and a method to leave again", () => {
  expect(errorLines(group(`access: probe, ${join}`, "privateUpstream: never"))).toEqual([
    'hubs[0].groups[0].access: "probe" needs privateUpstream lazy or eager, not never: the origin is asked on the client\'s own connection',
    "hubs[0].groups[0].leave: is missing; access: probe needs it, so that the gateway can leave the group again on the connection on which it asked",
  ]);
});

test("settings of a kind of access or of a cache that is not chosen are refused", () => {
  expect(errorLines(group(`access: public, probeTtlMs: 5, ${join}, cacheMs: 5`))).toEqual([
    "hubs[0].groups[0].probeTtlMs: needs access: probe; leave it out, for the origin is not asked",
    "hubs[0].groups[0].cacheMs: needs joinResult: cached; leave it out, for every batch of joins asks the origin",
  ]);
  expect(errorLines(group(`access: public, ${join}, joinResult: cached`))).toEqual([
    "hubs[0].groups[0].cacheMs: is missing; joinResult: cached needs it, the milliseconds for which a result answers later joins",
  ]);
});
