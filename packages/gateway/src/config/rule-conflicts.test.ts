import { expect, test } from "vitest";
import { errorLines, group, hub, join, messages } from "./sample-config.testing.ts";

const anyAccess = '"public", "authenticated", "probe" or { claims: { NAME: [VALUES] } }';

test.each([
  ["no access", `${join}\n${messages}`, `access: is missing; must be ${anyAccess}`],
  ["a mistyped access", `access: pubic\n${join}\n${messages}`, `access: must be ${anyAccess}, not "pubic"`],
  ["two kinds of access", `access: [public, probe]\n${join}\n${messages}`, `access: must be ${anyAccess}, not a list`],
  [
    "no join",
    `access: public\n${messages}`,
    "join: is missing; must be a mapping with the keys method, key, keyMessagePack",
  ],
  ["no messages", `access: public\n${join}`, "messages: is missing; must be a list of messages, at least one"],
  [
    "an empty list of messages",
    `access: public\n${join}\nmessages: []`,
    "messages: must be a list of messages, at least one, not empty",
  ],
  [
    "a key without quotes",
    `access: public\njoin: { method: A, key: {0} }\n${messages}`,
    'join.key: must be a key template in quotes, such as "{0}"; without quotes YAML reads the braces as a mapping',
  ],
  [
    "a number as key",
    `access: public\njoin: { method: A, key: 0 }\n${messages}`,
    'join.key: must be a key template such as "{0}" or "{0.eventId}" in quotes, not the number 0',
  ],
  [
    "a wrong key",
    `access: public\njoin: { method: A, key: "{id}" }\n${messages}`,
    'join.key: "{id}", character 2: a reference starts with the number of an argument, as in {0} or {0.eventId}',
  ],
  [
    "a message of several keys",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0[]}" }]`,
    'messages[0].key: "{0[]}" must yield one key: a message belongs to one group, so [] is for the keys of join and leave only',
  ],
  [
    "an unknown onSlow",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0}", onSlow: wait }]`,
    'messages[0].onSlow: must be "close", "drop" or "conflate", not "wait"',
  ],
  [
    "an unknown receiver",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0}", to: caller }]`,
    'messages[0].to: must be "members" or "joiner", not "caller"',
  ],
  [
    "a sequence",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0}", sequence: "{0.v}" }]`,
    "messages[0].sequence: is not supported by this version; leave it out",
  ],
  [
    "an unknown join result",
    `access: public\n${join}\n${messages}\njoinResult: stale`,
    'joinResult: must be "fresh" or "cached", not "stale"',
  ],
  [
    "an endless cache",
    `access: public\n${join}\n${messages}\njoinResult: cached\ncacheMs: 0`,
    "cacheMs: must be a whole number of milliseconds from 1 to 3600000, not 0",
  ],
  [
    "an unknown upstream",
    `access: public\n${join}\n${messages}\nupstream: private`,
    'upstream: must be "shared" or "perKey", not "private"',
  ],
  [
    "a message without a key",
    `access: public\n${join}\nmessages: [{ target: T }]`,
    'messages[0].key: is missing; must be a key template such as "{0}" or "{0.eventId}"; for messages that do not carry their key, write upstream: perKey',
  ],
  [
    "upstreams per key and a join of several keys",
    'access: public\njoin: { method: A, key: "{0[]}" }\nmessages: [{ target: T }]\nupstream: perKey',
    'join.key: "{0[]}" must yield one key with upstream: perKey, for one join cannot be made on several upstreams; leave out [], or write upstream: shared',
  ],
  [
    "upstreams per key and a join of several keys on MessagePack",
    'access: public\njoin: { method: A, key: "{0}", keyMessagePack: "{0.ids[]}" }\nmessages: [{ target: T }]\nupstream: perKey',
    'join.keyMessagePack: "{0.ids[]}" must yield one key with upstream: perKey, for one join cannot be made on several upstreams; leave out [], or write upstream: shared',
  ],
  [
    "a key for MessagePack alone",
    `access: public\n${join}\nmessages: [{ target: T, keyMessagePack: "{0}" }]\nupstream: perKey`,
    "messages[0].key: is missing; keyMessagePack can only replace a key",
  ],
  [
    "one target twice on the upstream of a key",
    `access: public\n${join}\nmessages: [{ target: T }, { target: T, key: "{0}" }]\nupstream: perKey`,
    'messages[1].target: "T" is claimed by hubs[0].groups[0].messages[0]; a message may belong to one rule only',
  ],
  [
    "a negative linger",
    `access: public\n${join}\n${messages}\nlingerMs: -1`,
    "lingerMs: must be a whole number of milliseconds from 0 to 3600000, not -1",
  ],
  [
    "an unknown gap policy",
    `access: public\n${join}\n${messages}\nonGap: rejoins`,
    'onGap: must be "close", "rejoin" or "ignore", not "rejoins"',
  ],
  [
    "a leave that reads inside an argument",
    `access: public\n${join}\n${messages}\nleave: { method: B, key: "{0.id}" }`,
    'leave.key: "{0.id}" must name whole arguments, {0}, {1} and so on without a gap (or {0[]}), each once: when the last member disconnects the gateway itself invokes the leave method, with nothing but the values of the join key',
  ],
  [
    "a leave that matches no join",
    `access: public\n${join}\n${messages}\nleave: { method: B, key: "e-{0}" }`,
    'leave.key: "e-{0}" must have the same number of references and the same text around them as the join key "{0}", or no leave would match a join',
  ],
  [
    "a leave that fails on MessagePack",
    `access: public\n${join}\n${messages}\nleave: { method: B, key: "{0}", keyMessagePack: "{1}" }`,
    'leave.keyMessagePack: on MessagePack connections, "{1}" must name whole arguments, {0}, {1} and so on without a gap (or {0[]}), each once: when the last member disconnects the gateway itself invokes the leave method, with nothing but the values of the join key',
  ],
  [
    "one method for both",
    `access: public\n${join}\n${messages}\nleave: { method: SUBSCRIBE, key: "{0}" }`,
    'leave.method: "SUBSCRIBE" is taken by hubs[0].groups[0].join.method; a hub method, whatever its case, may stand in one rule only',
  ],
  [
    "one target twice",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0}" }, { target: T, key: "{0}", to: joiner }]`,
    'messages[1].target: "T" is claimed with the same key by hubs[0].groups[0].messages[0]; a message may belong to one rule only',
  ],
])("a group with %s is refused", (_name, lines, line) => {
  expect(errorLines(group(lines))).toEqual([`hubs[0].groups[0].${line}`]);
});

