import type { HubProtocolName } from "@signalr-edge/protocol";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { closedPort } from "../shim/support/broken-gateway.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type BuiltShim, buildShim } from "./support/build-shim.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { browserScripts, type ClientVersion, loadClientVersions } from "./support/client-versions.ts";
import { type Connect, seeEndings } from "./support/endings.ts";
import { everyClientSees } from "./support/every-client-sees.ts";
import { HubPage } from "./support/hub-page.ts";
import type { NpmConnectionOptions } from "./support/npm-connection.ts";
import { outcomeOf } from "./support/script-connection.ts";
import { pageOf, type Site, startSite } from "./support/start-site.ts";
import { HubUse, type UseReport } from "./support/use-hub.ts";

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];
const combinations: readonly (readonly [TransportName, HubProtocolName])[] = [
  ["WebSockets", "json"],
  ["WebSockets", "messagepack"],
  ["ServerSentEvents", "json"],
  ["LongPolling", "json"],
  ["LongPolling", "messagepack"],
];
/** Every way to a hub, the one without negotiate too: it is the one that CORS does not guard. */
const ways: readonly Pick<NpmConnectionOptions, "transport" | "skipNegotiation">[] = [
  ...transports.map((transport) => ({ transport })),
  { transport: "WebSockets", skipNegotiation: true },
];
/** 1.0 was made for browsers only, 5.0 runs nowhere else as it is, and the newest is what new pages load. */
const versions = loadClientVersions().filter(({ alias }) => ["1.0", "5", "10"].includes(alias));
const newest = "/10";
const timeout = 60_000;

if (chromiumPath === undefined) console.warn("chromium is not on the PATH: the tests in a browser did not run.");

