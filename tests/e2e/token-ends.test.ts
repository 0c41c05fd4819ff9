import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { TokenIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askHub } from "../support/ask-hub.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { askNegotiate, negotiate } from "../support/negotiate.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import type { RawConnection, RawConnectionOptions } from "../support/raw-connection.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];
const closeForReconnect = '{"type":7,"allowReconnect":true}\u001e';
/** All know users only at the origin. The last two let everybody in, whatever the token. */
const [withRules, transparent, open] = [hubPaths.auth, hubPaths.detailed, hubPaths.contract];

describe.skipIf(!aspNetOriginAvailable)("the end of a token that only the origin verifies", () => {
  let issuer: TokenIssuer;
  let edge: Edge;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
    const sharedUpstream = { headers: { authorization: "Bearer user:edge" } };
    edge = await Edge.start({
      hubs: {
        [withRules]: { groups: contractGroups, sharedUpstream },
        [open]: { groups: contractGroups },
      },
    });
  });
  afterAll(() => edge.stop());

  async function connect(
    token: string,
    hub: HubPath = withRules,
    options: { readonly transport?: TransportName } & Partial<RawConnectionOptions> = {},
  ): Promise<RawConnection> {
    const { transport = "WebSockets", ...others } = options;
    const client = await connectRaw(transport, { url: edge.hubUrl(hub), headers: bearer(token), ...others });
    onTestFinished(() => client.close());
    return client;
  }

  function membersOf(eventId: number): number {
    return edge.hub(withRules).groups.find(({ key }) => key === `event:${eventId}`)?.members ?? 0;
  }

  for (const transport of transports) {
    test(`ends its ${transport} client, which may come back, and its memberships, on a hub with rules`, async () => {
      const eventId = edge.newEventId();
      const before = edge.gateway.metrics.hub(withRules).closed["token-expired"] ?? 0;
      const client = await connect(await issuer.sign("ann", { expiresInSeconds: 3 }), withRules, { transport });
      expect(await resultOf(client, "1", "UserName")).toBe("ann");
      await resultOf(client, "2", "Subscribe", eventId);
      expect(membersOf(eventId)).toBe(1);
      await client.waitFor((frame) => frame.toString() === closeForReconnect);
      await client.closed;
      expect(membersOf(eventId)).toBe(0);
      expect(edge.gateway.metrics.hub(withRules).closed["token-expired"]).toBe(before + 1);
    });
  }

  test("is that of the credential at the origin, too: no verdict outlives it", async () => {
    const token = await issuer.sign("ann", { expiresInSeconds: 2 });
    await (await connect(token)).closed;
    expect(await askNegotiate(edge.hubUrl(withRules), { headers: bearer(token) })).toMatchObject({ status: 401 });
  });

  test("between negotiate and the transport ends the client as well", async () => {
    const token = await issuer.sign("ann", { expiresInSeconds: 3 });
    const { connectionToken = "" } = await negotiate(edge.hubUrl(withRules), { headers: bearer(token) });
    await (await connect(token)).closed;
    const late = await connect(token, withRules, { connectionToken });
    await late.waitFor((frame) => frame.toString() === closeForReconnect);
  });

  test("of several tokens in one request is the earliest", async () => {
    const [soon, late] = [await issuer.sign("ann", { expiresInSeconds: 2 }), await issuer.sign("ann")];
    const client = await connect(late, withRules, { url: edge.hubUrl(withRules, `access_token=${soon}`) });
    await client.waitFor((frame) => frame.toString() === closeForReconnect);
  });

  test("is put off by a newer token in a later request that the origin accepts", async () => {
    const token = await issuer.sign("ann", { expiresInSeconds: 3 });
    const client = await connect(token, withRules, { transport: "ServerSentEvents" });
    const witness = await connect(token);
    const newer = await issuer.sign("ann", { expiresInSeconds: 60 });
    const url = edge.hubUrl(withRules, `id=${client.connectionToken}`);
    const post = (id: string): ReturnType<typeof askHub> =>
      askHub(url, {
        method: "POST",
        headers: bearer(newer),
        body: `{"type":1,"invocationId":"${id}","target":"Add","arguments":[1,2]}\u001e`,
      });
    expect(await post("1")).toMatchObject({ status: 200 });
    await witness.closed;
    expect(await post("2")).toMatchObject({ status: 200 });
    expect(await client.completionOf("2")).toMatchObject({ result: 3 });
  });

  test("is nothing to clients that share nothing, that have another kind of token, or whose token had ended before", async () => {
    const token = await issuer.sign("ann", { expiresInSeconds: 3 });
    const clients = [
      await connect(token, transparent),
      await connect("user:ann"),
      await connect(await issuer.sign("ann", { expiresInSeconds: -60 }), open),
      await connect(await issuer.sign("ann", { claims: { exp: undefined } })),
    ];
    await (await connect(token)).closed;
    // One more sweep of the gateway.
    await (await connect(await issuer.sign("ann", { expiresInSeconds: 2 }))).closed;
    for (const client of clients) expect(await resultOf(client, "1", "Add", 1, 2)).toBe(3);
  });
});

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
