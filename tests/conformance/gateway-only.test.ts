import type { Logger } from "@signalr-edge/gateway";
import { describe, expect, onTestFinished, test } from "vitest";
import { askHub } from "../support/ask-hub.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { askNegotiate, negotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { RawConnection, RawConnectionOptions } from "../support/raw-connection.ts";
import { startRealClient } from "../support/real-client.ts";
import { acceptingNegotiate, startScriptedOrigin } from "../support/scripted-origin.ts";
import { contractGroups, startGateway, type TestGateway, type TestGatewayOptions } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { expectAlive, idAtOrigin, invoke } from "./invoke.ts";
import { type Leg, SuiteContext } from "./suite-context.ts";
import { gatewayTraits, ownProcesses } from "./targets.ts";

const { legs } = new SuiteContext(gatewayTraits);
const closeForReconnect = { type: 7, allowReconnect: true };
const eventStream = { accept: "text/event-stream" };

/** Q020, Q116, Q158, Q169, Q175, Q177, Q221, Q226, Q228, Q250: what only a gateway can get wrong. */
describe.skipIf(!ownProcesses)("a gateway and its origin", () => {
  originEndCases();
  missingOriginCases();

  test("Q158 the origin is spoken to in the client's hub protocol, over WebSockets", async () => {
    const { gateway, origin } = await start();
    for (const leg of legs) {
      const id = await idAtOrigin(await connect(gateway, leg));
      const { connections } = await origin.control.state();
      const seen = connections.find(({ connectionId }) => connectionId === id);
      expect(seen).toMatchObject({ protocol: leg.protocol, transport: "WebSockets" });
    }
  });

  test("Q226 Q228 affinity and token lifetimes of the origin are the gateway's own business", async () => {
    const body = JSON.parse(acceptingNegotiate.body ?? "") as object;
    const negotiate = {
      status: 200,
      body: JSON.stringify({ ...body, tokenLifetimeSeconds: 60 }),
      setCookie: "lb=a; Path=/",
    };
    const origin = await startScriptedOrigin({ negotiate });
    onTestFinished(() => origin.stop());
    const gateway = await startGateway({ origin });
    onTestFinished(() => gateway.stop());
    const answer = await askNegotiate(gateway.hubUrl(hubPaths.contract));
    expect(answer.headers).not.toHaveProperty("set-cookie");
    const negotiated: unknown = JSON.parse(answer.text);
    expect(negotiated).not.toHaveProperty("tokenLifetimeSeconds");
    const id = String((negotiated as { connectionToken: string }).connectionToken);
    // The origin refuses it, but not before it has seen the cookie.
    expect(await askUpgrade(`${gateway.hubUrl(hubPaths.contract)}?id=${id}`)).toMatchObject({ status: 404 });
    expect(origin.upgrades).toMatchObject([{ cookie: "lb=a" }]);
  });

  test("Q250 an id of one gateway is unknown at another one, for every transport", async () => {
    const { gateway, origin } = await start();
    const other = await startGateway({ origin });
    onTestFinished(() => other.stop());
    const { connectionToken } = await negotiate(gateway.hubUrl(hubPaths.contract));
    const url = `${other.hubUrl(hubPaths.contract)}?id=${connectionToken}`;
    const unknown = { status: 404, text: "No Connection with that ID" };
    expect(await askUpgrade(url)).toMatchObject(unknown);
    expect(await askHub(url, { headers: eventStream })).toMatchObject(unknown);
    expect(await askHub(url)).toMatchObject(unknown);
    expect(await askHub(url, { method: "POST", body: "{}" })).toMatchObject(unknown);
    expect(await askHub(url, { method: "DELETE" })).toMatchObject(unknown);
  });

  test("Q221 access tokens and connection tokens show up nowhere", async () => {
    const lines: string[] = [];
    const write: Logger["info"] = (event, fields) => void lines.push(JSON.stringify({ event, fields }));
    const { gateway, origin } = await start({ log: { debug: write, info: write, warn: write, error: write } });
    const secrets: string[] = [];
    for (const leg of legs) {
      const name = `secret${secrets.length}`;
      const query = `?access_token=user:${name}`;
      const client = await connect(gateway, leg, { url: `${gateway.hubUrl(hubPaths.auth)}${query}` });
      await expectAlive(client);
      secrets.push(name, String(client.connectionToken));
    }
    const texts = [await textOf(`${gateway.adminUrl}/metrics`), await textOf(`${gateway.adminUrl}/api/state`)];
    await origin.stop("SIGKILL");
    const query = "?access_token=user:secret-of-late";
    texts.push((await askNegotiate(`${gateway.hubUrl(hubPaths.auth)}${query}`)).text);
    texts.push((await askHub(`${gateway.hubUrl(hubPaths.auth)}${query}&id=secret-id`)).text);
    await gateway.stop();
    expect(lines.length).toBeGreaterThan(0);
    for (const secret of [...secrets, "secret-of-late", "secret-id"]) {
      for (const text of [...lines, ...texts]) expect(text).not.toContain(secret);
    }
  });
});

