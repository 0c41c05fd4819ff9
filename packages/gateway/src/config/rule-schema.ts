import { z } from "zod";
import { complaint } from "./complaint.ts";
import { choice, integer, keyTemplate, list, section, text, wrong } from "./schema-values.ts";
import * as check from "./value-checks.ts";

/** Shape and defaults of what a hub shares: its group, broadcast, call and stream rules. */

const hourMs = 3_600_000;

const hubMethodShape = {
  method: text("the name of a hub method", check.checkHubMethod).describe(
    "Hub method that clients invoke; case does not matter.",
  ),
  key: keyTemplate(check.checkKey).describe("Key template over the arguments, such as {0}."),
  keyMessagePack: keyTemplate(check.checkKey).optional().describe("Replaces key for clients that use MessagePack."),
};
const joinSchema = section(hubMethodShape).describe("The hub method with which a client joins the group.");
const leaveSchema = section(hubMethodShape).describe("The hub method with which a client leaves the group.");

const claimsSchema = section({
  claims: z
    .record(
      text("the name of a claim", check.checkNotEmpty),
      list("a list of values, at least one", text("a value", check.checkNotEmpty), 1),
      { error: wrong("a mapping of claim names to lists of values, such as { tier: [vip] }") },
    )
    // Without a claim to have, everybody would have them all.
    .refine((claims) => Object.keys(claims).length > 0, {
      error: "must be a mapping of claim names to lists of values, not empty",
    })
    .describe("For each claim the values of which a user's token must have one."),
});

const anyAccess = '"public", "authenticated", "probe" or { claims: { NAME: [VALUES] } }';
const groupAccessSchema = z.union([choice(["public", "authenticated", "probe"]), claimsSchema], {
  error: wrong(anyAccess),
});

const queryAccess = '"public", "authenticated" or { claims: { NAME: [VALUES] } }';
const queryAccessSchema = z
  .union([choice(["public", "authenticated"]), claimsSchema], {
    error: ({ input }) =>
      input === "probe"
        ? `"probe" is for groups only; must be ${queryAccess}, or leave the rule out and the origin decides`
        : complaint(input, queryAccess),
  })
  .describe("Who may use it. public: everyone who may connect to the hub.");

const messageSchema = section({
  target: text("the name of a target", check.checkTarget).describe(
    "Target that the hub sends to the group; exact, case matters.",
  ),
  key: keyTemplate(check.checkMessageKey)
    .optional()
    .describe(
      "Key template over the arguments of the message, such as {0.eventId}. May be left out with upstream: perKey.",
    ),
  keyMessagePack: keyTemplate(check.checkMessageKey).optional().describe("Replaces key on MessagePack connections."),
  to: choice(["members", "joiner"])
    .default("members")
    .describe("members: the hub sends it to the group. joiner: the hub sends it to Clients.Caller during a join."),
  onSlow: choice(["close", "drop", "conflate"])
    .default("close")
    .describe(
      "What happens to a client that does not read fast enough: it is closed, misses messages, or gets the newest of each key.",
    ),
  privateCopies: choice(["drop", "deliver"])
    .default("drop")
    .describe(
      "A copy on a member's private upstream is dropped, or delivered if the hub also sends the target to single users.",
    ),
}).describe("A target that belongs to the group.");

export const groupSchema = section({
  name: text("a name", check.checkGroupName).describe("Unique within the hub; the first part of every group key."),
  access: groupAccessSchema.describe(
    "Who may join. public: everyone who may connect to the hub. probe: whom the origin lets join.",
  ),
  join: joinSchema,
  leave: leaveSchema.optional(),
  messages: list("a list of messages, at least one", messageSchema, 1).describe(
    "The targets that belong to the group.",
  ),
  upstream: choice(["shared", "perKey"])
    .default("shared")
    .describe("perKey: each key has an upstream to itself, for messages that do not carry the key."),
  joinResult: choice(["fresh", "cached"])
    .default("fresh")
    .describe(
      "fresh: every batch of joins runs the hub method at the origin. cached: its last result answers joins for cacheMs.",
    ),
  cacheMs: integer("milliseconds", 1, hourMs)
    .optional()
    .describe("With joinResult: cached, how long the result of a join answers later ones."),
  probeTtlMs: integer("milliseconds", 0, hourMs)
    .default(30_000)
    .describe("With access: probe, how long the origin's yes to one client's credential holds; 0 asks every time."),
  onGap: choice(["close", "rejoin", "ignore"])
    .default("close")
    .describe("What members are told after updates may have been lost."),
  lingerMs: integer("milliseconds", 0, hourMs)
    .default(10_000)
    .describe("How long the origin subscription outlives the last member."),
  keyKind: choice(["exact", "text"])
    .default("exact")
    .describe('exact: 42 and "42" are different keys. text: they are the same key.'),
}).describe("A group rule: what is shared between clients.");

export const broadcastSchema = section({
  target: text("the name of a target", check.checkTarget).describe(
    "Target that the hub sends to all its clients; exact, case matters.",
  ),
  onGap: choice(["close", "ignore"])
    .default("close")
    .describe("What clients are told after broadcasts may have been lost."),
}).describe("A target that every client gets, from one copy of the origin.");

export const callSchema = section({
  ...hubMethodShape,
  access: queryAccessSchema,
  ttlMs: integer("milliseconds", 0, hourMs)
    .default(0)
    .describe("How long a result answers further calls; 0: only calls that wait at the same time share."),
}).describe("A hub method that only reads: equal calls of different clients share one invocation.");

export const streamSchema = section({ ...hubMethodShape, access: queryAccessSchema }).describe(
  "A server stream: equal invocations of different clients read one stream of the origin.",
);
