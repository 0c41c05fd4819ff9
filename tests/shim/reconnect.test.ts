import { type HubConnection, HubConnectionState, type LogLevel, type RetryContext } from "@signalr-edge/client-shim";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import type { Origin } from "../support/origin.ts";
import { startSilentGateway } from "./support/broken-gateway.ts";
import { startOwnGateway } from "./support/own-gateway.ts";
import { startRelay } from "./support/relay.ts";
import { buildShimClient } from "./support/shim-client.ts";

let origin: Origin;

beforeAll(async () => {
  origin = await startNodeOrigin();
});
afterAll(() => origin.stop());

function reconnected(connection: HubConnection): Promise<unknown> {
  return new Promise((resolve) => {
    connection.onreconnected(resolve);
  });
}

function closed(connection: HubConnection): Promise<unknown> {
  return new Promise((resolve) => {
    connection.onclose(resolve);
  });
}

test("a reconnect goes on at the origin when the gateway is gone, and does not use up the application's attempts", async () => {
  const gateway = await startRelay(await startOwnGateway(origin));
  const { connection, fallbacks, originUrl } = buildShimClient({ origin, gateway, reconnect: [0] });
  await connection.start();
  const back = reconnected(connection);
  gateway.leadTo(undefined);
  expect(await back).toBe(connection.connectionId);
  expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
  expect(connection.baseUrl).toBe(originUrl);
  expect(fallbacks).toMatchObject([{ during: "reconnect" }]);
});

test("a reconnect begins at the gateway again once the origin was used", async () => {
  const realGateway = await startOwnGateway(origin);
  const [gateway, ownOrigin] = [await startRelay(realGateway), await startRelay(origin)];
  const { connection, fallbacks, gatewayUrl } = buildShimClient({ origin: ownOrigin, gateway, reconnect: [0] });
  gateway.leadTo(undefined);
  await connection.start();
  gateway.leadTo(realGateway);
  const back = reconnected(connection);
  ownOrigin.leadTo(undefined);
  await back;
  expect(connection.baseUrl).toBe(gatewayUrl);
  expect(fallbacks).toMatchObject([{ during: "start" }]);
});

test("reconnecting asks the application's policy once for both ends, gateway first each time", async () => {
  const gateway = await startRelay(await startOwnGateway(origin));
  const ownOrigin = await startRelay(origin);
  const asked: number[] = [];
  const policy = {
    nextRetryDelayInMilliseconds: ({ previousRetryCount }: RetryContext) => {
      asked.push(previousRetryCount);
      return previousRetryCount < 3 ? 0 : null;
    },
  };
  const { connection, fallbacks } = buildShimClient({ origin: ownOrigin, gateway, reconnect: policy });
  const end = closed(connection);
  await connection.start();
  gateway.leadTo(undefined);
  ownOrigin.leadTo(undefined);
  await end;
  expect(asked).toEqual([0, 1, 2, 3]);
  expect(fallbacks).toHaveLength(3);
});

test("a stop while the gateway is silent is the end", async () => {
  const gateway = await startRelay(await startOwnGateway(origin));
  const { connection, fallbacks } = buildShimClient({
    origin,
    gateway,
    edge: { answerTimeoutMs: 200 },
    reconnect: [0, 0],
  });
  await connection.start();
  const end = closed(connection);
  const silent = await startSilentGateway();
  gateway.leadTo(silent);
  await silent.firstRequest;
  await connection.stop();
  await end;
  expect(fallbacks).toEqual([]);
});

test("without automatic reconnect there is no fallback", async () => {
  const gateway = await startRelay(await startOwnGateway(origin));
  const { connection, fallbacks } = buildShimClient({ origin, gateway });
  await connection.start();
  const end = closed(connection);
  gateway.leadTo(undefined);
  await end;
  expect(connection.state).toBe(HubConnectionState.Disconnected);
  expect(fallbacks).toEqual([]);
});

test("devices of a lost gateway fall back to the origin at random times, which the application's log shows", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.25);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const lines: string[] = [];
  const logger = { log: (_level: LogLevel, line: string) => lines.push(line) };
  const gateway = await startRelay(await startOwnGateway(origin));
  const edge = { fallbackSpreadMs: 400 };
  const { connection, gatewayUrl, originUrl } = buildShimClient({ origin, gateway, edge, logger, reconnect: [0] });
  await connection.start();
  const back = reconnected(connection);
  gateway.leadTo(undefined);
  await back;
  expect(lines).toContain("Reconnect attempt number 1 will start in 0 ms.");
  expect(lines).toContain("Reconnect attempt number 2 will start in 100 ms.");
  const warnings = lines.filter((line) => line.startsWith(`No answer from the gateway at '${gatewayUrl}' (`));
  expect(warnings).toEqual([expect.stringContaining(`Using '${originUrl}'.`)]);
});