function originEndCases(): void {
  test("Q169 a crash of the origin tells clients on every transport to reconnect", async () => {
    const { gateway, origin } = await start();
    const clients = await Promise.all(legs.map((leg) => connect(gateway, leg)));
    for (const client of clients) await expectAlive(client);
    await origin.stop("SIGKILL");
    for (const client of clients) {
      expect(await client.nextMessage()).toEqual(closeForReconnect);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    }
  });

  test("Q175 when the connection to the origin is cut, the client's ends within 1 s", async () => {
    const { origin } = await start();
    const proxy = await startTcpProxy(origin.url);
    onTestFinished(() => proxy.stop());
    const behindProxy = { hubUrl: (path: string) => `${proxy.url}${path}` };
    const gateway = await startGateway({ origin: behindProxy });
    onTestFinished(() => gateway.stop());
    const clients = await Promise.all(legs.map((leg) => connect(gateway, leg)));
    for (const client of clients) await expectAlive(client);
    const startedAt = performance.now();
    proxy.cut();
    for (const client of clients) {
      expect(await client.nextMessage()).toEqual(closeForReconnect);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("Q177 a client that reconnects to nothing is refused at once, each time", async () => {
    const { gateway, origin } = await start();
    const url = gateway.hubUrl(hubPaths.contract);
    const connection = await startRealClient({ url, reconnectDelaysMs: [0, 0, 0, 0] });
    onTestFinished(() => connection.stop());
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    const startedAt = performance.now();
    await origin.stop("SIGKILL");
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
}

function missingOriginCases(): void {
  test("Q020 without the origin negotiate fails soon and shortly", async () => {
    const { gateway, origin } = await start();
    await origin.stop("SIGKILL");
    const startedAt = performance.now();
    const { status, text } = await askNegotiate(gateway.hubUrl(hubPaths.contract));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(text.length).toBeLessThan(200);
    expect(text).not.toContain("{");
  });

  test("Q116 an id whose origin has gone meanwhile is refused, for every transport", async () => {
    const { gateway, origin } = await start();
    const urls = await Promise.all(
      [1, 2, 3].map(async () => {
        const { connectionToken } = await negotiate(gateway.hubUrl(hubPaths.contract));
        return `${gateway.hubUrl(hubPaths.contract)}?id=${connectionToken}`;
      }),
    );
    await origin.stop("SIGKILL");
    const [webSocket = "", stream = "", poll = ""] = urls;
    expect(await askUpgrade(webSocket)).toMatchObject({ status: 502 });
    expect(await askHub(stream, { headers: eventStream })).toMatchObject({ status: 502 });
    expect(await askHub(poll)).toMatchObject({ status: 502 });
  });

  test("Q116 behind group rules an invocation fails, and the client stays", async () => {
    const { gateway, origin } = await start({ hubs: { [hubPaths.contract]: { groups: contractGroups } } });
    const clients = await Promise.all(legs.map((leg) => connect(gateway, leg)));
    await origin.stop("SIGKILL");
    for (const client of clients) {
      expect(await invoke(client, "Add", 1, 2)).toMatchObject({ error: expect.any(String) });
      expect(await invoke(client, "Add", 1, 2)).toMatchObject({ error: expect.any(String) });
    }
  });
}

/** An origin and a gateway that end with the test. */
async function start(
  options: Omit<TestGatewayOptions, "origin"> = {},
): Promise<{ readonly gateway: TestGateway; readonly origin: Origin }> {
  const origin = await startAspNetOrigin();
  onTestFinished(() => origin.stop());
  const gateway = await startGateway({ ...options, origin });
  onTestFinished(() => gateway.stop());
  return { gateway, origin };
}

async function connect(
  gateway: TestGateway,
  { transport, protocol }: Leg,
  options: Partial<RawConnectionOptions> = {},
): Promise<RawConnection> {
  const client = await connectRaw(transport, { url: gateway.hubUrl(hubPaths.contract), protocol, ...options });
  onTestFinished(() => client.close());
  return client;
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}
