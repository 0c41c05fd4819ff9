import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { updatesOf } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** The hub whose users the gateway verifies. Who gets into which group is in access-matrix.test.ts. */
const verified = hubPaths.contract;

const verifiedGroups = [
  group("public", "public", "Subscribe", "PublicChanged"),
  group("claims", { claims: { tier: ["vip", "gold"], brand: ["a"] } }, "SubscribeSlow", "VipChanged"),
  group("asked", "probe", "SubscribeVip", "AskedChanged", "Unsubscribe"),
];

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

  for (const protocol of protocols) {
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
