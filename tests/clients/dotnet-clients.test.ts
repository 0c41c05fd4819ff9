import { readFileSync } from "node:fs";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { waitMs } from "./support/arrivals.ts";
import { buildDotNetClient, type DotNetVersion } from "./support/build-dotnet-client.ts";
import { DotNetClient, type DotNetRun, type Observations } from "./support/dotnet-client.ts";

/** Releases of Microsoft.AspNetCore.SignalR.Client. Of 8.0 and 11.0 the registry has no MessagePack protocol. */
const versions: readonly DotNetVersion[] = [
  { client: "8.0.34", messagePack: undefined },
  { client: "9.0.20", messagePack: "9.0.20" },
  { client: "10.0.12", messagePack: "10.0.12" },
  { client: "11.0.0", messagePack: undefined },
];

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];
const combinations: readonly (readonly [TransportName, HubProtocolName])[] = [
  ["WebSockets", "json"],
  ["WebSockets", "messagepack"],
  ["ServerSentEvents", "json"],
  ["LongPolling", "json"],
  ["LongPolling", "messagepack"],
];

/** A build of a version takes ten seconds on a busy machine; the scripts of a version run at the same time. */
const timeout = 60_000;
const buildTimeout = 180_000;

describe.skipIf(!aspNetOriginAvailable)("the .NET client sees the same through the gateway as at the origin", () => {
  let origin: Origin;
  let gateway: TestGateway;
  let lastEventId = 200_000;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: { groups: contractGroups } } });
  });

  afterAll(async () => {
    await gateway.stop();
    await origin.stop();
  });

  describe.for(versions)("$client", { timeout }, (version) => {
    let client: DotNetClient;

    beforeAll(async () => {
      client = await DotNetClient.start(await buildDotNetClient(version));
    }, buildTimeout);

    afterAll(() => client.stop());

    test("it is this version that runs, and that docs/conformance-clients.md names", () => {
      expect(client.version).toBe(version.client);
      const page = readFileSync(new URL("../../docs/conformance-clients.md", import.meta.url), "utf8");
      expect(page).toContain(version.client);
    });

    for (const [transport, protocol] of combinations) {
      const how = `${transport}, ${protocol}`;
      if (protocol === "messagepack" && version.messagePack === undefined) {
        test.skip(`${how}: there is no MessagePack protocol ${version.client} in the registry`, () => {});
        continue;
      }
      test.concurrent(`${how}: results, errors, streams, uploads, client results, groups and stop`, async () => {
        const [direct, through] = await both((url) => use(client, { url, transport, protocol }));
        expect(direct).toMatchObject(everyVersionSees);
        expect(through).toEqual({ ...direct, joinedItself: false });
      });
    }

    for (const transport of transports) {
      test.concurrent(`${transport}: refusals, and ends that it did not ask for`, async () => {
        const script = { script: "endings", controlUrl: origin.url, transport, protocol: "json" } as const;
        const [direct, through] = await both((url) => client.run({ ...script, url }));
        expect(direct).toMatchObject({ authorized: "ada", authorizedByQuery: "ada", "tooLarge.newConnection": true });
        expect(through).toEqual(direct);
      });
    }

    test("a Close message that lets the client come back: it does, over every transport", async () => {
      const script = { script: "comeBack", controlUrl: origin.url, protocol: "json" } as const;
      const started: Promise<unknown>[] = [];
      const runs = transports.map((transport) =>
        both((url) => {
          let onStep = (): void => {};
          started.push(new Promise<void>((resolve) => (onStep = resolve)));
          return client.run({ ...script, url, transport }, onStep);
        }),
      );
      await Promise.race([Promise.all(started), Promise.all(runs)]);
      await origin.control.closeGracefully(hubPaths.json);
      for (const [direct, through] of await Promise.all(runs)) {
        expect(direct).toMatchObject({ newConnection: true, events: ["reconnecting", "reconnected"] });
        expect(through).toEqual(direct);
      }
    });
  });

  /** At the origin and through the gateway, at the same time. */
  async function both<T>(run: (url: string) => Promise<T>): Promise<readonly [direct: T, through: T]> {
    return Promise.all([run(origin.url), run(gateway.url)]);
  }

  /** `joinedItself`: its own connection was in the origin's group, not one of the gateway's. */
  async function use(
    client: DotNetClient,
    run: Pick<DotNetRun, "url" | "transport" | "protocol">,
  ): Promise<Observations> {
    lastEventId += 2;
    const events = [lastEventId - 1, lastEventId] as const;
    const { connectionId, ...seen } = await client.run({ script: "use", controlUrl: origin.url, events, ...run });
    const query = { kind: "joined", name: `event:${events[0]}` } as const;
    const joined = await origin.control.waitFor(query, { timeoutMs: waitMs });
    return { ...seen, joinedItself: joined.connectionId === connectionId };
  }
});

const everyVersionSees = {
  "results.sum": 5,
  "results.item": expect.stringContaining('"Number":9007199254740993'),
  "errors.hubException": expect.stringMatching(/^HubException: .*HubException: No luck today\.$/),
  "messages.received": "1 x null",
  "messages.numbers": Array.from({ length: 20 }, (_, number) => number),
  "streams.completed": { items: [0, 1, 2, 3, 4], end: "completed" },
  "streams.cancelled": true,
  "streams.cancelledAtTheOrigin": "cancelled",
  "uploads.channel": 5050,
  "uploads.two": [3, 30],
  "clientResults.answer": "the answer to everything",
  "groups.withoutRule": "hello",
  "end.stop": "done",
  "end.atTheOrigin": null,
  "end.closed": "closed",
  joinedItself: true,
};
