import { expect, test } from "vitest";
import { errorLines, group, hub, join, messages } from "./sample-config.testing.ts";

test.each([
  ["no access", `${join}\n${messages}`, 'access: is missing; must be "public"'],
  [
    "a later access",
    `access: authenticated\n${join}\n${messages}`,
    'access: "authenticated" is not supported by this version; must be "public"',
  ],
  [
    "claims",
    `access: { claims: { tier: [vip] } }\n${join}\n${messages}`,
    'access: "claims" is not supported by this version; must be "public"',
  ],
  ["a mistyped access", `access: pubic\n${join}\n${messages}`, 'access: must be "public", not "pubic"'],
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
    "a later onSlow",
    `access: public\n${join}\nmessages: [{ target: T, key: "{0}", onSlow: conflate }]`,
    'messages[0].onSlow: "conflate" is not supported by this version; must be "close"',
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
    "a cached join",
    `access: public\n${join}\n${messages}\njoinResult: cached`,
    'joinResult: "cached" is not supported by this version; must be "fresh"',
  ],
  [
    "an upstream per key",
    `access: public\n${join}\n${messages}\nupstream: perKey`,
    'upstream: "perKey" is not supported by this version; leave the key out or write "shared"',
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
    'leave.method: "SUBSCRIBE" is taken by hubs[0].groups[0].join.method; a hub method, whatever its case, may join or leave one group only',
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
  const method = "a hub method, whatever its case, may join or leave one group only";
  expect(errorLines(text)).toEqual([
    'hubs[0].groups[1].name: "a" is taken by hubs[0].groups[0].name; the names of a hub\'s groups must differ',
    `hubs[0].groups[1].join.method: "join" is taken by hubs[0].groups[0].join.method; ${method}`,
    `hubs[0].groups[1].leave.method: "LEAVE" is taken by hubs[0].groups[0].leave.method; ${method}`,
    'hubs[0].groups[1].messages[0].target: "T" is claimed with the same key by hubs[0].groups[0].messages[0]; a message may belong to one rule only',
    'hubs[0].groups[2].messages[1].target: "U" is claimed with the same key by hubs[0].groups[0].messages[1]; a message may belong to one rule only',
  ]);
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
