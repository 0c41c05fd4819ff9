import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Edge } from "../e2e/support/edge.ts";
import { range, readUpdate } from "../e2e/support/updates.ts";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { browserScripts } from "./support/client-versions.ts";
import { HubPage } from "./support/hub-page.ts";
import { pageOf, type Site, startSite } from "./support/start-site.ts";

const timeout = 60_000;
const path = "/10";
const messageCount = 50;
const payloadBytes = 2000;

describe.skipIf(chromiumPath === undefined)("compression in Chromium, which always offers it", { timeout }, () => {
  let origin: Origin;
  let site: Site;
  let browser: Browser;
  let edge: Edge;

  beforeAll(async () => {
    const pages = new Map([[path, pageOf(...browserScripts("10").map((file) => ({ file })))]]);
    [origin, site, browser] = await Promise.all([
      startNodeOrigin(),
      startSite(pages),
      launchChromium(chromiumPath ?? ""),
    ]);
    const compression = { enabled: true, minBytes: 1 };
    const hub = { allowedOrigins: [site.url], groups: contractGroups, compression };
    edge = await Edge.start({ origin, hubs: { [hubPaths.contract]: hub } });
  }, timeout);

  afterAll(async () => {
    await browser.close();
    await edge.stop();
    await Promise.all([origin.stop(), site.stop()]);
  });

  for (const protocol of ["json", "messagepack"] as const) {
    test(`${protocol}: a page gets each group message in a fraction of its bytes, and its own long invocations come back whole`, async () => {
      const page = await HubPage.open(browser, `${site.url}${path}`);
      onTestFinished(() => page.close());
      const connection = page.connect({ url: edge.hubUrl(), transport: "WebSockets", protocol });
      const sequences: number[] = [];
      const complete = new Promise<void>((resolve) => {
        connection.on("OddsChanged", (update) => {
          sequences.push(readUpdate(update).sequence);
          if (sequences.length === messageCount) resolve();
        });
      });
      await connection.start();
      const eventId = edge.newEventId();
      await connection.invoke("Subscribe", eventId);
      const before = edge.counter("clientBytes");
      await origin.control.publish({ eventId, count: messageCount, payloadBytes });
      await complete;
      expect(sequences).toEqual(range(1, messageCount));
      expect(edge.counter("clientBytes") - before).toBeLessThan((messageCount * payloadBytes) / 4);
      const long = "bet ".repeat(5000);
      expect(await connection.invoke("Echo", long)).toBe(long);
    });
  }
});
