import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { updatesOf } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** One hub whose users the gateway verifies, one whose users only the origin knows. */
const [verified, byOrigin] = [hubPaths.contract, hubPaths.stateful];

/** A group that somebody asks to join. */
interface Place {
  readonly name: string;
  readonly join: string;
  readonly target: string;
  /** Who may, of the subjects that may connect at all. */
  readonly allowed: readonly string[];
  /** Text groups have a text for a key. */
  readonly isText?: boolean;
}

const verifiedPlaces: readonly Place[] = [
  { name: "public", join: "Subscribe", target: "PublicChanged", allowed: ["user", "vip"] },
  { name: "authenticated", join: "SubscribeWithCallerSnapshot", target: "UserChanged", allowed: ["user", "vip"] },
  { name: "claims", join: "SubscribeSlow", target: "VipChanged", allowed: ["vip"] },
  { name: "probe, allowed", join: "SubscribeText", target: "TextChanged", allowed: ["user", "vip"], isText: true },
  // The origin does not know the users of these tokens, so none of them has the role.
  { name: "probe, denied", join: "SubscribeVip", target: "AskedChanged", allowed: [] },
];
const originPlaces: readonly Place[] = [
  { name: "public", join: "Subscribe", target: "PublicChanged", allowed: ["anonymous", "user", "vip", "expired"] },
  { name: "probe", join: "SubscribeVip", target: "AskedChanged", allowed: ["vip"] },
];

const verifiedGroups = [
  group("public", "public", "Subscribe", "PublicChanged"),
  group("authenticated", "authenticated", "SubscribeWithCallerSnapshot", "UserChanged"),
  group("claims", { claims: { tier: ["vip", "gold"], brand: ["a"] } }, "SubscribeSlow", "VipChanged"),
  {
    ...group("text", "probe", "SubscribeText", "TextChanged", "UnsubscribeText"),
    messages: [{ target: "TextChanged", key: "{0.key}" }],
  },
  group("asked", "probe", "SubscribeVip", "AskedChanged", "Unsubscribe"),
];
const originGroups = [
  group("public", "public", "Subscribe", "PublicChanged"),
  group("asked", "probe", "SubscribeVip", "AskedChanged", "Unsubscribe"),
];
/** Tells every client that what it sent before has been answered, without a word to the origin. */
const barrier = ["barrier", "Unsubscribe", 0] as const;

