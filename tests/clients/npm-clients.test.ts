import { readFileSync } from "node:fs";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type ClientVersion, loadAsItIs, loadClientVersions } from "./support/client-versions.ts";
import { type Connect, Lifecycle, seeEndings, seeUnknownProtocol } from "./support/endings.ts";
import { everyClientSees } from "./support/every-client-sees.ts";
import { NpmConnection } from "./support/npm-connection.ts";
import { outcomeOf } from "./support/script-connection.ts";
import { HubUse } from "./support/use-hub.ts";

interface Combination {
  readonly transport: TransportName;
  readonly protocol: HubProtocolName;
  readonly skipNegotiation?: boolean;
}

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];
const combinations: readonly Combination[] = [
  { transport: "WebSockets", protocol: "json" },
  { transport: "WebSockets", protocol: "messagepack" },
  { transport: "WebSockets", protocol: "json", skipNegotiation: true },
  { transport: "ServerSentEvents", protocol: "json" },
  { transport: "LongPolling", protocol: "json" },
  { transport: "LongPolling", protocol: "messagepack" },
];

/** Those of a version run at the same time, so each takes nearly as long as all. */
const timeout = 60_000;

describe.skipIf(!aspNetOriginAvailable)(
  "npm clients see the same through the gateway as at the origin",
  { timeout },
  () => {
    const versions = loadClientVersions();
    let origin: Origin;
    let gateway: TestGateway;
    let hubUse: HubUse;

    beforeAll(async () => {
      origin = await startAspNetOrigin();
      hubUse = new HubUse(origin.control);
      gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: { groups: contractGroups } } });
    });

    afterAll(async () => {
      await gateway.stop();
      await origin.stop();
    });

    for (const version of versions) {
      describe(version.name, () => {
        for (const combination of combinations) {
          const { transport, protocol, skipNegotiation } = combination;
          const how = `${transport}, ${protocol}${skipNegotiation === true ? ", without negotiate" : ""}`;
          test.concurrent(`${how}: results, errors, messages, streams, uploads, client results, groups and stop`, async () => {
            const [direct, through] = await both((url) => {
              const connection = new NpmConnection(version, { ...combination, url: `${url}${hubPaths.contract}` });
              return hubUse.run(connection, version, protocol);
            });
            expect(direct.seen).toMatchObject(everyClientSees);
            expect(through.seen).toEqual(direct.seen);
            expect(direct.joinedItself).toBe(true);
            expect(through.joinedItself).toBe(false);
          });
        }

        for (const transport of transports) {
          test.concurrent(`${transport}: refusals, and ends that it did not ask for`, async () => {
            const options = { ...version, transport, control: origin.control };
            const [direct, through] = await both((url) => seeEndings(connectTo(url, version, transport), options));
            expect(direct).toMatchObject({ authorized: "ada", authorizedByQuery: "ada" });
            expect(through).toEqual(direct);
          });
        }

        test.skipIf(!version.reportsHandshakeErrors).concurrent("MessagePack at a hub that has none", async () => {
          for (const transport of transports) {
            const [direct, through] = await both((url) =>
              seeUnknownProtocol(connectTo(url, version, transport, "messagepack")),
            );
            expect(direct).toMatchObject({ rejected: expect.any(String) });
            expect(through).toEqual(direct);
          }
        });
      });
    }

    describe("a Close message that lets the client come back", () => {
      const watched = versions.flatMap((version) => version.bareCloses.map((transport) => ({ version, transport })));
      const seen = new Map<(typeof watched)[number], readonly [direct: Lifecycle, through: Lifecycle]>();

      beforeAll(async () => {
        const connections: NpmConnection[] = [];
        for (const each of watched) {
          const [direct, through] = [origin, gateway].map(({ url }) => {
            const connection = connectTo(url, each.version, each.transport)(hubPaths.json);
            connections.push(connection);
            return new Lifecycle(connection);
          });
          if (direct !== undefined && through !== undefined) seen.set(each, [direct, through]);
        }
        await Promise.all(connections.map((connection) => connection.start()));
        // A result says that the hub knows the connection; the end of `start` does not.
        await Promise.all(connections.map((connection) => connection.invoke("Add", 1, 1)));
        await origin.control.closeGracefully(hubPaths.json);
        const ends = [...seen.values()].flat().map((lifecycle) => lifecycle.waitFor("closed", "reconnected"));
        await Promise.all(ends);
        await Promise.all(connections.map((connection) => connection.stop()));
      });

      for (const each of watched) {
        const { version, transport } = each;
        const what = version.heedsAllowReconnect ? "reconnects" : "takes it for the end";
        test(`${version.name}, ${transport}: ${what}`, () => {
          const [direct, through] = seen.get(each) ?? [];
          const came = version.heedsAllowReconnect ? ["reconnecting", "reconnected", "closed"] : ["closed"];
          expect(direct?.events.map(([event]) => event)).toEqual(came);
          expect(through?.events).toEqual(direct?.events);
        });
      }
    });

    test("docs/conformance-clients.md names every version", () => {
      const page = readFileSync(new URL("../../docs/conformance-clients.md", import.meta.url), "utf8");
      for (const { signalR } of versions) expect(page).toContain(signalR.VERSION);
    });

    describe("what does not run on this Node as it comes from the registry, here or anywhere", () => {
      test("@aspnet/signalr 1.0 misses the classes of a browser", async () => {
        const { HubConnectionBuilder, LogLevel } = loadAsItIs("1.0");
        const builder = new HubConnectionBuilder().configureLogging(LogLevel.None);
        const connection = builder.withUrl(origin.hubUrl(hubPaths.contract)).build();
        expect(await outcomeOf(connection.start())).toEqual({ rejected: "XMLHttpRequest is not defined" });
      });

      test("@microsoft/signalr 5.0 takes Node for a browser and misses the name self", () => {
        const { HubConnectionBuilder } = loadAsItIs("5");
        const builder = new HubConnectionBuilder().withUrl(origin.hubUrl(hubPaths.contract));
        expect(() => builder.build()).toThrow("self is not defined");
      });
    });

    /** At the origin and through the gateway, at the same time. */
    async function both<T>(run: (url: string) => Promise<T>): Promise<readonly [direct: T, through: T]> {
      return Promise.all([run(origin.url), run(gateway.url)]);
    }

    function connectTo(
      url: string,
      version: ClientVersion,
      transport: TransportName,
      protocol: HubProtocolName = "json",
    ): (...args: Parameters<Connect>) => NpmConnection {
      return (path, options) =>
        new NpmConnection(version, { ...options, url: `${url}${path}`, transport, protocol, reconnect: true });
    }
  },
);
