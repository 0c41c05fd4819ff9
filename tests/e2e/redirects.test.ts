import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { type HttpOrigin, startHttpOrigin } from "../../packages/gateway/src/upstream/http-origin.testing.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { askNegotiate, negotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import { startRealClient } from "../support/real-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { resultOf } from "./support/invoke.ts";
import { waitForSequence } from "./support/updates.ts";

const refused = { status: 502, text: "The origin of this hub redirects to a host that is not allowed." };
const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];

/** An app whose hub is served elsewhere, as with Azure SignalR Service: its negotiate answers with what `script` says. */
interface App extends HttpOrigin {
  readonly requests: { readonly url: string | undefined; readonly authorization: string | undefined }[];
}

async function startApp(script: (path: string) => object): Promise<App> {
  const requests: App["requests"] = [];
  const app = await startHttpOrigin(({ url = "", headers }, response) => {
    requests.push({ url, authorization: headers.authorization });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(script(url)));
  });
  return { ...app, requests };
}

describe.skipIf(!aspNetOriginAvailable)("negotiate redirects", () => {
  let service: Origin;
  let app: App;
  let edge: ConfiguredGateway;

  beforeAll(async () => {
    service = await startAspNetOrigin();
    const url = `${service.hubUrl(hubPaths.auth)}?hub=odds&asrs=1`;
    app = await startApp(() => ({ url, accessToken: "user:redirected" }));
    const redirected = { origin: app.url, redirectHosts: [new URL(service.url).host] };
    edge = await startConfigured({
      hubs: [
        { path: "/eager", ...redirected },
        { path: "/lazy", ...redirected, groups: contractGroups },
      ],
    });
  });
  afterAll(async () => {
    await edge.gateway.stop();
    await app.close();
    await service.stop();
  });

  for (const path of ["/eager", "/lazy"]) {
    for (const transport of transports) {
      test(`Q225 a ${transport} client of ${path} gets to the hub with the token of the redirect, which it never sees`, async () => {
        const headers = { authorization: "Bearer user:client", cookie: "session=1", "x-requested-with": "test" };
        const client = await connectRaw(transport, { url: `${edge.url}${path}?room=7`, headers });
        onTestFinished(() => client.close());
        expect(await resultOf(client, "1", "UserName")).toBe("redirected");
        expect(await resultOf(client, "2", "HeaderValue", "Authorization")).toBe("Bearer user:redirected");
        expect(await resultOf(client, "3", "CookieValue", "session")).toBeNull();
        expect(await resultOf(client, "4", "HeaderValue", "X-Requested-With")).toBe("test");
        expect(await resultOf(client, "5", "QueryValue", "asrs")).toBe("1");
        expect(await resultOf(client, "6", "QueryValue", "room")).toBeNull();
      });
    }
  }

  test("the app is asked with the client's own credentials and query", async () => {
    app.requests.length = 0;
    await negotiate(`${edge.url}/eager?room=7`, { headers: { authorization: "Bearer user:client" } });
    expect(app.requests).toEqual([
      { url: "/hub/negotiate?room=7&negotiateVersion=1", authorization: "Bearer user:client" },
    ]);
  });

  test("the client gets an answer like any other: the id of the hub, and nothing of the redirect", async () => {
    const { text } = await askNegotiate(`${edge.url}/eager`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      "negotiateVersion",
      "connectionId",
      "connectionToken",
      "availableTransports",
    ]);
    const client = await RawClient.connect({ url: `${edge.url}/eager` });
    onTestFinished(() => client.close());
    expect(await resultOf(client, "1", "WhoAmI")).toBe(client.connectionId);
  });

  test("a shared connection follows the redirect as well", async () => {
    const clients = [
      await RawClient.connect({ url: `${edge.url}/lazy` }),
      await RawClient.connect({ url: `${edge.url}/lazy` }),
    ];
    for (const client of clients) {
      onTestFinished(() => client.close());
      await resultOf(client, "1", "Subscribe", 42);
    }
    const { connections } = await service.control.state();
    const { last } = await service.control.publish({ hub: hubPaths.auth, eventId: 42 });
    for (const client of clients) await waitForSequence(client, last);
    expect(connections.filter(({ user }) => user === "redirected").length).toBeGreaterThan(0);
    expect(edge.gateway.state().hubs[1]).toMatchObject({
      sharedUpstreams: [{ state: "open" }],
      groups: [{ members: 2 }],
    });
  });

  describe("that are shown", () => {
    let showing: ConfiguredGateway;

    beforeAll(async () => {
      const shown = { origin: app.url, redirectHosts: [new URL(service.url).host], redirects: "show" };
      showing = await startConfigured({
        hubs: [
          { path: "/eager", ...shown },
          { path: "/lazy", ...shown, groups: contractGroups },
        ],
      });
    });
    afterAll(() => showing.gateway.stop());

    for (const path of ["/eager", "/lazy"]) {
      for (const transport of transports) {
        test(`Q225 a ${transport} client that asks at ${path} goes to the hub itself, with the token that it was given`, async () => {
          const client = await startRealClient({ url: `${showing.url}${path}`, transport, accessToken: "user:client" });
          onTestFinished(() => client.stop());
          expect(await client.invoke("UserName")).toBe("redirected");
          expect(await client.invoke("QueryValue", "asrs")).toBe("1");
          const connectionId = await client.invoke("WhoAmI");
          expect(client.connectionId).toBe(connectionId);
          const { connections } = await service.control.state();
          expect(connections.find((each) => each.connectionId === connectionId)).toMatchObject({ transport });
          for (const hub of showing.gateway.state().hubs)
            expect(hub).toMatchObject({ clients: 0, privateUpstreams: 0 });
        });
      }

      test(`${path} shows each client the app's own answer, of any version, and keeps none`, async () => {
        app.requests.length = 0;
        for (const query of [{ negotiateVersion: "1" }, {}, {}] as const) {
          const { status, headers, text } = await askNegotiate(`${showing.url}${path}`, { query });
          const direct = await askNegotiate(app.url, { query });
          expect({ status, text }).toEqual({ status: 200, text: direct.text });
          expect(headers["content-type"]).toBe(direct.headers["content-type"]);
        }
        expect(app.requests).toHaveLength(6);
      });
    }

    test("they are counted", async () => {
      const count = async (): Promise<number> => {
        const text = await (await fetch(`${showing.adminUrl}/metrics`)).text();
        return Number(/^signalr_edge_negotiations_redirected_total (\d+)$/m.exec(text)?.[1]);
      };
      const before = await count();
      await askNegotiate(`${showing.url}/lazy`);
      expect(await count()).toBe(before + 1);
    });

    test("who does not negotiate is not told; the gateway's own connections follow, shared and private", async () => {
      const clients = [
        await RawClient.connect({ url: `${showing.url}/lazy`, negotiate: "skip" }),
        await RawClient.connect({ url: `${showing.url}/lazy`, negotiate: "skip" }),
      ];
      for (const client of clients) {
        onTestFinished(() => client.close());
        await resultOf(client, "1", "Subscribe", 225);
        expect(await resultOf(client, "2", "UserName")).toBe("redirected");
      }
      const { last } = await service.control.publish({ hub: hubPaths.auth, eventId: 225 });
      for (const client of clients) await waitForSequence(client, last);
      expect(showing.gateway.state().hubs[1]).toMatchObject({ clients: 2, sharedUpstreams: [{ state: "open" }] });
    });

    test("a client that the app keeps stays here", async () => {
      const own = await startApp((path) =>
        path.includes("stay") ? connection : { url: service.hubUrl(hubPaths.auth) },
      );
      onTestFinished(() => own.close());
      const hub = { origin: own.url, redirects: "show", redirectHosts: [new URL(service.url).host] };
      const gateway = await startConfigured({ hubs: [{ path: "/hub", ...hub }] });
      onTestFinished(() => gateway.gateway.stop());
      expect(JSON.parse((await askNegotiate(`${gateway.url}/hub?stay`)).text)).toMatchObject({ connectionId: "v0-id" });
      expect(JSON.parse((await askNegotiate(`${gateway.url}/hub`)).text)).not.toHaveProperty("connectionId");
    });

    test("a host that is not listed is shown to nobody, nor a way back to the app or to the gateway", async () => {
      let target = "http://elsewhere.example/hub";
      const own = await startApp(() => ({ url: target, accessToken: "user:secret" }));
      onTestFinished(() => own.close());
      const redirectHosts = ["edge.example", new URL(own.url).host];
      const gateway = await startConfigured({
        hubs: [{ path: "/hub", origin: own.url, redirects: "show", redirectHosts }],
      });
      onTestFinished(() => gateway.gateway.stop());
      const ask = () => askNegotiate(`${gateway.url}/hub`, { headers: { host: "edge.example" } });
      for (target of ["http://elsewhere.example/hub", own.url, "http://edge.example/hub", "/hub"]) {
        expect(await ask()).toMatchObject(refused);
      }
      target = "http://edge.example/other";
      expect((await ask()).text).toContain(target);
      expect(gateway.log.count("upstream.redirect-refused", { host: "elsewhere.example" })).toBe(1);
    });
  });

  describe("that are not followed", () => {
    /** Negotiates with an app that answers so, on a gateway that may follow to the hosts given. */
    async function ask(script: (path: string) => object, redirectHosts: (appHost: string) => readonly string[]) {
      const own = await startApp(script);
      onTestFinished(() => own.close());
      const hub = { path: "/hub", origin: own.url, redirectHosts: redirectHosts(new URL(own.url).host) };
      const gateway = await startConfigured({ hubs: [hub] });
      onTestFinished(() => gateway.gateway.stop());
      const { status, text } = await askNegotiate(`${gateway.url}/hub`);
      return {
        own,
        status,
        text,
        url: `${gateway.url}/hub`,
        countRefused: (host: string) => gateway.log.count("upstream.redirect-refused", { host }),
      };
    }

    test("a host that is not listed is named in the log, once for many clients, and never asked", async () => {
      const elsewhere = await startApp(() => ({}));
      onTestFinished(() => elsewhere.close());
      const answer = await ask(
        () => ({ url: elsewhere.url, accessToken: "user:secret" }),
        () => [],
      );
      expect(answer).toMatchObject(refused);
      for (let count = 0; count < 5; count += 1) expect(await askNegotiate(answer.url)).toMatchObject(refused);
      expect(answer.countRefused(new URL(elsewhere.url).host)).toBe(1);
      expect(elsewhere.requests).toEqual([]);
    });

    for (const { url, host } of [
      { url: "http://169.254.169.254/latest/meta-data", host: "169.254.169.254" },
      { url: "http://2852039166/", host: "169.254.169.254" },
      { url: "http://0x7f.1:9090/metrics", host: "127.0.0.1:9090" },
      { url: "http://allowed.example@127.0.0.1:9/", host: "127.0.0.1:9" },
      { url: "http://allowed.example:pw@allowed.example/", host: "allowed.example" },
      { url: "http://allowed.example.evil/", host: "allowed.example.evil" },
      { url: "http://allowed.example:81/", host: "allowed.example:81" },
      { url: "file:///etc/passwd", host: "" },
      { url: "ws://allowed.example/", host: "allowed.example" },
      { url: "/relative", host: "" },
    ]) {
      test(`${url} is none of the hosts that are allowed`, async () => {
        const answer = await ask(
          () => ({ url }),
          () => ["allowed.example"],
        );
        expect(answer).toMatchObject(refused);
        expect(answer.countRefused(host)).toBe(1);
      });
    }

    test("a circle is left at once", async () => {
      const back = (path: string): object => ({ url: path.startsWith("/a/") ? `${base}/hub` : `${base}/a` });
      let base = "";
      const own = await startApp(back);
      onTestFinished(() => own.close());
      base = new URL(own.url).origin;
      const hub = { path: "/hub", origin: own.url, redirectHosts: [new URL(own.url).host] };
      const gateway = await startConfigured({ hubs: [hub] });
      onTestFinished(() => gateway.gateway.stop());
      expect(await askNegotiate(`${gateway.url}/hub`)).toMatchObject(refused);
      expect(own.requests.map(({ url }) => url?.split("?")[0])).toEqual(["/hub/negotiate", "/a/negotiate"]);
    });

    test("five redirects are followed, the sixth is not", async () => {
      for (const count of [5, 6]) {
        let base = "";
        const own = await startApp((path) => {
          const step = Number(/^\/step(\d)/.exec(path)?.[1] ?? 0);
          return step === count ? connection : { url: `${base}/step${step + 1}` };
        });
        onTestFinished(() => own.close());
        base = new URL(own.url).origin;
        const hub = { path: "/hub", origin: own.url, redirectHosts: [new URL(own.url).host] };
        const gateway = await startConfigured({ hubs: [hub] });
        onTestFinished(() => gateway.gateway.stop());
        expect((await askNegotiate(`${gateway.url}/hub`)).status).toBe(count === 5 ? 200 : 502);
        expect(own.requests).toHaveLength(6);
      }
    });

    test("a shared connection that is sent elsewhere says so in the log", async () => {
      const own = await startApp(() => ({ url: "http://elsewhere.example/hub" }));
      onTestFinished(() => own.close());
      const hub = { path: "/hub", origin: own.url, authentication: "none", groups: contractGroups };
      const gateway = await startConfigured({ hubs: [hub] });
      onTestFinished(() => gateway.gateway.stop());
      const client = await RawClient.connect({ url: `${gateway.url}/hub` });
      onTestFinished(() => client.close());
      client.sendMessages({ type: 1, invocationId: "1", target: "Subscribe", arguments: [1] });
      const reason = "it redirects to elsewhere.example, which is not in redirectHosts";
      await gateway.log.waitFor("upstream.lost", { reason });
    });
  });
});

