import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askHub } from "../support/ask-hub.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { askNegotiate, negotiate } from "../support/negotiate.ts";
import { hubPaths } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import type { RawConnection } from "../support/raw-connection.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { waitForSequence } from "./support/updates.ts";

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];
const closeForReconnect = '{"type":7,"allowReconnect":true}\u001e';
const unknownId = { status: 404, text: "No Connection with that ID" };
/** One hub of each kind: a private connection for everybody, on demand, and users whom only the origin knows. */
const [eager, lazy, byOrigin] = [hubPaths.detailed, hubPaths.contract, hubPaths.auth];

describe.skipIf(!aspNetOriginAvailable)("authentication", () => {
  const files = new TestFiles();
  let issuer: TokenIssuer;
  let stranger: TokenIssuer;
  let edge: Edge;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
    stranger = await TokenIssuer.create();
    const jwt = { issuer: testIssuer, audience: testAudience, jwksFile: files.write("keys.json", issuer.jwks()) };
    edge = await Edge.start({
      hubs: {
        [eager]: { authentication: { jwt } },
        [lazy]: { authentication: { jwt }, groups: contractGroups, partitionBy: ["claim.tier"] },
        [byOrigin]: { groups: contractGroups },
      },
    });
  });
  afterAll(async () => {
    await edge.stop();
    files.remove();
  });

  async function connectAs(
    user: string,
    options: { hub?: typeof eager | typeof lazy; transport?: TransportName; token?: string } = {},
  ): Promise<RawConnection> {
    const { hub = lazy, transport = "WebSockets", token = await issuer.sign(user) } = options;
    const client = await connectRaw(transport, { url: edge.hubUrl(hub), headers: bearer(token) });
    onTestFinished(() => client.close());
    return client;
  }

  /** What every request that a client can make is answered with. */
  async function askEverywhere(hubUrl: string, id: string, headers: Record<string, string>) {
    const url = `${hubUrl}?id=${id}`;
    const get = await askHub(url, { headers });
    const events = await askHub(url, { headers: { ...headers, accept: "text/event-stream" } });
    const post = await askHub(url, { method: "POST", headers, body: "{}\u001e" });
    const remove = await askHub(url, { method: "DELETE", headers });
    const upgrade = await askUpgrade(url, headers);
    if (upgrade.socket !== undefined) throw new Error("the upgrade was accepted");
    return [get, events, post, remove, upgrade].map(({ status, headers: answered, text }) => ({
      status,
      text,
      challenge: answered["www-authenticate"],
    }));
  }

  describe("jwt", () => {
    for (const hub of [eager, lazy] as const) {
      test(`without a token nothing is answered but 401, and the origin hears of none of it (${hub})`, async () => {
        const before = (await edge.origin.control.state()).traffic.bytesIn;
        const { status, headers, text } = await askNegotiate(edge.hubUrl(hub));
        expect({ status, text, challenge: headers["www-authenticate"] }).toEqual(refusedWith("Bearer"));
        expect(headers["content-type"]).toBeUndefined();
        const answers = await askEverywhere(edge.hubUrl(hub), "any", {});
        for (const answer of answers) expect(answer).toEqual(refusedWith("Bearer"));
        expect(await askUpgrade(edge.hubUrl(hub))).toMatchObject({ status: 401 });
        expect((await edge.origin.control.state()).traffic.bytesIn).toBe(before);
      });
    }

    const wrong: readonly (readonly [string, () => Promise<string>])[] = [
      ["signed by somebody else with the same key id", () => stranger.sign("alice")],
      ["of another issuer", () => issuer.sign("alice", { claims: { iss: "https://evil.example" } })],
      ["for another audience", () => issuer.sign("alice", { claims: { aud: "shop" } })],
      ["that has ended", () => issuer.sign("alice", { expiresInSeconds: -1 })],
      ["that never ends", () => issuer.sign("alice", { claims: { exp: undefined } })],
      ["that has not begun", () => issuer.sign("alice", { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } })],
      ["of nobody", () => issuer.sign("alice", { claims: { sub: undefined } })],
      ["without a signature", async () => unsigned((await issuer.sign("alice")).split(".")[1] ?? "")],
      ["that is none", async () => "user:alice"],
    ];
    for (const [name, sign] of wrong) {
      test(`a token ${name} is refused`, async () => {
        const token = await sign();
        const { status, headers, text } = await askNegotiate(edge.hubUrl(lazy), { headers: bearer(token) });
        const challenge = 'Bearer error="invalid_token"';
        expect({ status, text, challenge: headers["www-authenticate"] }).toEqual(refusedWith(challenge));
        expect(await askUpgrade(edge.hubUrl(lazy, `access_token=${token}`))).toMatchObject({ status: 401 });
      });
    }

    test("two tokens that differ are refused: the origin might go by the other one", async () => {
      const [alice, bob] = [await issuer.sign("alice"), await issuer.sign("bob")];
      const url = edge.hubUrl(lazy, `access_token=${bob}`);
      expect(await askNegotiate(url, { headers: bearer(alice) })).toMatchObject({ status: 401, text: "" });
      expect(await askNegotiate(edge.hubUrl(lazy, `access_token=${alice}&access_token=${bob}`))).toMatchObject({
        status: 401,
      });
      expect(await askNegotiate(edge.hubUrl(lazy, `access_token=${alice}`), { headers: bearer(alice) })).toMatchObject({
        status: 200,
      });
    });

    for (const hub of [eager, lazy] as const) {
      for (const transport of transports) {
        test(`the official client connects with a token over ${transport}, and the origin gets it (${hub})`, async () => {
          const accessToken = await issuer.sign("alice");
          const connection = edge.buildRealClient({ hub, transport, accessToken });
          await connection.start();
          const [header, query] = await Promise.all([
            connection.invoke<string | null>("HeaderValue", "Authorization"),
            connection.invoke<string | null>("QueryValue", "access_token"),
          ]);
          expect([header?.replace("Bearer ", ""), query]).toContain(accessToken);
        });
      }

      test(`a WebSocket is opened with the token in the query, as browsers do (${hub})`, async () => {
        const token = await issuer.sign("alice");
        const { connectionToken = "" } = await negotiate(edge.hubUrl(hub), { headers: bearer(token) });
        const upgrade = await askUpgrade(edge.hubUrl(hub, `id=${connectionToken}&access_token=${token}`));
        upgrade.socket?.destroy();
        expect(upgrade.status).toBe(101);
        const skipped = await askUpgrade(edge.hubUrl(hub, `access_token=${token}`));
        skipped.socket?.destroy();
        expect(skipped.status).toBe(101);
      });

      test(`Q227 nobody gets at a negotiated connection of another user, who still does (${hub})`, async () => {
        const [alice, bob] = [await issuer.sign("alice"), await issuer.sign("bob")];
        const { connectionToken = "" } = await negotiate(edge.hubUrl(hub), { headers: bearer(alice) });
        const refused = await askEverywhere(edge.hubUrl(hub), connectionToken, bearer(bob));
        for (const answer of refused) expect(answer).toMatchObject(unknownId);
        const renewed = await issuer.sign("alice", { expiresInSeconds: 120 });
        const upgrade = await askUpgrade(edge.hubUrl(hub, `id=${connectionToken}`), bearer(renewed));
        upgrade.socket?.destroy();
        expect(upgrade.status).toBe(101);
      });

      for (const transport of transports) {
        test(`Q227 nobody gets at a ${transport} connection of another user, which goes on (${hub})`, async () => {
          const client = await connectAs("alice", { hub, transport });
          const refused = await askEverywhere(
            edge.hubUrl(hub),
            client.connectionToken ?? "",
            bearer(await issuer.sign("bob")),
          );
          for (const answer of refused) expect(answer).toMatchObject(unknownId);
          const nobody = await askEverywhere(edge.hubUrl(hub), client.connectionToken ?? "", {});
          for (const answer of nobody) expect(answer).toEqual(refusedWith("Bearer"));
          expect(await resultOf(client, "1", "Echo", "still here")).toBe("still here");
        });
      }
    }

    test("nobody resumes the connection of another user with stateful reconnect, and the user does", async () => {
      const [alice, bob] = [await issuer.sign("alice"), await issuer.sign("bob")];
      const query = { negotiateVersion: "1", useStatefulReconnect: "true" };
      const { connectionToken = "" } = await negotiate(edge.hubUrl(lazy), { headers: bearer(alice), query });
      const url = edge.hubUrl(lazy);
      const client = await RawClient.connect({ url, connectionToken, headers: bearer(alice), handshake: false });
      onTestFinished(() => client.close());
      client.sendText('{"protocol":"json","version":2}\u001e');
      await client.handshakeResponse();
      const target = edge.hubUrl(lazy, `id=${connectionToken}`);
      expect(await askUpgrade(target, bearer(bob))).toMatchObject(unknownId);
      expect(await askUpgrade(target)).toMatchObject({ status: 401 });
      expect(await resultOf(client, "1", "Echo", "still mine")).toBe("still mine");
      const resumed = await askUpgrade(target, bearer(alice));
      resumed.socket?.destroy();
      expect(resumed.status).toBe(101);
    });

    for (const transport of transports) {
      test(`Q219 the end of a token ends its ${transport} client, which may come back, and its memberships`, async () => {
        const eventId = edge.newEventId();
        const before = edge.gateway.metrics.hub(lazy).closed["token-expired"] ?? 0;
        const client = await connectAs("alice", {
          transport,
          token: await issuer.sign("alice", { expiresInSeconds: 2 }),
        });
        await resultOf(client, "1", "Subscribe", eventId);
        expect(membersOf(eventId)).toBe(1);
        await client.waitFor((frame) => frame.toString() === closeForReconnect);
        await client.closed;
        expect(membersOf(eventId)).toBe(0);
        expect(edge.gateway.metrics.hub(lazy).closed["token-expired"]).toBe(before + 1);
      });
    }

    test("the official client comes back with a new token when the old one ends, and hears its group again", async () => {
      const eventId = edge.newEventId();
      let tokenCount = 0;
      const accessToken = (): Promise<string> => {
        tokenCount += 1;
        return issuer.sign("alice", { expiresInSeconds: tokenCount > 2 ? 60 : 2 });
      };
      const connection = new HubConnectionBuilder()
        .withUrl(edge.hubUrl(lazy), { accessTokenFactory: accessToken })
        .withAutomaticReconnect([0])
        .configureLogging(LogLevel.None)
        .build();
      onTestFinished(() => connection.stop());
      const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
      await connection.start();
      await reconnected;
      const update = new Promise((resolve) => connection.on("OddsChanged", resolve));
      await connection.invoke("Subscribe", eventId);
      await edge.origin.control.publish({ eventId });
      await update;
      expect(tokenCount).toBe(4);
    });

    test("Q218 a poll and a POST with a token that has ended are refused; a newer one keeps the connection", async () => {
      const token = await issuer.sign("alice", { expiresInSeconds: 2 });
      const client = await connectAs("alice", { transport: "LongPolling", token });
      const url = edge.hubUrl(lazy, `id=${client.connectionToken}`);
      const renewed = bearer(await issuer.sign("alice"));
      const post = async (text: string, headers = renewed): Promise<number> => {
        const body = `{"type":1,"invocationId":"${text}","target":"Echo","arguments":["${text}"]}\u001e`;
        return (await askHub(url, { method: "POST", headers, body })).status;
      };
      expect(await post("renewed")).toBe(200);
      expect(await client.completionOf("renewed")).toMatchObject({ result: "renewed" });
      // Its token ends at the same time, and it has shown no other.
      const witness = await connectAs("alice", { token });
      await witness.closed;
      expect(await post("old", bearer(token))).toBe(401);
      // Answered by the poll that waits; the client's next one has the old token, too.
      expect(await post("late")).toBe(200);
      expect(await client.completionOf("late")).toMatchObject({ result: "late" });
      expect(await client.closed).toMatchObject({ reason: "401 " });
      expect(await post("alive")).toBe(200);
      expect((await askHub(url, { headers: renewed })).text).toContain('"result":"alive"');
      expect((await askHub(url, { method: "DELETE", headers: renewed })).status).toBe(202);
    });

    test("a claim in partitionBy keeps clients apart, and is not sent to the origin", async () => {
      const eventId = edge.newEventId();
      const join = async (user: string, tier: unknown): Promise<RawConnection> => {
        const client = await connectAs(user, { token: await issuer.sign(user, { claims: { tier } }) });
        await resultOf(client, "1", "Subscribe", eventId);
        return client;
      };
      await join("alice", "gold");
      const linesOf = (): readonly string[] => edge.hub(lazy).sharedUpstreams.map(({ partition }) => partition);
      expect(linesOf()).toContain('6:"gold",');
      await join("bob", "gold");
      const joins = async (): Promise<number> => (await edge.joinsAndLeaves(eventId))[0];
      expect(linesOf().filter((partition) => partition.includes("gold"))).toHaveLength(1);
      const withGold = await joins();
      await join("carol", "1");
      await join("dave", 1);
      const nobody = await join("erin", undefined);
      expect(linesOf()).toEqual(expect.arrayContaining(['3:"1",', "1:1,", "-,"]));
      expect((await joins()) - withGold).toBe(3);
      await edge.origin.control.publish({ eventId });
      await waitForSequence(nobody, 1);
    });

    function membersOf(eventId: number): number {
      return edge.hub(lazy).groups.find(({ key }) => key === `event:${eventId}`)?.members ?? 0;
    }
  });

  describe("origin", () => {
    test("Q216 who negotiates with a token cannot come without", async () => {
      const { connectionToken = "" } = await negotiate(edge.hubUrl(byOrigin), { headers: bearer("user:alice") });
      for (const { status } of await askEverywhere(edge.hubUrl(byOrigin), connectionToken, {}))
        expect(status).toBe(401);
      const upgrade = await askUpgrade(edge.hubUrl(byOrigin, `id=${connectionToken}`), bearer("user:alice"));
      upgrade.socket?.destroy();
      expect(upgrade.status).toBe(101);
    });

    test("Q217 what the origin says of other credentials is final: 403 for a user without rights", async () => {
      const { connectionToken = "" } = await negotiate(edge.hubUrl(byOrigin), { headers: bearer("user:alice") });
      const answers = await askEverywhere(edge.hubUrl(byOrigin), connectionToken, bearer("user:eve:banned"));
      for (const { status } of answers) expect(status).toBe(403);
    });

    for (const transport of ["ServerSentEvents", "LongPolling"] as const) {
      for (const hub of [byOrigin, eager] as const) {
        test(`a POST without the token of its ${transport} connection does nothing (${hub})`, async () => {
          const token = hub === eager ? await issuer.sign("alice") : "user:alice";
          const client = await connectRaw(transport, { url: edge.hubUrl(hub), headers: bearer(token) });
          onTestFinished(() => client.close());
          const url = edge.hubUrl(hub, `id=${client.connectionToken}`);
          const body = '{"type":1,"invocationId":"7","target":"Echo","arguments":["stolen"]}\u001e';
          expect((await askHub(url, { method: "POST", body })).status).toBe(401);
          expect((await askHub(url, { method: "DELETE" })).status).toBe(401);
          expect(await resultOf(client, "8", "Echo", "mine")).toBe("mine");
          expect(client.frames.map(String).join()).not.toContain("stolen");
        });
      }
    }

    test("identical credentials are put to the origin once, however many requests a connection makes", async () => {
      const client = await connectRaw("LongPolling", { url: edge.hubUrl(byOrigin), headers: bearer("user:once") });
      onTestFinished(() => client.close());
      const before = (await edge.origin.control.state()).traffic.bytesIn;
      await resultOf(client, "1", "Unsubscribe", edge.newEventId());
      await resultOf(client, "2", "Unsubscribe", edge.newEventId());
      expect((await edge.origin.control.state()).traffic.bytesIn).toBe(before);
    });
  });
});

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function refusedWith(challenge: string): object {
  return { status: 401, text: "", challenge };
}

function unsigned(payload: string): string {
  return `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
}
