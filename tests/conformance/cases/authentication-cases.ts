import { expect } from "vitest";
import { askHub } from "../../support/ask-hub.ts";
import { askNegotiate, negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import { resultOf, uniqueName } from "../invoke.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

const ann = { authorization: "Bearer user:ann" };
const eventStream = { accept: "text/event-stream" };

/** Q214, Q216-Q218, Q224, Q227: requests that must not get in. */
export function authenticationCases(suite: SuiteContext): void {
  const hub = hubPaths.auth;

  suite.test("Q214 negotiate without a token is refused, and leads nowhere else", async () => {
    const answer = await askNegotiate(suite.hubUrl(hub));
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty("location");
    expect(answer.text).not.toContain("connectionId");
  });

  suite.test("Q217 a user without the right is refused", async () => {
    const headers = { authorization: "Bearer user:eve:banned" };
    expect(await askNegotiate(suite.hubUrl(hub), { headers })).toMatchObject({ status: 403 });
  });

  suite.test("Q224 a script without credentials is refused, not sent to a login", async () => {
    const headers = { "x-requested-with": "XMLHttpRequest", cookie: "session=none" };
    const answer = await askNegotiate(suite.hubUrl(hub), { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty("location");
  });

  suite.test("Q216 a WebSocket without the token of its negotiation is refused before the upgrade", async () => {
    const { connectionToken } = await negotiate(suite.hubUrl(hub), { headers: ann });
    const answer = await askUpgrade(suite.hubUrl(hub, `id=${connectionToken}`));
    expect(answer).toMatchObject({ status: 401, socket: undefined });
  });

  for (const { what, headers } of [
    { what: "an event stream", headers: eventStream },
    { what: "a poll", headers: {} },
  ]) {
    suite.test(`Q216 ${what} without the token of its negotiation is refused`, async () => {
      const { connectionToken } = await negotiate(suite.hubUrl(hub), { headers: ann });
      expect(await askHub(suite.hubUrl(hub, `id=${connectionToken}`), { headers })).toMatchObject({ status: 401 });
    });
  }

  suite.testOver(
    ["LongPolling"],
    "Q227 another user's token on a POST does not make the connection that user's",
    async () => {
      const client = await suite.connectEventStream({ hub, headers: ann });
      const frame = client.wire.encode({ type: 1, invocationId: "1", target: "UserName", arguments: [] });
      const { status } = await client.post(frame, { authorization: "Bearer user:bob" });
      // The origin lets it in as what it is, a message of the connection; whoever refuses it is right as well.
      expect([200, 401, 403, 404]).toContain(status);
      if (status === 200) expect(await client.nextMessage()).toMatchObject({ result: "ann" });
    },
  );

  if (suite.traits.variants && !suite.traits.gateway) expiredRequestCases(suite);
}

/** A gateway knows tokens only at the begin of a connection; what it does later on is in Q219. */
function expiredRequestCases(suite: SuiteContext): void {
  suite.test("Q218 polls and POSTs with a token that has ended are refused", async () => {
    const hub = hubPaths.auth;
    const endsAt = Date.now() + 1_500;
    const headers = { authorization: `Bearer user:ann::${endsAt}` };
    const client = await suite.connectPolling({ hub, headers, polls: false });
    expect(await client.poll()).toMatchObject({ status: 200 });
    await client.post('{"protocol":"json","version":1}\u001e');
    let { status } = await client.post('{"type":6}\u001e');
    while (status === 200 && Date.now() < endsAt + 5_000) ({ status } = await client.post('{"type":6}\u001e'));
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    expect(status).toBe(401);
    expect(await client.poll()).toMatchObject({ status: 401 });
  });
}

/** Q215, Q076, Q219: tokens of connections. */
export function tokenCases(suite: SuiteContext, leg: Leg): void {
  const inQuery = leg.transport === "ServerSentEvents" ? "Q076" : "Q215";
  const ways = [
    { number: "Q215", what: "in the header", options: { headers: { authorization: "Bearer user:ann:vip" } } },
    { number: inQuery, what: "in the query", options: { query: "access_token=user:ann:vip" } },
  ];
  for (const { number, what, options } of ways) {
    suite.test(`${number} a token ${what} authorizes every request of the connection`, async () => {
      const client = await suite.connectOver(leg, { ...options, hub: hubPaths.auth });
      expect(await resultOf(client, "UserName")).toBe("ann");
    });
  }

  if (suite.traits.variants) {
    suite.test("Q219 the end of the token ends the connection for a reconnect", async () => {
      const user = uniqueName();
      const endsAt = Date.now() + 1_500;
      const headers = { authorization: `Bearer user:${user}::${endsAt}` };
      const client = await suite.connectOver(leg, { hub: hubPaths.expiring, headers });
      expect(await resultOf(client, "UserName")).toBe(user);
      expect(await client.nextMessage()).toEqual({ type: 7, allowReconnect: true });
      expect(Date.now() - endsAt).toBeLessThan(2_500);
      // The origin looks once a second, and a little ahead.
      expect(Date.now() - endsAt).toBeGreaterThan(-1_100);
    });
  }
}