const connection = {
  connectionId: "v0-id",
  availableTransports: [{ transport: "WebSockets", transferFormats: ["Text", "Binary"] }],
};

describe("origins before 3.1, whose negotiate has no version", () => {
  for (const settings of [{}, { groups: contractGroups, authentication: "none" }]) {
    test(`their one id opens the connection (${"groups" in settings ? "lazy" : "eager"})`, async () => {
      const old = await startHttpOrigin((_request, response) => response.end(JSON.stringify(connection)));
      onTestFinished(() => old.close());
      const webSockets = new WebSocketServer({ noServer: true });
      const opened: (string | undefined)[] = [];
      old.server.on("upgrade", (request, socket, head) => {
        opened.push(request.url);
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on("message", (data) => {
            const text = String(data);
            if (text.includes('"protocol"')) webSocket.send("{}\u001e");
            else if (text.includes('"target"')) webSocket.send('{"type":3,"invocationId":"1","result":"old"}\u001e');
          });
        });
      });
      const edge = await startConfigured({ hubs: [{ path: "/hub", origin: old.url, ...settings }] });
      onTestFinished(() => edge.gateway.stop());
      const client = await RawClient.connect({ url: `${edge.url}/hub` });
      onTestFinished(() => client.close());
      expect(await resultOf(client, "1", "Anything")).toBe("old");
      expect(opened).toEqual(["/hub?id=v0-id"]);
      if (!("groups" in settings)) expect(client.connectionId).toBe("v0-id");
    });
  }
});
