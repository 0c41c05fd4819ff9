import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { startGateway, type TestGateway } from "../support/start-gateway.ts";
import { closedPort, startSilentGateway } from "./support/broken-gateway.ts";
import { buildBrowserFile, createStorage, Page, scripts } from "./support/page.ts";
import { startRelay } from "./support/relay.ts";

const direct = "{ skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets }";

let origin: Origin;
let gateway: TestGateway;
let hubUrl: string;

beforeAll(async () => {
  [origin] = await Promise.all([startNodeOrigin(), buildBrowserFile()]);
  gateway = await startGateway({ origin });
  hubUrl = origin.hubUrl(hubPaths.contract);
});
afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

const editions = [
  { client: "signalr.js 10", official: scripts.official10, edge: scripts.edge },
  { client: "signalr.js 6", official: scripts.official6, edge: scripts.edge },
  { client: "signalr.js 10 and the minified shim", official: scripts.official10, edge: scripts.edgeMinified },
];

describe.for(editions)("a page with $client", ({ official, edge }) => {
  const data = (): Record<string, string> => ({ gateway: gateway.url, origin: origin.url });

  test("connects to the gateway, its code unchanged", async () => {
    const page = new Page().load(official).load(edge, data());
    await page.connect(hubUrl);
    expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.contract));
    expect(await page.run('connection.invoke("WhoAmI")')).toBe(await page.run("connection.connectionId"));
  });

  test("has the official client's names on its global, and the shim's", async () => {
    const page = new Page().load(official);
    const officialNames = await page.run("Object.keys(signalR)");
    page.load(edge, data());
    const names = await page.run("Object.keys(signalR)");
    const own = ["configureEdge", "rolloutPosition"];
    expect([...(names as string[])].sort()).toEqual([...(officialNames as string[]), ...own].sort());
    expect(await page.run("new signalR.HubConnectionBuilder().withUrl('http://a.example/').build()")).toBeDefined();
  });

  test("goes on at the origin when the gateway's port is closed", async () => {
    const page = new Page().load(official).load(edge, { ...data(), gateway: await closedPort() });
    await page.connect(hubUrl);
    expect(await page.run("connection.baseUrl")).toBe(hubUrl);
    expect(await page.run('connection.invoke("WhoAmI")')).toBe(await page.run("connection.connectionId"));
  });

  test("goes on at the origin when the gateway is silent to its WebSocket", async () => {
    const silent = await startSilentGateway();
    const attributes = { ...data(), gateway: silent.url, answerTimeoutMs: "100" };
    const page = new Page().load(official).load(edge, attributes);
    await page.connect(`${hubUrl}?a=b`, `.withUrl(${JSON.stringify(hubUrl)}, ${direct})`);
    expect(await page.run("connection.baseUrl")).toBe(hubUrl);
    expect(await page.run('connection.invoke("WhoAmI")')).toEqual(expect.any(String));
    expect(silent.requests).toEqual(["GET /hubs/contract HTTP/1.1"]);
  });

  test("does not go on at the origin when the gateway refuses it", async () => {
    const page = new Page().load(official).load(edge, data());
    await expect(page.connect(origin.hubUrl(hubPaths.auth))).rejects.toThrow("401");
    expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.auth));
  });

  test("joins again after a reconnect, without the methods that it has undone", async () => {
    const relay = await startRelay(gateway);
    const rejoin = "SubscribeText:UnsubscribeText, Join";
    const page = new Page().load(official).load(edge, { ...data(), gateway: relay.url, rejoin });
    await page.connect(hubUrl, ".withAutomaticReconnect([0, 0])");
    for (const key of ["kept", "left"]) await page.run(`connection.invoke("SubscribeText", "${key}")`);
    await page.run('connection.invoke("UnsubscribeText", "left")');
    const reconnected = page.run("new Promise((resolve) => connection.onreconnected(resolve))");
    await origin.control.reset();
    relay.leadTo(gateway);
    await reconnected;
    await page.run('connection.invoke("WhoAmI")');
    expect((await origin.control.state()).joinsByGroup).toEqual({ "text:kept": 1 });
  });
});

