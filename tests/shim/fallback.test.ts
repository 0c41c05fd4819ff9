import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { HttpTransportType, HubConnectionState } from "@signalr-edge/client-shim";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { HubServer } from "../../packages/gateway/src/demo/server/hub-server.ts";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import {
  type Answer,
  closedPort,
  startAnsweringGateway,
  startClosingGateway,
  startSilentGateway,
} from "./support/broken-gateway.ts";
import { startOwnGateway } from "./support/own-gateway.ts";
import { buildShimClient } from "./support/shim-client.ts";

const direct = { skipNegotiation: true, transport: HttpTransportType.WebSockets } as const;
const negotiated = JSON.stringify({
  negotiateVersion: 1,
  connectionId: "a",
  connectionToken: "b",
  availableTransports: [
    { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
    { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
  ],
});

let origin: Origin;

beforeAll(async () => {
  origin = await startNodeOrigin();
});
afterAll(() => origin.stop());

describe("a start that the gateway does not answer goes on at the origin", () => {
  test("its port is closed", async () => {
    const gateway = { url: await closedPort() };
    const { connection, fallbacks, originUrl, gatewayUrl } = buildShimClient({ origin, gateway });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
    expect(connection.baseUrl).toBe(originUrl);
    expect(fallbacks).toEqual([
      { during: "start", gatewayUrl, originUrl, reason: expect.stringMatching(/^negotiate failed: .*fetch failed/) },
    ]);
  });

  test("its port is closed, and negotiation is skipped", async () => {
    const gateway = { url: await closedPort() };
    const { connection, fallbacks } = buildShimClient({ origin, gateway, connect: direct });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
    expect(fallbacks).toMatchObject([{ during: "start", reason: expect.stringContaining("ECONNREFUSED") }]);
  });

  test("it accepts the connection and is silent", async () => {
    const gateway = await startSilentGateway();
    const edge = { answerTimeoutMs: 100 };
    const { connection, fallbacks } = buildShimClient({ origin, gateway, edge });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
    expect(gateway.requests).toEqual(["POST /hubs/contract/negotiate?negotiateVersion=1 HTTP/1.1"]);
    expect(fallbacks).toMatchObject([{ reason: expect.stringMatching(/^negotiate failed: .*timeout/i) }]);
  });

  test("it is silent, and negotiation is skipped", async () => {
    const gateway = await startSilentGateway();
    const edge = { answerTimeoutMs: 100 };
    const { connection, fallbacks } = buildShimClient({ origin, gateway, edge, connect: direct });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
    expect(gateway.requests).toEqual(["GET /hubs/contract HTTP/1.1"]);
    expect(fallbacks).toMatchObject([{ reason: "no WebSocket within 100 ms" }]);
  });

  test("it negotiates and then is silent", async () => {
    const gateway = await startAnsweringGateway((path) =>
      path.includes("negotiate") ? { status: 200, body: negotiated } : undefined,
    );
    const edge = { answerTimeoutMs: 100 };
    const { connection, fallbacks } = buildShimClient({ origin, gateway, edge });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
    expect(fallbacks).toMatchObject([{ reason: "no WebSocket within 100 ms" }]);
    // The other transports of that gateway are not tried any more.
    expect(gateway.requests).toEqual([
      "POST /hubs/contract/negotiate?negotiateVersion=1 HTTP/1.1",
      "GET /hubs/contract?id=b HTTP/1.1",
    ]);
  });

  test("it opens the WebSocket of a connection that skips negotiation, and closes it", async () => {
    const gateway = await startClosingGateway();
    const { connection, fallbacks } = buildShimClient({ origin, gateway, connect: direct });
    await connection.start();
    expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
    expect(fallbacks).toMatchObject([{ reason: expect.stringContaining("accepted, but did not connect") }]);
  });

  const answers: readonly (Answer & { readonly what: string; readonly reason: string })[] = [
    { what: "503", status: 503, reason: "negotiate was answered with status 503" },
    { what: "502", status: 502, reason: "negotiate was answered with status 502" },
    {
      what: "a page",
      status: 200,
      body: "<html>Please log in.</html>",
      reason: "negotiate was answered with something else than JSON",
    },
  ];
  for (const { what, reason, ...answer } of answers) {
    test(`it answers ${what}`, async () => {
      const gateway = await startAnsweringGateway(() => answer);
      const { connection, fallbacks } = buildShimClient({ origin, gateway });
      await connection.start();
      expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
      expect(gateway.requests).toHaveLength(1);
      expect(fallbacks).toMatchObject([{ during: "start", reason }]);
    });
  }

  test("it refuses the WebSocket of a connection that skips negotiation with 503", async () => {
    const gateway = await startAnsweringGateway(() => ({ status: 503 }));
    const { connection, fallbacks } = buildShimClient({ origin, gateway, connect: direct });
    await connection.start();
    expect(fallbacks).toMatchObject([{ reason: "Unexpected server response: 503" }]);
  });

  test("it negotiates and then refuses every transport", async () => {
    const gateway = await startAnsweringGateway((path) =>
      path.includes("negotiate") ? { status: 200, body: negotiated } : { status: 404 },
    );
    const { connection, fallbacks } = buildShimClient({ origin, gateway });
    await connection.start();
    expect(fallbacks).toMatchObject([{ reason: expect.stringContaining("accepted, but did not connect") }]);
  });

  test("it drains: a real gateway that was stopped", async () => {
    const gateway = await startOwnGateway(origin);
    const { connection, fallbacks, originUrl } = buildShimClient({ origin, gateway });
    await gateway.stop();
    await connection.start();
    expect(connection.baseUrl).toBe(originUrl);
    expect(fallbacks).toHaveLength(1);
  });
});

describe("an answer of the gateway is final", () => {
  test("401 of the origin, through the gateway", async () => {
    const gateway = await startOwnGateway(origin);
    const { connection, fallbacks, gatewayUrl } = buildShimClient({ origin, gateway, hub: hubPaths.auth });
    await expect(connection.start()).rejects.toThrow("Status code '401'");
    expect(connection.baseUrl).toBe(gatewayUrl);
    expect(fallbacks).toEqual([]);
  });

  for (const status of [401, 403, 404, 429]) {
    test(`${status} to negotiate`, async () => {
      const gateway = await startAnsweringGateway(() => ({ status }));
      const { connection, fallbacks } = buildShimClient({ origin, gateway });
      await expect(connection.start()).rejects.toThrow(`Status code '${status}'`);
      expect(fallbacks).toEqual([]);
    });
  }

  test("401 to the WebSocket of a connection that skips negotiation", async () => {
    const gateway = await startAnsweringGateway(() => ({ status: 401 }));
    const { connection, fallbacks } = buildShimClient({ origin, gateway, connect: direct });
    await expect(connection.start()).rejects.toThrow("WebSocket failed to connect");
    expect(fallbacks).toEqual([]);
  });

  test("an error in the negotiate response", async () => {
    const gateway = await startAnsweringGateway(() => ({ status: 200, body: '{"error":"The hub is closed."}' }));
    const { connection, fallbacks } = buildShimClient({ origin, gateway });
    await expect(connection.start()).rejects.toThrow("The hub is closed.");
    expect(fallbacks).toEqual([]);
  });

  test("an error in the handshake response", async () => {
    const server = new HubServer({ hubs: { [hubPaths.contract]: { methods: {}, protocols: ["json"] } } });
    const gateway = { url: await server.listen() };
    onTestFinished(() => server.close());
    const { connection, fallbacks } = buildShimClient({ origin, gateway, protocol: new MessagePackHubProtocol() });
    await expect(connection.start()).rejects.toThrow("Server returned handshake error");
    expect(fallbacks).toEqual([]);
  });

  test("an access token that the application cannot get is no matter of the gateway", async () => {
    const gateway = await startAnsweringGateway(() => ({ status: 503 }));
    const connect = {
      accessTokenFactory: (): string => {
        throw new Error("not logged in");
      },
    };
    const { connection, fallbacks } = buildShimClient({ origin, gateway, connect });
    await expect(connection.start()).rejects.toThrow("not logged in");
    expect(gateway.requests).toEqual([]);
    expect(fallbacks).toEqual([]);
  });
});

test("with fallback none, a gateway that is away is an error", async () => {
  const gateway = { url: await closedPort() };
  const { connection, gatewayUrl } = buildShimClient({ origin, gateway, edge: { fallback: "none" } });
  await expect(connection.start()).rejects.toThrow("fetch failed");
  expect(connection.baseUrl).toBe(gatewayUrl);
});

test("a baseUrl that no route names has nothing to fall back to", async () => {
  const gateway = await startOwnGateway(origin);
  const other = await startAnsweringGateway(() => ({ status: 503 }));
  const { connection, fallbacks } = buildShimClient({ origin, gateway });
  connection.baseUrl = `${other.url}${hubPaths.contract}`;
  await expect(connection.start()).rejects.toThrow("Status code '503'");
  expect(other.requests).toHaveLength(1);
  expect(fallbacks).toEqual([]);
});

test("a start that was stopped does not go on at the origin", async () => {
  const gateway = await startSilentGateway();
  const { connection, fallbacks } = buildShimClient({ origin, gateway, edge: { answerTimeoutMs: 200 } });
  const started = connection.start();
  await Promise.all([expect(started).rejects.toThrow(), connection.stop()]);
  expect(connection.state).toBe(HubConnectionState.Disconnected);
  expect(fallbacks).toEqual([]);
});

test("every start begins at the gateway", async () => {
  const answers: Answer[] = [];
  const gateway = await startAnsweringGateway(() => answers.shift() ?? { status: 503 });
  const { connection, fallbacks } = buildShimClient({ origin, gateway });
  for (const count of [1, 2]) {
    await connection.start();
    await connection.stop();
    expect(gateway.requests).toHaveLength(count);
    expect(fallbacks).toHaveLength(count);
  }
});

test("a second start of a running connection is refused, as by the official client, and changes nothing", async () => {
  const gateway = await startOwnGateway(origin);
  const { connection, gatewayUrl } = buildShimClient({ origin, gateway });
  await connection.start();
  await expect(connection.start()).rejects.toThrow("Cannot start a HubConnection that is not in the 'Disconnected'");
  expect(connection.baseUrl).toBe(gatewayUrl);
  expect(await connection.invoke("WhoAmI")).toEqual(expect.any(String));
});

for (const [how, connect] of [
  ["negotiated", {}],
  ["direct", direct],
] as const) {
  test(`a ${how} connection that the gateway answered in time lives on`, async () => {
    const gateway = await startOwnGateway(origin);
    const edge = { answerTimeoutMs: 200 };
    const { connection, fallbacks, gatewayUrl } = buildShimClient({ origin, gateway, edge, connect });
    await connection.start();
    // Takes longer than the gateway may take to answer.
    await connection.invoke("SubscribeSlow", 1, 400);
    expect(connection.baseUrl).toBe(gatewayUrl);
    expect(fallbacks).toEqual([]);
  });
}