describe.skipIf(!aspNetOriginAvailable)("access", () => {
  const files = new TestFiles();
  let issuer: TokenIssuer;
  let edge: Edge;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
    const jwt = { issuer: testIssuer, audience: testAudience, jwksFile: files.write("keys.json", issuer.jwks()) };
    const sharedUpstream = { headers: bearer("user:edge:vip") };
    const vips = { claims: { tier: ["vip", "gold"] } };
    edge = await Edge.start({
      hubs: {
        [verified]: {
          authentication: { jwt },
          sharedUpstream,
          groups: verifiedGroups,
          calls: [
            { method: "Add", key: "{0}", access: "authenticated", ttlMs: 3_600_000 },
            { method: "Echo", key: "{0}", access: vips, ttlMs: 3_600_000 },
          ],
          streams: [{ method: "Counter", key: "{0}", access: vips }],
        },
        [byOrigin]: { sharedUpstream, groups: originGroups },
      },
    });
  });
  afterAll(async () => {
    await edge.stop();
    files.remove();
  });

  async function connectVerified(claims: object, protocol: HubProtocolName): Promise<RawClient> {
    const token = await issuer.sign("alice", { claims: { ...claims } });
    return edge.connect({ hub: verified, protocol, headers: bearer(token) });
  }

  /** Who knows the users, how each kind of them connects, and what they may. */
  interface Matrix {
    readonly who: string;
    readonly hub: HubPath;
    readonly subjects: Readonly<Record<string, (protocol: HubProtocolName) => Promise<RawClient>>>;
    readonly places: readonly Place[];
  }

  const matrices: readonly Matrix[] = [
    {
      who: "the gateway",
      hub: verified,
      subjects: {
        user: (protocol) => connectVerified({ tier: "basic", brand: "a" }, protocol),
        vip: (protocol) => connectVerified({ tier: "vip", brand: "a" }, protocol),
      },
      places: verifiedPlaces,
    },
    {
      who: "the origin",
      hub: byOrigin,
      subjects: {
        anonymous: (protocol) => edge.connect({ hub: byOrigin, protocol }),
        user: (protocol) => edge.connect({ hub: byOrigin, protocol, headers: bearer("user:ann") }),
        vip: (protocol) => edge.connect({ hub: byOrigin, protocol, headers: bearer("user:bob:vip") }),
        // Anonymous to this hub, which lets everybody connect.
        expired: (protocol) => edge.connect({ hub: byOrigin, protocol, headers: bearer("user:eve:vip:1") }),
      },
      places: originPlaces,
    },
  ];

  for (const protocol of protocols) {
    for (const { who, hub, subjects, places } of matrices) {
      for (const isOn of [false, true]) {
        test(`${protocol} clients whom ${who} knows get what they may and not a byte more, of a group that ${isOn ? "has a member" : "is new"}`, async () => {
          const wrong: string[] = [];
          let cells = 0;
          for (const place of places) {
            const inside = isOn ? subjects[place.allowed.at(-1) ?? ""] : undefined;
            if (isOn && inside === undefined) continue;
            for (const [subject, connect] of Object.entries(subjects)) {
              const found = await judge(hub, place, subject, await connect(protocol), await inside?.(protocol));
              wrong.push(...found.map((what) => `${place.name}, ${subject}: ${what}`));
              cells += 1;
            }
          }
          expect(wrong).toEqual([]);
          expect(cells).toBeGreaterThanOrEqual(8);
        });
      }
    }

    test(`who is not let into a ${protocol} group is told so in the origin's words, and the origin does not hear of it`, async () => {
      const [user, vip] = [
        await connectVerified({}, protocol),
        await connectVerified({ tier: "vip", brand: "a" }, protocol),
      ];
      const direct = await edge.connectDirectly({ protocol, headers: bearer("user:ann") });
      const refusal = await invoke(direct, "1", "SubscribeVip", 1);
      // What the origin decides comes from there.
      expect(await invoke(user, "1", "SubscribeVip", 1)).toEqual(refusal);
      expect(refusal).toMatchObject({ error: "Failed to invoke 'SubscribeVip' because user is unauthorized" });
      await resultOf(vip, "1", "SubscribeSlow", edge.newEventId(), 0);
      const before = (await edge.origin.control.state()).invocations;
      const answer = await invoke(user, "2", "subscribeSlow", 1, 0);
      expect(answer).toEqual({
        type: 3,
        invocationId: "2",
        // As it is declared, and not as it was asked for: the origin does so, too.
        error: "Failed to invoke 'SubscribeSlow' because user is unauthorized",
      });
      expect(await invoke(direct, "2", "subscribeVip", 1)).toEqual({ ...refusal, invocationId: "2" });
      expect((await edge.origin.control.state()).invocations).toEqual(before);
    });

    test(`${protocol} calls and streams are for whom their rules name, also from the cache and while they run`, async () => {
      const [user, vip] = [
        await connectVerified({ tier: "basic" }, protocol),
        await connectVerified({ tier: "gold" }, protocol),
      ];
      expect(await resultOf(user, "1", "Add", 1, 2)).toBe(3);
      expect(await resultOf(vip, "1", "Echo", "for vips")).toBe("for vips");
      expect(await invoke(user, "2", "Echo", "for vips")).toEqual(unauthorized("2", "Echo"));
      const counter = [1_000_000_000, 5] as const;
      vip.sendMessages({ type: 4, invocationId: "2", target: "Counter", arguments: counter });
      await vip.waitFor((frame) => vip.wire.decode(frame).type === 2);
      user.sendMessages({ type: 4, invocationId: "3", target: "Counter", arguments: counter });
      expect(await user.completionOf("3")).toEqual(unauthorized("3", "Counter"));
      await vip.waitFor(
        (frame) => Number(Object.entries(vip.wire.decode(frame)).find(([name]) => name === "item")?.[1]) > 20,
      );
      expect(user.frames).toHaveLength(3);
    });
  }

  const tokens: readonly { readonly claims: object; readonly isVip: boolean }[] = [
    { claims: { tier: "vip", brand: "a" }, isVip: true },
    { claims: { tier: "gold", brand: "a" }, isVip: true },
    { claims: { tier: ["basic", "vip"], brand: ["b", "a"] }, isVip: true },
    { claims: { tier: "vip", brand: "b" }, isVip: false },
    { claims: { tier: "vip" }, isVip: false },
    { claims: { brand: "a" }, isVip: false },
    { claims: { tier: [], brand: "a" }, isVip: false },
    { claims: { tier: "VIP", brand: "a" }, isVip: false },
    { claims: { tier: "vip ", brand: "a" }, isVip: false },
    { claims: { tier: "vip,gold", brand: "a" }, isVip: false },
    { claims: { tier: { vip: true }, brand: "a" }, isVip: false },
    { claims: { tier: [["vip"]], brand: "a" }, isVip: false },
    { claims: { tier: null, brand: "a" }, isVip: false },
    { claims: { Tier: "vip", brand: "a" }, isVip: false },
  ];
  test("a token has a claim if one of its values is one of the rule's, exactly, and needs all claims of the rule", async () => {
    const verdicts = await Promise.all(
      tokens.map(async ({ claims }) => {
        const client = await connectVerified(claims, "json");
        return { claims, isVip: !isRefused(await invoke(client, "1", "SubscribeSlow", edge.newEventId(), 0)) };
      }),
    );
    expect(verdicts).toEqual(tokens);
  });

  for (const [subject, sign] of [
    ["anonymous", async () => undefined],
    ["with a token that has ended", () => issuer.sign("alice", { expiresInSeconds: -1, claims: { tier: "vip" } })],
  ] as const) {
    test(`nobody who is ${subject} gets near a hub whose users the gateway verifies`, async () => {
      const token = await sign();
      const headers = token === undefined ? {} : bearer(token);
      expect(await askNegotiate(edge.hubUrl(verified), { headers })).toMatchObject({ status: 401, text: "" });
      expect(await askUpgrade(edge.hubUrl(verified), headers)).toMatchObject({ status: 401 });
    });
  }

  test("the end of a token ends what it was let into", async () => {
    const token = await issuer.sign("alice", { expiresInSeconds: 2, claims: { tier: "vip", brand: "a" } });
    const client = await edge.connect({ hub: verified, headers: bearer(token) });
    const [eventId, other] = [edge.newEventId(), await connectVerified({ tier: "vip", brand: "a" }, "json")];
    for (const member of [client, other]) await resultOf(member, "1", "SubscribeSlow", eventId, 0);
    await client.closed;
    await edge.origin.control.publish({ hub: verified, eventId, target: "VipChanged" });
    await other.waitFor((frame) => other.wire.decode(frame).type === 1);
    expect(updatesOf(client, "VipChanged")).toEqual([]);
    expect(await askUpgrade(edge.hubUrl(verified), bearer(token))).toMatchObject({ status: 401 });
  });

  /** What is wrong with how a client is treated that asks to join, while `inside` is in the group already. */
  async function judge(
    hub: HubPath,
    { join, target, allowed, isText = false }: Place,
    subject: string,
    client: RawClient,
    inside: RawClient | undefined,
  ): Promise<string[]> {
    const eventId = edge.newEventId();
    const key = `text-${eventId}`;
    const args = isText ? [key] : join === "SubscribeSlow" ? [eventId, 0] : [eventId];
    if (inside !== undefined) await resultOf(inside, "1", join, ...args);
    const isIn = !isRefused(await invoke(client, "1", join, ...args));
    await edge.origin.control.publish({ hub, ...(isText ? { key } : { eventId }), target, count: 2 });
    for (const member of [inside, isIn ? client : undefined]) {
      if (member !== undefined) await member.log.until(() => messagesOf(member, target)[1], "the second message");
    }
    await resultOf(client, ...barrier);
    const found: string[] = [];
    if (isIn !== allowed.includes(subject)) found.push(isIn ? "was let in" : "was refused");
    const received = messagesOf(client, target).length;
    if (received !== (isIn ? 2 : 0)) found.push(`got ${received} messages`);
    if (!isIn && client.frames.length !== 2) found.push(`got ${client.frames.length} frames`);
    if (!isIn && client.frames.some((frame) => frame.includes("secret of"))) found.push("got a secret");
    return found;
  }
});

function group(name: string, access: unknown, join: string, target: string, leave?: string): object {
  return {
    name,
    access,
    join: { method: join, key: "{0}" },
    ...(leave === undefined ? {} : { leave: { method: leave, key: "{0}" } }),
    messages: [{ target, key: "{0.eventId}" }],
  };
}

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function isRefused(completion: HubMessage): boolean {
  return "error" in completion && completion.error !== undefined;
}

function unauthorized(invocationId: string, method: string): object {
  return { type: 3, invocationId, error: `Failed to invoke '${method}' because user is unauthorized` };
}

function messagesOf(client: RawClient, target: string): HubMessage[] {
  return client.frames
    .map((frame) => client.wire.decode(frame))
    .filter((message) => message.type === 1 && message.target === target);
}
