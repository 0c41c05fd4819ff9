import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { closedUrl, startHttpOrigin } from "../../packages/gateway/src/upstream/http-origin.testing.ts";
import { askHub, type HubAnswer } from "../support/ask-hub.ts";
import { askNegotiate, negotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { openStream } from "../support/raw-event-stream-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { resultOf } from "./support/invoke.ts";

const app = "https://app.example";
const foreign = "https://evil.example";
const clientHeaders = "x-requested-with,x-signalr-user-agent,authorization";
const cors = { "access-control-allow-origin": app, "access-control-allow-credentials": "true", vary: "Origin" };

describe.skipIf(!aspNetOriginAvailable)("browsers", () => {
  let origin: Origin;
  let edge: ConfiguredGateway;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    const [contract, auth] = [origin.hubUrl(hubPaths.contract), origin.hubUrl(hubPaths.auth)];
    const lazy = { groups: contractGroups };
    edge = await startConfigured({
      hubs: [
        { path: "/listed", origin: contract, allowedOrigins: [app] },
        { path: "/members", origin: auth, allowedOrigins: [app], ...lazy },
        { path: "/any", origin: contract, allowedOrigins: ["*", app] },
        { path: "/own", origin: contract, allowedOrigins: [], ...lazy },
        { path: "/down", origin: await closedUrl(), allowedOrigins: [app] },
        { path: "/plain", origin: contract },
        { path: "/plain-lazy", origin: contract, ...lazy },
      ],
    });
  });
  afterAll(async () => {
    await edge.gateway.stop();
    await origin.stop();
  });

  const url = (path: string): string => edge.url + path;

  function preflight(path: string, headers: Readonly<Record<string, string>> = {}): Promise<HubAnswer> {
    const asked = { "access-control-request-method": "POST", "access-control-request-headers": clientHeaders };
    return askHub(url(path), { method: "OPTIONS", headers: { origin: app, ...asked, ...headers } });
  }

  describe("preflights", () => {
    for (const path of ["/listed/negotiate", "/members/negotiate", "/members?id=x", "/down/negotiate"]) {
      test(`Q021 Q024 a page that is listed may send to ${path} what the client sends, before anybody asks who it is`, async () => {
        const before = (await origin.control.state()).traffic.bytesIn;
        const { status, headers, text } = await preflight(path);
        expect({ status, text }).toEqual({ status: 204, text: "" });
        expect(headers).toMatchObject(cors);
        const allowed = String(headers["access-control-allow-headers"]).split(", ");
        expect(allowed).toEqual(expect.arrayContaining([...clientHeaders.split(","), "content-type"]));
        expect((await origin.control.state()).traffic.bytesIn).toBe(before);
      });
    }

    test("Q023 DELETE is allowed, and a POST of MessagePack", async () => {
      const remove = await preflight("/listed?id=x", { "access-control-request-method": "DELETE" });
      expect(remove.headers["access-control-allow-methods"]).toBe("GET, POST, DELETE");
      const post = await preflight("/listed?id=x", { "access-control-request-headers": "content-type" });
      expect(post.headers["access-control-allow-headers"]).toContain("content-type");
    });

    test("headers of the application are allowed by name; what is no name is left out", async () => {
      const asked = "X-Tenant, x-trace , bad name, <script>";
      const { headers } = await preflight("/listed/negotiate", { "access-control-request-headers": asked });
      const allowed = String(headers["access-control-allow-headers"]).split(", ");
      expect(allowed.filter((name) => !clientHeaders.includes(name))).toEqual(["content-type", "x-tenant", "x-trace"]);
    });

    test("a page that is not listed is told nothing", async () => {
      const { status, headers } = await preflight("/listed/negotiate", { origin: foreign });
      expect({ status, cors: corsOf(headers) }).toEqual({ status: 204, cors: { vary: "Origin" } });
    });

    test("with * any page may come, without credentials; a listed one with them", async () => {
      const any = await preflight("/any/negotiate", { origin: foreign });
      expect(any.headers["access-control-allow-origin"]).toBe("*");
      expect(any.headers["access-control-allow-credentials"]).toBeUndefined();
      expect(any.headers["access-control-allow-methods"]).toBe("GET, POST, DELETE");
      expect((await preflight("/any/negotiate")).headers).toMatchObject(cors);
    });

    test("OPTIONS that is no preflight is a method like any other", async () => {
      const { status, text } = await askHub(url("/listed/negotiate"), { method: "OPTIONS", headers: { origin: app } });
      expect({ status, text }).toEqual({ status: 405, text: "" });
    });

    for (const path of ["/negotiate", "?id=x"]) {
      test(`without allowedOrigins a preflight of ${path} is answered as by the origin, which has no CORS either`, async () => {
        const headers = { origin: app, "access-control-request-method": "POST" };
        const direct = await askHub(origin.hubUrl(hubPaths.contract) + path, { method: "OPTIONS", headers });
        const through = await askHub(url(`/plain${path}`), { method: "OPTIONS", headers });
        expect([through.status, through.text, corsOf(through.headers)]).toEqual([direct.status, direct.text, {}]);
        expect(direct.status).toBe(405);
      });
    }
  });

  describe("answers", () => {
    test("Q022 every answer to a listed page says that it may read it, whatever the status", async () => {
      const { connectionToken = "" } = await negotiate(url("/listed"));
      const poll = `/listed?id=${connectionToken}`;
      const ask = (path: string, options: Parameters<typeof askHub>[1] = {}): Promise<HubAnswer> =>
        askHub(url(path), { ...options, headers: { origin: app, ...options.headers } });
      const answers = [
        [200, await ask("/listed/negotiate?negotiateVersion=1", { method: "POST" })],
        [401, await ask("/members/negotiate?negotiateVersion=1", { method: "POST" })],
        [
          403,
          await ask("/members/negotiate", { method: "POST", headers: { authorization: "Bearer user:eve:banned" } }),
        ],
        [404, await ask("/listed?id=unknown")],
        [400, await ask("/listed")],
        [405, await ask("/listed", { method: "PUT" })],
        [502, await ask("/down/negotiate", { method: "POST" })],
        [200, await ask(poll)],
        [200, await ask(poll, { method: "POST", body: '{"protocol":"json","version":1}\u001e' })],
        [200, await ask(poll)],
        [202, await ask(poll, { method: "DELETE" })],
      ] as const;
      for (const [status, answer] of answers) {
        expect({ status: answer.status, ...corsOf(answer.headers) }).toEqual({ status, ...cors });
      }
    });

    test("Q022 an event stream says so, too", async () => {
      const { connectionToken = "" } = await negotiate(url("/listed"));
      const response = await openStream(url(`/listed?id=${connectionToken}`), { origin: app });
      response.destroy();
      expect(corsOf(response.headers)).toEqual(cors);
    });

    test("a page that is not listed may not read its answers", async () => {
      const { status, headers } = await askNegotiate(url("/listed"), { headers: { origin: foreign } });
      expect({ status, cors: corsOf(headers) }).toEqual({ status: 200, cors: { vary: "Origin" } });
      expect(corsOf((await askNegotiate(url("/listed"))).headers)).toEqual({ vary: "Origin" });
    });

    test("without allowedOrigins there is no CORS", async () => {
      expect(corsOf((await askNegotiate(url("/plain"), { headers: { origin: app } })).headers)).toEqual({});
    });
  });

  describe("WebSockets", () => {
    async function upgradeFrom(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
      const upgrade = await askUpgrade(url(path), headers);
      upgrade.socket?.destroy();
      return upgrade.status;
    }

    for (const [path, from, status] of [
      ["/listed", app, 101],
      ["/listed", foreign, 403],
      ["/listed", "null", 403],
      ["/listed", `${app}.evil.example`, 403],
      ["/listed", "http://app.example", 403],
      ["/listed", `${app}:8443`, 403],
      ["/listed", "SAME", 101],
      ["/any", foreign, 101],
      ["/any", "null", 101],
      ["/own", foreign, 403],
      ["/own", "SAME", 101],
      ["/plain", foreign, 101],
      ["/plain-lazy", foreign, 101],
    ] as const) {
      test(`Q064 a page of ${from === "SAME" ? "the gateway's own host" : from} gets ${status} from ${path}`, async () => {
        expect(await upgradeFrom(path, { origin: from === "SAME" ? edge.url : from })).toBe(status);
      });
    }

    for (const path of ["/listed", "/any", "/own", "/plain", "/plain-lazy"]) {
      test(`who is no browser gets a WebSocket from ${path}, with or without cookies`, async () => {
        expect(await upgradeFrom(path, {})).toBe(101);
        expect(await upgradeFrom(path, { cookie: "session=1" })).toBe(101);
      });
    }

    test("a page that is refused costs the origin nothing, and does not use up the id", async () => {
      const { connectionToken = "" } = await negotiate(url("/listed"));
      const before = (await origin.control.state()).traffic.bytesIn;
      expect(await upgradeFrom(`/listed?id=${connectionToken}`, { origin: foreign })).toBe(403);
      expect((await origin.control.state()).traffic.bytesIn).toBe(before);
      expect(await upgradeFrom(`/listed?id=${connectionToken}`, { origin: app })).toBe(101);
    });

    test("a foreign page cannot use the cookies of its visitor on a hub that only the gateway guards", async () => {
      expect(await upgradeFrom("/plain-lazy", { origin: foreign, cookie: "session=1" })).toBe(403);
      expect(await upgradeFrom("/plain-lazy", { origin: edge.url, cookie: "session=1" })).toBe(101);
    });

    test("on a transparent hub the origin sees where the page comes from", async () => {
      const client = await connect("/plain", { origin: foreign, cookie: "session=1" });
      expect(await resultOf(client, "1", "HeaderValue", "Origin")).toBe(foreign);
      expect(await resultOf(client, "2", "CookieValue", "session")).toBe("1");
    });

    test("an origin that refuses a page refuses it through the gateway, on any hub with connections of the clients' own", async () => {
      const strict = await startHttpOrigin((_request, response) => response.end(negotiated));
      onTestFinished(() => strict.close());
      const seen: (string | undefined)[] = [];
      strict.server.on("upgrade", ({ headers }, socket) => {
        seen.push(headers.origin);
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      });
      const own = await startConfigured({ hubs: [{ path: "/hub", origin: strict.url, forwardHeaders: [] }] });
      onTestFinished(() => own.gateway.stop());
      const upgrade = await askUpgrade(`${own.url}/hub`, { origin: foreign });
      expect([upgrade.status, seen]).toEqual([403, [foreign]]);
    });

    test("with * a foreign page comes without its visitor's cookies, a listed one with them", async () => {
      const any = await connect("/any", { origin: foreign, cookie: "session=1" });
      expect(await resultOf(any, "1", "CookieValue", "session")).toBeNull();
      const listed = await connect("/any", { origin: app, cookie: "session=1" });
      expect(await resultOf(listed, "1", "CookieValue", "session")).toBe("1");
    });

    async function connect(path: string, headers: Readonly<Record<string, string>>): Promise<RawClient> {
      const client = await RawClient.connect({ url: url(path), headers });
      onTestFinished(() => client.close());
      return client;
    }
  });
});

const negotiated =
  '{"negotiateVersion":1,"connectionId":"c","connectionToken":"t","availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}';

function corsOf(headers: HubAnswer["headers"]): object {
  const names = Object.keys(headers).filter((name) => name.startsWith("access-control-") || name === "vary");
  return Object.fromEntries(names.map((name) => [name, headers[name]]));
}
