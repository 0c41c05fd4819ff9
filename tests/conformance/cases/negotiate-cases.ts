import { expect, onTestFinished } from "vitest";
import { startHttpProxy } from "../../support/http-proxy.ts";
import { askNegotiate, type Negotiated, negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import { startRealClient } from "../../support/real-client.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import type { SuiteContext } from "../suite-context.ts";

const urlSafeId = /^[A-Za-z0-9_-]{20,}$/;

/** Q001-Q008, Q011-Q017, Q025, Q026. */
export function negotiateCases(suite: SuiteContext): void {
  answerCases(suite);
  versionCases(suite);
  requestCases(suite);
  bodyCases(suite);
}

function answerCases(suite: SuiteContext): void {
  suite.test("Q001 version 1 answers JSON with an id, a token and the transports", async () => {
    const answer = await askNegotiate(suite.hubUrl());
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(JSON.parse(answer.text)).toEqual({
      negotiateVersion: 1,
      connectionId: expect.any(String),
      connectionToken: expect.any(String),
      availableTransports: expect.any(Array),
    });
  });

  suite.test("Q002 id and token differ and need no URL encoding", async () => {
    const { connectionId, connectionToken } = await negotiate(suite.hubUrl());
    expect(connectionId).not.toBe(connectionToken);
    expect(connectionId).toMatch(urlSafeId);
    expect(connectionToken).toMatch(urlSafeId);
  });

  suite.test("Q003 the transports come in the order in which clients shall try them", async () => {
    const expected = [
      { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
      { transport: "ServerSentEvents", transferFormats: ["Text"] },
      { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
    ].filter(({ transport }) => suite.traits.offers.some((offered) => offered === transport));
    expect((await negotiate(suite.hubUrl())).availableTransports).toEqual(expected);
  });

  suite.test("Q004 without a version the answer is version 0 and its connection id opens the connection", async () => {
    const answer = await negotiate(suite.hubUrl(), { query: {} });
    expect(answer.negotiateVersion).toBe(0);
    expect(answer).not.toHaveProperty("connectionToken");
    const client = await suite.connect({ connectionToken: answer.connectionId });
    client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
    expect(await client.nextMessage()).toMatchObject({ result: 3 });
  });
}

function versionCases(suite: SuiteContext): void {
  for (const version of ["2", "99"]) {
    suite.test(`Q005 version ${version} is answered with version 1`, async () => {
      const answer = await negotiate(suite.hubUrl(), { query: { negotiateVersion: version } });
      expect(answer.negotiateVersion).toBe(1);
    });
  }

  suite.test("Q006 a version that is no integer is an error in a 200", async () => {
    const answer = await askNegotiate(suite.hubUrl(), { query: { negotiateVersion: "abc" } });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('{"error":"The client requested a non-integer protocol version."}');
  });

  suite.test("Q007 the connection id does not open a version 1 connection", async () => {
    const { connectionId } = await negotiate(suite.hubUrl());
    expect(await askUpgrade(suite.hubUrl(hubPaths.contract, `id=${connectionId}`))).toMatchObject({ status: 404 });
  });

  suite.test("Q008 every negotiation has ids of its own", async () => {
    const first = await negotiate(suite.hubUrl());
    const second = await negotiate(suite.hubUrl());
    const ids = [first.connectionId, first.connectionToken, second.connectionId, second.connectionToken];
    expect(new Set(ids).size).toBe(4);
  });
}

function requestCases(suite: SuiteContext): void {
  for (const method of ["GET", "PUT", "DELETE"] as const) {
    suite.test(`Q011 ${method} is not allowed`, async () => {
      expect(await askNegotiate(suite.hubUrl(), { method })).toMatchObject({ status: 405, text: "" });
    });
  }

  suite.test("Q012 paths and query names may have any case", async () => {
    const answer = await askNegotiate(`${suite.target.url}/HUBS/Contract`, { query: { NegotiateVersion: "1" } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ negotiateVersion: 1, connectionToken: expect.any(String) });
  });

  suite.test("Q013 other query parameters are the hub's", async () => {
    const client = await suite.connect({ query: "room=1" });
    client.sendMessages({ type: 1, invocationId: "1", target: "QueryValue", arguments: ["room"] });
    expect(await client.nextMessage()).toMatchObject({ result: "1" });
  });

  suite.test("Q017 there are no members but the four, and no nulls", async () => {
    const { text } = await askNegotiate(suite.hubUrl());
    const members = Object.keys(JSON.parse(text) as Negotiated);
    expect(members).toEqual(["negotiateVersion", "connectionId", "connectionToken", "availableTransports"]);
    expect(text).not.toContain("null");
  });

  suite.testOver(
    ["LongPolling"],
    "Q025 the TypeScript client negotiates again and polls where WebSockets do not get through",
    async () => {
      const proxy = await startHttpProxy(suite.target.url);
      onTestFinished(() => proxy.stop());
      const url = `${proxy.url}${hubPaths.contract}`;
      const connection = await startRealClient({ url, transports: ["WebSockets", "LongPolling"] });
      expect(await connection.invoke("Add", 1, 2)).toBe(3);
      await connection.stop();
      const { contract } = hubPaths;
      expect(proxy.seen.slice(0, 4)).toEqual([
        `POST ${contract}/negotiate`,
        `UPGRADE ${contract}`,
        `POST ${contract}/negotiate`,
        `GET ${contract}`,
      ]);
    },
  );

  suite.test("Q026 HEAD is not allowed", async () => {
    expect((await askNegotiate(suite.hubUrl(), { method: "HEAD" })).status).toBe(405);
  });
}

const bodies = [
  {
    name: "Q014 an empty body said to be JSON is accepted",
    headers: { "content-type": "application/json" },
    body: "",
  },
  { name: "Q015 an empty text body is accepted", headers: { "content-type": "text/plain;charset=UTF-8" }, body: "" },
  { name: "Q016 a body is ignored", headers: { "content-type": "application/json" }, body: '{"not":"read' },
];

function bodyCases(suite: SuiteContext): void {
  for (const { name, headers, body } of bodies) {
    suite.test(name, async () => {
      const answer = await askNegotiate(suite.hubUrl(), { headers, body });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({ connectionToken: expect.any(String) });
    });
  }
}