describe("the shim in a page", () => {
  test("maps hub URLs that are relative to the page, and without data-origin those of the page's own host", async () => {
    const page = new Page({ url: `${origin.url}/shop/index.html` }).load(scripts.official10);
    page.load(scripts.edge, { gateway: gateway.url });
    await page.connect("../hubs/contract");
    expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.contract));
    expect(await page.run('connection.invoke("WhoAmI")')).toEqual(expect.any(String));
  });

  test("falls back to a hub URL that is relative to the page", async () => {
    const page = new Page({ url: `${origin.url}/index.html` }).load(scripts.official10);
    page.load(scripts.edge, { gateway: await closedPort() });
    await page.connect("/hubs/contract");
    expect(await page.run("connection.baseUrl")).toBe(hubUrl);
  });

  test("is configured by code if it has no data-gateway", async () => {
    const page = new Page().load(scripts.official10).load(scripts.edge);
    const routes = JSON.stringify([{ from: origin.url, to: gateway.url }]);
    await page.run(`signalR.configureEdge({ routes: ${routes} })`);
    await page.connect(hubUrl);
    expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.contract));
  });

  test("leaves room for the official MessagePack script after it, and keeps what one before it has brought", async () => {
    for (const order of [
      [scripts.official10, scripts.messagePack, scripts.edge],
      [scripts.official10, scripts.edge, scripts.messagePack],
    ]) {
      const page = new Page();
      for (const script of order) page.load(script, { gateway: gateway.url, origin: origin.url });
      await page.connect(hubUrl, ".withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol())");
      expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.contract));
      expect(await page.run('connection.invoke("WhoAmI")')).toEqual(expect.any(String));
    }
  });

  test("says so when it is loaded before the official client", () => {
    expect(() => new Page().load(scripts.edge, { gateway: gateway.url })).toThrow(
      "signalr-edge.js must be loaded after signalr.js",
    );
  });

  for (const [attribute, value] of [
    ["rollout", "10%"],
    ["rollout", ""],
    ["fallback", "maybe"],
    ["gateway", "ftp://edge"],
    ["answerTimeoutMs", "soon"],
  ] as const) {
    test(`leaves the official client alone if ${attribute} is "${value}"`, async () => {
      const page = new Page().load(scripts.official10);
      const before = await page.run("signalR");
      expect(() => page.load(scripts.edge, { gateway: gateway.url, [attribute]: value })).toThrow(
        /rollout|fallback|URL|answer/,
      );
      expect(await page.run("signalR")).toBe(before);
    });
  }

  test("has no bundled copy of the official client", () => {
    const text = readFileSync(scripts.edge, "utf8");
    expect(text).not.toContain("Cannot start a HubConnection that is not in the");
    expect(text.length).toBeLessThan(60_000);
  });
});

describe("the roll-out in browsers", () => {
  /** Whether a page of the site uses the gateway. */
  async function usesGateway(storage: ReturnType<typeof createStorage>, rollout: number): Promise<boolean> {
    const page = new Page({ storage }).load(scripts.official10);
    page.load(scripts.edge, {
      gateway: "https://edge.example",
      origin: "https://origin.example",
      rollout: `${rollout}`,
    });
    const url = await page.run(
      "new signalR.HubConnectionBuilder().withUrl('https://origin.example/hubs/a').build().baseUrl",
    );
    return url === "https://edge.example/hubs/a";
  }

  test("keeps one id per browser, and a larger share only adds browsers", async () => {
    const shares = [0.1, 0.5, 0.9];
    const counts = shares.map(() => 0);
    for (const storage of Array.from({ length: 40 }, createStorage)) {
      const verdicts: boolean[] = [];
      for (const share of shares) verdicts.push(await usesGateway(storage, share));
      expect(storage.items.size).toBe(1);
      expect(verdicts).toEqual([...verdicts].sort());
      expect(await usesGateway(storage, 0.5)).toBe(verdicts[1]);
      verdicts.forEach((isIn, index) => {
        counts[index] = (counts[index] ?? 0) + (isIn ? 1 : 0);
      });
    }
    // The chance that 40 random ids leave one of these bounds is below one in a million.
    expect(counts[1]).toBeGreaterThan(4);
    expect(counts[1]).toBeLessThan(36);
  });

  test("stores nothing while everybody or nobody takes part", async () => {
    const storage = createStorage();
    expect(await usesGateway(storage, 1)).toBe(true);
    expect(await usesGateway(storage, 0)).toBe(false);
    expect(storage.items.size).toBe(0);
  });

  test("takes the page's own device id", async () => {
    const storage = createStorage();
    const page = new Page({ storage }).load(scripts.official10);
    const data = { gateway: "https://edge.example", origin: "https://origin.example", rollout: "0.5" };
    const position = Number(
      await new Page().load(scripts.official10).load(scripts.edge).run("signalR.rolloutPosition('ada')"),
    );
    page.load(scripts.edge, { ...data, deviceId: "ada" });
    const url = await page.run(
      "new signalR.HubConnectionBuilder().withUrl('https://origin.example/a').build().baseUrl",
    );
    expect(url).toBe(position < 0.5 ? "https://edge.example/a" : "https://origin.example/a");
    expect(storage.items.size).toBe(0);
  });

  test("works where storage is blocked", async () => {
    const page = new Page({
      storage: () => {
        throw new Error("SecurityError");
      },
    });
    page
      .load(scripts.official10)
      .load(scripts.edge, { gateway: gateway.url, origin: origin.url, rollout: "0.999999999" });
    await page.connect(hubUrl);
    expect(await page.run("connection.baseUrl")).toBe(gateway.hubUrl(hubPaths.contract));
  });
});
