import type { Browser, BrowserContextOptions, Page, Request } from "playwright-core";
import { onTestFinished } from "vitest";

const patienceMs = 10_000;

/** The dashboard in a browser context of its own, which ends with the test. Remembers what went wrong in it. */
export class DashboardPage {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, violations of the content security policy. */
  readonly problems: string[] = [];
  readonly requests: Request[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.problems.push(message.text());
    });
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("request", (asked) => this.requests.push(asked));
  }

  static async open(browser: Browser, adminUrl: string, options: BrowserContextOptions = {}): Promise<DashboardPage> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const dashboard = new DashboardPage(await context.newPage());
    dashboard.page.setDefaultTimeout(patienceMs);
    await dashboard.page.goto(`${adminUrl}/`);
    return dashboard;
  }

  /** Until the page shows this somewhere in the element. */
  async see(selector: string, text: string | RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText: text, visible: true }).first().waitFor();
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).textContent()) ?? "";
  }

  /** First cells of the rows of a table. */
  rows(section: string): Promise<string[]> {
    return this.page.locator(`#${section} tbody th`).allInnerTexts();
  }
}
