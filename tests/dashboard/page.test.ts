import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromiumPath, launchChromium } from "../clients/support/chromium.ts";
import { contractHub, startConfigured } from "../e2e/support/configured-gateway.ts";
import { resultOf } from "../e2e/support/invoke.ts";
import { waitForSequence } from "../e2e/support/updates.ts";
import { hubPaths } from "../support/origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { measureContrast } from "./support/contrast.ts";
import { DashboardPage } from "./support/dashboard-page.ts";
import { type OperatedGateway, startOperated } from "./support/operated-gateway.ts";

const timeout = 60_000;

describe.skipIf(chromiumPath === undefined)("the dashboard in Chromium", { timeout }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium(chromiumPath ?? "");
  }, timeout);
  afterAll(() => browser.close());

  /** Twelve clients in two groups, with a few messages. */
  async function withTraffic(admin: object = {}): Promise<OperatedGateway> {
    const gateway = await startOperated(admin);
    const clients = await Promise.all(
      Array.from({ length: 12 }, (_, index) => gateway.joinText(index < 8 ? "derby" : "final")),
    );
    await gateway.origin.control.publish({ key: "derby", count: 30, payloadBytes: 500 });
    const [first] = clients;
    if (first === undefined) throw new Error("no client");
    await waitForSequence(first, 30, { target: "TextChanged" });
    return gateway;
  }

  test("shows the savings, hubs, upstreams, groups, rules and events, and follows what happens", async () => {
    const gateway = await withTraffic();
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#connection", "Live");
    await dashboard.see("#headline", /^12 clients, 1 origin connection; [\d.]+.kB of [\d.]+.kB: \d\d\.\d.% saved$/);
    await dashboard.see("#savings", "1 instead of 12");
    await dashboard.see("#hubs", hubPaths.contract);
    await dashboard.see("#upstreams", "open");
    await dashboard.see("#events", "upstream.opened");
    await dashboard.see("#groups-title", "Groups by size, 2 in all");
    expect(await dashboard.rows("groups")).toEqual(["text:derby", "text:final"]);
    expect(await dashboard.rows("rules")).toEqual(["event", "text"]);
    expect(await dashboard.text("#rules tbody tr:nth-child(2)")).toMatch(/30 of 240/);

    const late = await gateway.joinText("derby");
    await dashboard.see("#headline", "13 clients, 1 origin connection");
    await dashboard.see("#groups tbody tr:first-child", "9");
    expect(await dashboard.page.title()).toBe("13 → 1 · signalr-edge");
    await resultOf(late, "2", "Echo", "private");
    await dashboard.see("#headline", "13 clients, 2 origin connections");
    await dashboard.see("#upstreams", "1 private");
    await late.close();
    await dashboard.see("#closed", "client-gone");
    await dashboard.see("#headline", "12 clients");
    expect(dashboard.problems).toEqual([]);
    expect(dashboard.requests.filter((request) => !request.url().startsWith(`${gateway.adminUrl}/`))).toEqual([]);
  });

  test("a page opened later has the charts of the time before", async () => {
    const gateway = await withTraffic();
    const first = await DashboardPage.open(browser, gateway.adminUrl);
    // Three seconds of history, seen from the gateway's own uptime.
    await first.see("#uptime", /up ([4-9]|\d\d) s/);
    const second = await DashboardPage.open(browser, gateway.adminUrl);
    await second.see("#headline", "12 clients");
    const line = await second.page.locator("#gateway .chart:first-child .line-0").getAttribute("d");
    expect(line?.split("L").length).toBeGreaterThanOrEqual(3);
    const clients = await second.page.locator("#gateway .chart:first-child svg").getAttribute("aria-label");
    expect(clients).toMatch(/^Connections, last 10 minutes: clients now 12, mean .*; origin now 1, mean /);
  });

  test("asks for the token, keeps it out of every URL, and needs it once per tab", async () => {
    const token = "correct-horse-battery";
    const gateway = await withTraffic({ token });
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#token-form", "Admin token");
    expect(await dashboard.page.locator("#figures").isHidden()).toBe(true);
    expect(dashboard.problems).toEqual([]);
    const field = dashboard.page.getByLabel("Token", { exact: true });
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);

    await field.fill("wrong");
    await dashboard.page.keyboard.press("Enter");
    await dashboard.see("#token-problem", "not the token of this gateway");
    await field.fill(token);
    await dashboard.page.getByRole("button", { name: "Open the dashboard" }).click();
    await dashboard.see("#headline", "12 clients");
    await dashboard.page.getByLabel("Search keys").fill("derby");
    await dashboard.see("#groups-title", "1 of 2 found");
    await dashboard.page.reload();
    await dashboard.see("#headline", "12 clients");

    expect(dashboard.requests.map((request) => request.url()).filter((url) => url.includes(token))).toEqual([]);
    const feeds = dashboard.requests.filter((request) => request.url() === `${gateway.adminUrl}/api/events`);
    expect((await feeds.at(-1)?.allHeaders())?.authorization).toBe(`Bearer ${token}`);
    expect(await dashboard.page.content()).not.toContain(token);
  });

  test("texts of strangers are texts, whatever is in them", async () => {
    const gateway = await startOperated();
    const keys = [
      `<img src=x onerror="window.hacked=1">`,
      `"><script>window.hacked=1</script>`,
      "\u202Ereversed\u0000",
      "k".repeat(3000),
    ];
    await Promise.all(keys.map(gateway.joinText));
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl, { viewport: { width: 360, height: 740 } });
    await dashboard.see("#groups-title", "4 in all");
    for (const key of keys.slice(0, 2)) await dashboard.see("#groups", key);
    await dashboard.page.getByLabel("Search keys").fill("onerror");
    await dashboard.see("#groups-title", "1 of 4 found");
    expect(await dashboard.rows("groups")).toEqual([`text:${keys[0]}`]);
    expect(await dashboard.page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await dashboard.page.locator("#groups img, #groups script").count()).toBe(0);
    expect(await sidewaysOf(dashboard)).toBe(0);
    expect(dashboard.problems).toEqual([]);
  });

  test("a search finds groups that are not among the largest, and stays while figures change", async () => {
    const gateway = await startOperated();
    const client = await gateway.connect();
    for (let index = 0; index < 40; index += 1) await resultOf(client, `j${index}`, "SubscribeText", `match-${index}`);
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#groups-title", "40 in all");
    expect((await dashboard.rows("groups")).length).toBe(25);
    await dashboard.page.getByLabel("Search keys").fill("MATCH-3");
    await dashboard.see("#groups-title", "11 of 40 found");
    await resultOf(client, "one more", "SubscribeText", "match-300");
    await dashboard.see("#groups-title", "12 of 41 found");
    await dashboard.page.getByLabel("Search keys").fill("no such");
    await dashboard.see("#groups", "No group.");
    await dashboard.page.getByLabel("Search keys").fill("");
    await dashboard.see("#groups-title", "41 in all");
  });

  test("says that the gateway drains, that it is gone, and goes on when it is back", async () => {
    const gateway = await startOperated();
    const client = await gateway.connect();
    onTestFinished(() => client.socket.terminate());
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#headline", "1 client");
    // A client that does not read keeps the gateway waiting for it.
    client.socket.pause();
    const stopped = gateway.gateway.stop();
    await dashboard.see("#banner", /Draining/);
    await stopped;
    await dashboard.see("#connection", "Disconnected");
    await dashboard.see("#banner", /The gateway has shut down\. No figures since \d\d:\d\d:\d\d/);

    const next = await startConfigured({
      hubs: [contractHub(gateway.origin.hubUrl(hubPaths.contract))],
      admin: { port: Number(new URL(gateway.adminUrl).port) },
    });
    onTestFinished(() => next.gateway.stop());
    await dashboard.see("#connection", "Live");
    await dashboard.page.locator("#banner").waitFor({ state: "hidden" });
    await dashboard.see("#headline", "0 clients, 0 origin connections; nothing has been sent yet");
  });

  test("notices that a gateway has fallen silent without a word", async () => {
    const gateway = await startOperated();
    const way = await startTcpProxy(gateway.adminUrl);
    onTestFinished(() => way.stop());
    const dashboard = await DashboardPage.open(browser, way.url);
    await dashboard.see("#connection", "Live");
    way.hold();
    await dashboard.see("#connection", "Disconnected");
    await dashboard.see("#banner", "The gateway cannot be reached. No figures since");
    way.release();
    await dashboard.see("#connection", "Live");
  });

  describe("looks", () => {
    let gateway: OperatedGateway;
    let folder: string;

    test.for([
      { name: "light", colorScheme: "light", width: 1280, height: 900 },
      { name: "dark", colorScheme: "dark", width: 1280, height: 900 },
      { name: "phone", colorScheme: "light", width: 360, height: 740 },
      { name: "dark-phone", colorScheme: "dark", width: 360, height: 740 },
    ] as const)("right in $name: nothing to scroll sideways, every text readable", async (look) => {
      gateway = await withTraffic();
      folder = process.env.DASHBOARD_SHOTS ?? temporaryFolder();
      const { name, colorScheme, width, height } = look;
      const dashboard = await DashboardPage.open(browser, gateway.adminUrl, {
        colorScheme,
        viewport: { width, height },
      });
      await dashboard.see("#headline", "12 clients");
      await dashboard.see("#groups", "text:derby");
      await dashboard.page.locator("summary").first().click();
      expect(await sidewaysOf(dashboard)).toBe(0);
      const poor = (await dashboard.page.evaluate(measureContrast)).filter(({ ratio, needed }) => ratio < needed);
      expect(poor).toEqual([]);
      const file = join(folder, `${name}.png`);
      await dashboard.page.screenshot({ path: file, fullPage: true });
      expect(statSync(file).size).toBeGreaterThan(10_000);
      expect(readFileSync(file).subarray(1, 4).toString()).toBe("PNG");
    });
  });

  test("everything has a name, a heading, a caption or a text in its place", async () => {
    const gateway = await withTraffic();
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#headline", "12 clients");
    await dashboard.see("#groups", "text:derby");
    const { page } = dashboard;
    const outline = await page.locator("h1, h2, h3").evaluateAll((headings) => headings.map(({ tagName }) => tagName));
    expect(outline[0]).toBe("H1");
    for (const [index, level] of outline.slice(1).entries()) {
      expect(Number(level[1]) - Number(outline[index]?.[1])).toBeLessThanOrEqual(1);
    }
    for (const role of ["banner", "main", "contentinfo"] as const) expect(await page.getByRole(role).count()).toBe(1);
    expect(await page.locator("section:not([aria-labelledby])").count()).toBe(0);
    expect(await page.locator("table:not(:has(> caption))").count()).toBe(0);
    expect(await page.locator("th:not([scope])").count()).toBe(0);
    const charts = page.locator("svg[role=img]");
    expect(await charts.count()).toBe(8);
    for (const label of await charts.evaluateAll((all) => all.map((chart) => chart.getAttribute("aria-label")))) {
      expect(label).toMatch(/, last 10 minutes: .*\.$/);
    }
    for (const control of await page.locator("input:visible, button:visible, a:visible, summary:visible").all()) {
      const name = await control.evaluate((element) =>
        element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element.textContent,
      );
      expect(name?.trim()).toMatch(/\w/);
    }
    // Figures change each second; only what an operator must hear of is announced.
    const live = await page
      .locator("[aria-live], [role=status], [role=alert]")
      .evaluateAll((all) => all.map((element) => element.id || element.firstElementChild?.id));
    expect(live).toEqual(["connection", "banner", "token-problem"]);
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("can be used with the keyboard alone", async () => {
    const gateway = await withTraffic();
    const dashboard = await DashboardPage.open(browser, gateway.adminUrl);
    await dashboard.see("#groups", "text:derby");
    const { page } = dashboard;
    const reached: string[] = [];
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return undefined;
        const { outlineStyle } = getComputedStyle(element);
        return { name: element.id || element.textContent.trim(), isVisible: outlineStyle !== "none" };
      });
      // Behind the last element the focus leaves the page.
      if (focused === undefined) break;
      expect(focused.isVisible).toBe(true);
      reached.push(focused.name);
    }
    expect(reached[0]).toBe("Skip to the figures");
    expect(reached).toEqual(expect.arrayContaining(["Figures by minute", "group-search", "hubs", "groups", "events"]));

    await page.locator("summary").first().focus();
    await page.keyboard.press("Enter");
    await dashboard.see("details table", "Minute");
    expect(await page.locator("details[open] tbody tr").count()).toBeGreaterThanOrEqual(1);
  });

  test("moves nothing for those who want nothing to move", async () => {
    const gateway = await withTraffic();
    const still = await DashboardPage.open(browser, gateway.adminUrl, { reducedMotion: "reduce" });
    await still.see("#headline", "12 clients");
    const durations = await still.page.evaluate(() =>
      [...document.querySelectorAll("*")].map((element) => getComputedStyle(element).transitionDuration),
    );
    expect(new Set(durations)).toEqual(new Set(["0s"]));
  });

  /** Pixels by which the page is wider than the window. */
  function sidewaysOf({ page }: DashboardPage): Promise<number> {
    return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