test("two groups may not share a name, a hub method, or a target with an equal key", () => {
  const text = hub(`
groups:
  - { name: a, access: public, join: { method: Join, key: "{0}" }, leave: { method: Leave, key: "{0}" }, messages: [{ target: T, key: "{0.x}" }, { target: U, key: "{0.x}" }] }
  - { name: a, access: public, join: { method: join, key: "{0}" }, leave: { method: LEAVE, key: "{0}" }, messages: [{ target: T, key: "{0.x}" }, { target: u, key: "{0.x}" }] }
  - { name: b, access: public, join: { method: Other, key: "{0}" }, messages: [{ target: T, key: "{0.y}" }, { target: U, key: "{0.y}", keyMessagePack: "{0.x}" }] }
`);
  const method = "a hub method, whatever its case, may stand in one rule only";
  expect(errorLines(text)).toEqual([
    'hubs[0].groups[1].name: "a" is taken by hubs[0].groups[0].name; the names of a hub\'s groups must differ',
    `hubs[0].groups[1].join.method: "join" is taken by hubs[0].groups[0].join.method; ${method}`,
    `hubs[0].groups[1].leave.method: "LEAVE" is taken by hubs[0].groups[0].leave.method; ${method}`,
    'hubs[0].groups[1].messages[0].target: "T" is claimed with the same key by hubs[0].groups[0].messages[0]; a message may belong to one rule only',
    'hubs[0].groups[2].messages[1].target: "U" is claimed with the same key by hubs[0].groups[0].messages[1]; a message may belong to one rule only',
  ]);
});

