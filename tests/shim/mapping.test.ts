import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import {
  configureEdge,
  DefaultHttpClient,
  HttpTransportType,
  HubConnectionBuilder,
  LogLevel,
  NullLogger,
} from "@signalr-edge/client-shim";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { startGateway, type TestGateway } from "../support/start-gateway.ts";
import { closedPort, startAnsweringGateway } from "./support/broken-gateway.ts";
import { buildShimClient } from "./support/shim-client.ts";

let origin: Origin;
let gateway: TestGateway;

beforeAll(async () => {
  origin = await startNodeOrigin();
  gateway = await startGateway({ origin });
});
afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

test("a hard-coded origin URL connects to the gateway, even if the client cannot reach the origin", async () => {
  const unreachable = { url: await closedPort() };
  const { connection, gatewayUrl } = buildShimClient({ origin: unreachable, gateway });
  await connection.start();
  expect(connection.baseUrl).toBe(gatewayUrl);
  expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
});

test("the query of the hub URL reaches the hub", async () => {
  const { connection } = buildShimClient({ origin, gateway, hub: `${hubPaths.contract}?market=de` });
  await connection.start();
  expect(connection.baseUrl).toBe(`${gateway.url}${hubPaths.contract}?market=de`);
  expect(await connection.invoke("QueryValue", "market")).toBe("de");
});

test("a device outside the roll-out connects to the origin and asks no gateway", async () => {
  const broken = await startAnsweringGateway(() => ({ status: 503 }));
  const { connection, originUrl, fallbacks } = buildShimClient({ origin, gateway: broken, edge: { rollout: 0 } });
  await connection.start();
  expect(connection.baseUrl).toBe(originUrl);
  expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
  expect([broken.requests, fallbacks]).toEqual([[], []]);
});

test("a hub that no route names connects where the application says", async () => {
  const routes = [{ from: `${origin.url}/hubs/detailed`, to: `${gateway.url}/hubs/detailed` }];
  const { connection, originUrl } = buildShimClient({ origin, gateway, edge: { routes } });
  await connection.start();
  expect(connection.baseUrl).toBe(originUrl);
});

test("the URL is mapped by what was configured when the connection is built", async () => {
  configureEdge({ routes: [] });
  const builder = new HubConnectionBuilder().withUrl(origin.hubUrl(hubPaths.contract));
  expect(builder.build().baseUrl).toBe(origin.hubUrl(hubPaths.contract));
  configureEdge({ routes: [{ from: origin.url, to: gateway.url }] });
  expect(builder.build().baseUrl).toBe(gateway.hubUrl(hubPaths.contract));
  configureEdge({ routes: [] });
  expect(builder.build().baseUrl).toBe(origin.hubUrl(hubPaths.contract));
});

test("headers, access token, HTTP client, transport and hub protocol are the application's own", async () => {
  const requests: (string | undefined)[] = [];
  class CountingHttpClient extends DefaultHttpClient {
    override send(request: Parameters<DefaultHttpClient["send"]>[0]): ReturnType<DefaultHttpClient["send"]> {
      requests.push(request.url);
      return super.send(request);
    }
  }
  configureEdge({ routes: [{ from: origin.url, to: gateway.url }] });
  const options = {
    headers: { "x-market": "de" },
    accessTokenFactory: () => "user:ada",
    httpClient: new CountingHttpClient(NullLogger.instance),
    transport: HttpTransportType.WebSockets,
    logger: LogLevel.None,
  };
  const given = { ...options };
  const connection = new HubConnectionBuilder()
    .withUrl(origin.hubUrl(hubPaths.auth), options)
    .withHubProtocol(new MessagePackHubProtocol())
    .build();
  onTestFinished(() => connection.stop());
  await connection.start();
  expect(await connection.invoke("UserName")).toBe("ada");
  expect(await connection.invoke("HeaderValue", "x-market")).toBe("de");
  expect(requests).toEqual([`${gateway.url}${hubPaths.auth}/negotiate?negotiateVersion=1`]);
  expect(options).toEqual(given);
  expect((await origin.control.state()).connections).toContainEqual(
    expect.objectContaining({ user: "ada", protocol: "messagepack" }),
  );
});

for (const transport of ["ServerSentEvents", "LongPolling"] as const) {
  test(`${transport} goes through the gateway`, async () => {
    const { connection, gatewayUrl } = buildShimClient({
      origin,
      gateway,
      connect: { transport: HttpTransportType[transport] },
    });
    await connection.start();
    expect(connection.baseUrl).toBe(gatewayUrl);
    expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
  });
}

test("the transport may be given in place of the options", async () => {
  const { WebSockets, LongPolling } = HttpTransportType;
  configureEdge({ routes: [{ from: origin.url, to: gateway.url }] });
  for (const transport of [WebSockets, LongPolling]) {
    const builder = new HubConnectionBuilder().configureLogging(LogLevel.None);
    const connection = builder.withUrl(origin.hubUrl(hubPaths.contract), transport).build();
    onTestFinished(() => connection.stop());
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
    // Only long polling needs no pings.
    expect(Reflect.get(connection, "connection").features.inherentKeepAlive).toBe(
      transport === LongPolling || undefined,
    );
  }
});

for (const fallback of ["origin", "none"] as const) {
  test(`a baseUrl that the application sets is mapped too, with fallback ${fallback}`, async () => {
    const { connection } = buildShimClient({ origin, gateway, edge: { fallback } });
    connection.baseUrl = `${origin.hubUrl(hubPaths.contract)}?market=fr`;
    await connection.start();
    expect(connection.baseUrl).toBe(`${gateway.hubUrl(hubPaths.contract)}?market=fr`);
    expect(await connection.invoke("QueryValue", "market")).toBe("fr");
    expect(() => {
      connection.baseUrl = origin.url;
    }).toThrow("must be in the Disconnected or Reconnecting state");
    await connection.stop();
    connection.baseUrl = `${gateway.hubUrl(hubPaths.contract)}?market=it`;
    await connection.start();
    expect(await connection.invoke("QueryValue", "market")).toBe("it");
  });
}
