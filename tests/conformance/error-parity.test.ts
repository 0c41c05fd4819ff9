import type { HubConnection } from "@microsoft/signalr";
import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askHub } from "../support/ask-hub.ts";
import { type HttpProxy, startHttpProxy } from "../support/http-proxy.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import { buildRealClient, type RealClientOptions } from "../support/real-client.ts";
import { startScriptedOrigin } from "../support/scripted-origin.ts";
import { startGateway } from "../support/start-gateway.ts";
import { startAspNetOrigin } from "../support/start-origin.ts";
import { type InvocationCase, invocations, scripts, starts } from "./expected-errors.ts";
import { closeOf, invocationErrorOf, startErrorOf } from "./failures.ts";
import { type Leg, SuiteContext } from "./suite-context.ts";
import type { SuiteTarget } from "./suite-target.ts";
import { connectThroughGateway, gatewayTraits, ownProcesses } from "./targets.ts";

const { legs } = new SuiteContext(gatewayTraits);
const noConnection = "No Connection with that ID: Status code '404'";
const canceled = "Invocation canceled due to the underlying connection being closed.";

/** Q172: what the official client tells its application, directly and through the gateway (protocol.md 7.7, 8.2). */
describe.skipIf(!ownProcesses)("the TypeScript client reports the same", () => {
  let target: SuiteTarget;
  beforeAll(async () => {
    target = await connectThroughGateway(await startAspNetOrigin());
  });
  afterAll(() => target.stop());

  startCases(() => target);
  scriptedCases();
  connectionCases(() => target);
  endCases(() => target);
  for (const leg of legs) invocationCases(() => target, leg);
});

function startCases(target: () => SuiteTarget): void {
  for (const { what, path, options, text } of starts) {
    test(`for ${what}`, async () => {
      for (const base of [target().origin.url, target().url]) {
        expect(await startErrorOf(buildRealClient({ url: base + path, ...options }))).toBe(text);
      }
    });
  }

  test("for a handshake that is refused", async () => {
    for (const base of [target().origin.url, target().url]) {
      const connection = new HubConnectionBuilder()
        .withUrl(base + hubPaths.contract, { transport: HttpTransportType.WebSockets })
        .withHubProtocol(Object.assign(new JsonHubProtocol(), { name: "nope" }))
        .configureLogging(LogLevel.None)
        .build();
      expect(await startErrorOf(connection)).toBe(
        "Server returned handshake error: The protocol 'nope' is not supported.",
      );
    }
  });
}

function scriptedCases(): void {
  for (const { what, script, options, text, gatewayText } of scripts) {
    test(`for ${what}`, async () => {
      const origin = await startScriptedOrigin(script);
      onTestFinished(() => origin.stop());
      const gateway = await startGateway({ origin });
      onTestFinished(() => gateway.stop());
      const errorOf = (base: string): Promise<string> =>
        startErrorOf(buildRealClient({ url: base + hubPaths.contract, ...options }));
      const directly = await errorOf(origin.url);
      expect(directly).toContain(text);
      expect(await errorOf(gateway.url)).toBe(gatewayText ?? directly);
    });
  }
}

/** Ends and failures of connections that stand. */
function connectionCases(target: () => SuiteTarget): void {
  const both = comparing(target);

  test("for a poll with an id that is unknown", () =>
    both(
      async (base) => {
        const { connection, closed, proxy } = await startPolling(base);
        const slow = connection.invoke("Slow", 30_000).catch((error: Error) => error.message);
        proxy.misroute("GET");
        // Its answer ends the poll that waits.
        await connection.invoke("Void").catch(() => "");
        return [await slow, (await closed)?.message];
      },
      [noConnection, noConnection],
    ));

  test("for a POST with an id that is unknown: only that invocation fails", () =>
    both(
      async (base) => {
        const { connection, proxy } = await startPolling(base);
        proxy.misroute("POST");
        return [await invocationErrorOf(connection, "Add", 1, 2), connection.state];
      },
      [noConnection, "Connected"],
    ));

  test("for a polling client that somebody ends", async () => {
    for (const base of [target().origin.url, target().url]) {
      const { closed, proxy } = await startPolling(base);
      await askHub(`${base}${hubPaths.contract}?id=${proxy.lastId}`, { method: "DELETE" });
      // A race: the poll waits already and ends, or it comes too late; the origin has two answers for that.
      expect([undefined, noConnection, "Not Found: Status code '404'"]).toContain((await closed)?.message);
    }
  });
}

function endCases(target: () => SuiteTarget): void {
  const both = comparing(target);

  test("for a server that says nothing", () =>
    both(async (base) => {
      const connection = connectionOf({ url: base + hubPaths.contract });
      const closed = closeOf(connection);
      connection.serverTimeoutInMilliseconds = 300;
      await connection.start();
      return (await closed)?.message;
    }, "Server timeout elapsed without receiving a message from the server."));

  for (const leg of legs) {
    test(`for a connection that the hub aborts, in ${leg.protocol} over ${leg.transport}`, () =>
      both(
        async (base) => {
          const connection = connectionOf({ url: base + hubPaths.contract, ...leg });
          const closed = closeOf(connection);
          await connection.start();
          const connectionId = String(await connection.invoke("WhoAmI"));
          const slow = invocationErrorOf(connection, "Slow", 30_000);
          const { control } = target().origin;
          await control.waitFor({ kind: "invoked", name: "Slow", connectionId });
          await control.abortConnections(hubPaths.contract);
          return [await slow, await closed];
        },
        [canceled, undefined],
      ));
  }
}

/** Runs the same against the origin and the gateway, and expects the same of both. */
function comparing(target: () => SuiteTarget) {
  return async (run: (base: string) => Promise<unknown>, expected: unknown): Promise<void> => {
    for (const base of [target().origin.url, target().url]) expect(await run(base)).toEqual(expected);
  };
}

function invocationCases(target: () => SuiteTarget, leg: Leg): void {
  describe(`in ${leg.protocol} over ${leg.transport}`, () => {
    for (const { what, run, text, detail = "" } of invocations) {
      test(`for ${what}`, async () => {
        for (const base of [target().origin.url, target().url]) {
          expect(await runOn(base, hubPaths.contract, leg, run)).toBe(text);
          expect(await runOn(base, hubPaths.detailed, leg, run)).toBe(text + detail);
        }
      });
    }
  });
}

async function runOn(base: string, hub: HubPath, leg: Leg, run: InvocationCase["run"]): Promise<string> {
  const connection = connectionOf({ url: base + hub, ...leg });
  await connection.start();
  return run(connection);
}

function connectionOf(options: RealClientOptions): HubConnection {
  const connection = buildRealClient(options);
  onTestFinished(() => connection.stop());
  return connection;
}

interface Polling {
  readonly connection: HubConnection;
  readonly closed: Promise<Error | undefined>;
  readonly proxy: HttpProxy;
}

async function startPolling(base: string): Promise<Polling> {
  const proxy = await startHttpProxy(base);
  onTestFinished(() => proxy.stop());
  const connection = connectionOf({ url: proxy.url + hubPaths.contract, transport: "LongPolling" });
  const closed = closeOf(connection);
  await connection.start();
  return { connection, closed, proxy };
}