test("groups with upstreams of their own may share a target with others: what comes there is for one key", () => {
  const text = hub(`
groups:
  - { name: a, access: public, join: { method: A, key: "{0}" }, messages: [{ target: T }], upstream: perKey }
  - { name: b, access: public, join: { method: B, key: "{0}" }, messages: [{ target: T }], upstream: perKey }
  - { name: c, access: public, join: { method: C, key: "{0}" }, messages: [{ target: T, key: "{0.x}" }] }
`);
  expect(errorLines(text)).toEqual([]);
});

test("a hub method may stand in one rule of any kind only", () => {
  const text = hub(`
groups: [{ name: a, access: public, join: { method: Join, key: "{0}" }, messages: [{ target: T, key: "{0.x}" }] }]
calls:
  - { method: JOIN, key: "{0}", access: public }
  - { method: Get, key: "{0}", access: public }
  - { method: get, key: "{0}", access: public }
streams:
  - { method: Get, key: "{0}", access: public }
  - { method: Watch, key: "{0}", access: public }
  - { method: Watch, key: "{0}", access: public }
`);
  const method = "a hub method, whatever its case, may stand in one rule only";
  expect(errorLines(text)).toEqual([
    `hubs[0].calls[0].method: "JOIN" is taken by hubs[0].groups[0].join.method; ${method}`,
    `hubs[0].calls[2].method: "get" is taken by hubs[0].calls[1].method; ${method}`,
    `hubs[0].streams[0].method: "Get" is taken by hubs[0].calls[1].method; ${method}`,
    `hubs[0].streams[2].method: "Watch" is taken by hubs[0].streams[1].method; ${method}`,
  ]);
});

test("a target that all clients get may belong to no group, and to one broadcast rule only", () => {
  const text = hub(`
broadcasts: [{ target: T }, { target: U }, { target: U, onGap: ignore }, { target: t }]
groups:
  - { name: a, access: public, join: { method: A, key: "{0}" }, messages: [{ target: T, key: "{0.x}" }] }
  - { name: b, access: public, join: { method: B, key: "{0}" }, messages: [{ target: T, key: "{0.y}" }] }
`);
  const target = "a target that all clients get may stand in one rule only";
  expect(errorLines(text)).toEqual([
    `hubs[0].broadcasts[0].target: "T" is taken by hubs[0].groups[0].messages[0].target; ${target}`,
    `hubs[0].broadcasts[2].target: "U" is taken by hubs[0].broadcasts[1].target; ${target}`,
  ]);
});

test.each([
  ["broadcasts: [{}]", "broadcasts[0].target: is missing; must be the name of a target"],
  ["broadcasts: [{ target: '' }]", 'broadcasts[0].target: must be the name of a target that the hub sends, not ""'],
  ["broadcasts: [{ target: T, onGap: rejoin }]", 'broadcasts[0].onGap: must be "close" or "ignore", not "rejoin"'],
  ['broadcasts: [{ target: T, key: "{0}" }]', "broadcasts[0].key: unknown key; allowed here: target, onGap"],
  ["calls: [Get]", 'calls[0]: must be a mapping with the keys method, key, keyMessagePack, access, ttlMs, not "Get"'],
  [
    "calls: [{ method: Get, access: public }]",
    'calls[0].key: is missing; must be a key template such as "{0}" or "{0.eventId}"',
  ],
  [
    'calls: [{ method: Get, key: "{0", access: public }]',
    'calls[0].key: "{0", character 1: "{" is never closed; a literal brace is written "{{"',
  ],
  [
    'calls: [{ method: Get, key: "{0}", access: public, ttlMs: 3600001 }]',
    "calls[0].ttlMs: must be a whole number of milliseconds from 0 to 3600000, not 3600001",
  ],
  [
    'streams: [{ method: Watch, key: "{0}", access: public, ttlMs: 5 }]',
    "streams[0].ttlMs: unknown key; allowed here: method, key, keyMessagePack, access",
  ],
])("%s is refused", (lines, line) => {
  expect(errorLines(hub(lines))).toEqual([`hubs[0].${line}`]);
});

test("groups of different hubs do not conflict", () => {
  const groups = `groups: [{ name: a, access: public, ${join}, ${messages} }]`;
  const text = `
hubs:
  - { path: /a, origin: http://127.0.0.1/a, ${groups} }
  - { path: /b, origin: http://127.0.0.1/b, ${groups} }
`;
  expect(errorLines(text)).toEqual([]);
});