describe.skipIf(!aspNetOriginAvailable || chromiumPath === undefined)("clients in Chromium", { timeout }, () => {
  const pages = new Map<string, string>();
  let origin: Origin;
  let gateway: TestGateway;
  /** Its pages may use the gateway; those of `foreignSite`, on another port, may not. */
  let site: Site;
  let foreignSite: Site;
  let browser: Browser;
  let hubUse: HubUse;

  beforeAll(async () => {
    for (const { alias } of versions)
      pages.set(`/${alias}`, pageOf(...browserScripts(alias).map((file) => ({ file }))));
    [origin, site, foreignSite, browser] = await Promise.all([
      startAspNetOrigin(),
      startSite(pages),
      startSite(pages),
      launchChromium(chromiumPath ?? ""),
    ]);
    hubUse = new HubUse(origin.control);
    const allowedOrigins = [site.url, origin.url];
    const hubs = Object.fromEntries(Object.values(hubPaths).map((path) => [path, { allowedOrigins }]));
    gateway = await startGateway({
      origin,
      hubs: { ...hubs, [hubPaths.contract]: { allowedOrigins, groups: contractGroups } },
    });
  }, timeout);

  afterAll(async () => {
    await browser.close();
    await gateway.stop();
    await Promise.all([origin.stop(), site.stop(), foreignSite.stop()]);
  });

  for (const version of versions) {
    describe(`${version.name}: through the gateway, a page of another origin sees what one of its own sees at the origin`, () => {
      let direct: HubPage;
      let through: HubPage;

      beforeAll(async () => {
        const path = `/${version.alias}`;
        [direct, through] = await Promise.all([
          HubPage.open(browser, `${origin.url}${path}`, pages.get(path)),
          HubPage.open(browser, `${site.url}${path}`),
        ]);
      }, timeout);

      afterAll(() => Promise.all([direct.close(), through.close()]));

      for (const [transport, protocol] of combinations) {
        test(`${transport}, ${protocol}: results, errors, messages, streams, uploads, client results, groups and stop`, async () => {
          const [atOrigin, atGateway] = await Promise.all([
            use(direct, origin.url, version, transport, protocol),
            use(through, gateway.url, version, transport, protocol),
          ]);
          expect(atOrigin.seen).toMatchObject(everyClientSees);
          expect(atGateway.seen).toEqual(atOrigin.seen);
          expect([atOrigin.joinedItself, atGateway.joinedItself]).toEqual([true, false]);
        });
      }

      for (const transport of transports) {
        test(`${transport}: tokens, refusals, and ends that it did not ask for`, async () => {
          const options = { ...version, transport, control: origin.control, oneByOne: true };
          const [atOrigin, atGateway] = await Promise.all([
            seeEndings(connectTo(direct, origin.url, transport), options),
            seeEndings(connectTo(through, gateway.url, transport), options),
          ]);
          expect(atOrigin).toMatchObject({ authorized: "ada", authorizedByQuery: "ada" });
          // A path without a hub has no `allowedOrigins`: a page of another origin cannot read its 404.
          expect({ ...atGateway, noHub: undefined }).toEqual({ ...atOrigin, noHub: undefined });
        });
      }
    });
  }

  describe("a page whose origin is not allowed", () => {
    test("is refused over every transport, and the origin hears nothing of it", async () => {
      const options = { url: gateway.hubUrl(hubPaths.expiring), protocol: "json", accessToken: "user:ada" } as const;
      const foreign = await openPage(foreignSite);
      for (const way of ways) {
        const outcome = await outcomeOf(foreign.connect({ ...options, ...way }).start());
        expect(outcome).toEqual({ rejected: expect.stringMatching(/Failed to fetch|WebSocket failed to connect/) });
      }
      const { kinds } = await origin.control.state();
      expect(kinds.filter(({ hub }) => hub === hubPaths.expiring)).toEqual([]);
    });

    test("although the same token and hub are good for a page that is allowed", async () => {
      const options = { url: gateway.hubUrl(hubPaths.expiring), protocol: "json", accessToken: "user:ada" } as const;
      const listed = await openPage(site);
      for (const way of ways) {
        const connection = listed.connect({ ...options, ...way });
        await connection.start();
        expect(await connection.invoke("UserName")).toBe("ada");
        await connection.stop();
      }
    });
  });

  describe("a hub without allowedOrigins", () => {
    let open: TestGateway;

    beforeAll(async () => {
      open = await startGateway({ origin });
    });

    afterAll(() => open.stop());

    test("lets a page of another origin as far as an origin without CORS does: to a WebSocket without negotiate", async () => {
      const page = await openPage(site);
      for (const way of ways) {
        const start = (url: string): Promise<unknown> =>
          outcomeOf(page.connect({ url: `${url}${hubPaths.stateful}`, protocol: "json", ...way }).start());
        const [atOrigin, atGateway] = [await start(origin.url), await start(open.url)];
        expect(Object.keys(atOrigin as object)).toEqual([way.skipNegotiation === true ? "resolved" : "rejected"]);
        expect(atGateway).toEqual(atOrigin);
      }
    });

    test("serves pages of the gateway's own host over every transport", async () => {
      const page = await HubPage.open(browser, `${open.url}${newest}`, pages.get(newest));
      onTestFinished(() => page.close());
      for (const way of ways) {
        const connection = page.connect({ url: open.hubUrl(hubPaths.stateful), protocol: "json", ...way });
        await connection.start();
        expect(await connection.invoke("Add", 1, 2)).toBe(3);
        await connection.stop();
      }
    });
  });

  describe("signalr-edge.js in a page of the origin, whose code knows of no gateway", () => {
    let shim: BuiltShim;

    beforeAll(async () => {
      shim = await buildShim();
    }, timeout);

    afterAll(() => shim.remove());

    for (const transport of transports) {
      test(`${transport}: it goes through the gateway, and the page sees no difference`, async () => {
        const plain = await HubPage.open(browser, `${origin.url}${newest}`, pages.get(newest));
        const shimmed = await openShimmed(gateway.url);
        onTestFinished(() => plain.close());
        const version = newestVersion();
        const [atOrigin, atGateway] = await Promise.all([
          use(plain, origin.url, version, transport, "json"),
          use(shimmed, origin.url, version, transport, "json"),
        ]);
        expect(atOrigin.seen).toMatchObject(everyClientSees);
        expect(atGateway.seen).toEqual(atOrigin.seen);
        expect([atOrigin.joinedItself, atGateway.joinedItself]).toEqual([true, false]);
      });
    }

    test("it goes on at the origin when the gateway's port is closed", async () => {
      const shimmed = await openShimmed(await closedPort());
      const { seen, joinedItself } = await use(shimmed, origin.url, newestVersion(), "WebSockets", "json");
      expect(seen).toMatchObject(everyClientSees);
      expect(joinedItself).toBe(true);
    });

    async function openShimmed(gatewayUrl: string): Promise<HubPage> {
      const [signalR = "", ...messagePack] = browserScripts("10");
      const edge = { file: shim.file, data: { gateway: gatewayUrl } };
      const html = pageOf({ file: signalR }, edge, ...messagePack.map((file) => ({ file })));
      const page = await HubPage.open(browser, `${origin.url}/shimmed`, html);
      onTestFinished(() => page.close());
      return page;
    }
  });

  function use(
    page: HubPage,
    url: string,
    version: ClientVersion,
    transport: TransportName,
    protocol: HubProtocolName,
  ): Promise<UseReport> {
    return hubUse.run(page.connect({ url: `${url}${hubPaths.contract}`, transport, protocol }), version, protocol);
  }

  async function openPage({ url }: Site): Promise<HubPage> {
    const page = await HubPage.open(browser, `${url}${newest}`);
    onTestFinished(() => page.close());
    return page;
  }

  function newestVersion(): ClientVersion {
    const version = versions.at(-1);
    if (version === undefined) throw new Error("there are no versions");
    return version;
  }

  function connectTo(page: HubPage, url: string, transport: TransportName): Connect {
    return (path, options) =>
      page.connect({ ...options, url: `${url}${path}`, transport, protocol: "json", reconnect: true });
  }
});
