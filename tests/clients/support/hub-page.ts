import type { Browser, BrowserContext, Page } from "playwright-core";
import type { NpmConnectionOptions } from "./npm-connection.ts";
import { installPageClient, type Outcome, type PageClient } from "./page-client.ts";
import type { LifecycleEvent, ScriptConnection, StreamRecord } from "./script-connection.ts";

type MessageHandler = (...args: readonly unknown[]) => unknown;
type LifecycleHandler = (event: LifecycleEvent, error: string | undefined) => void;

/** A page with an official client, in a browser context of its own: own sockets, own cookies. */
export class HubPage {
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #connections: PageConnection[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
  }

  /** `html` stands in for what the server would answer at this URL; otherwise the server is asked. */
  static async open(browser: Browser, url: string, html?: string): Promise<HubPage> {
    // A page that did not come from the local network needs its user's permission to go there.
    const context = await browser.newContext(html === undefined ? {} : { permissions: ["local-network-access"] });
    const page = await context.newPage();
    const hubPage = new HubPage(context, page);
    await page.exposeFunction("tell", (id: number, kind: "message" | "lifecycle", name: string, args: unknown[]) =>
      hubPage.#connections[id]?.receive(kind, name, args),
    );
    if (html !== undefined)
      await context.route(url, (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.goto(url);
    // With a route left, the browser would no longer ask for permission before requests to other origins.
    await context.unrouteAll();
    await page.evaluate(installPageClient);
    return hubPage;
  }

  /** A connection that is not started. */
  connect(options: NpmConnectionOptions): PageConnection {
    const connection = new PageConnection(this.#page, this.#connections.length, options);
    this.#connections.push(connection);
    return connection;
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

/** A connection in a page. It exists there from its start. */
export class PageConnection implements ScriptConnection {
  readonly #page: Page;
  readonly #id: number;
  readonly #options: NpmConnectionOptions;
  readonly #messageHandlers = new Map<string, MessageHandler>();
  readonly #lifecycleHandlers: LifecycleHandler[] = [];

  constructor(page: Page, id: number, options: NpmConnectionOptions) {
    this.#page = page;
    this.#id = id;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#call("build", { ...this.#options, targets: [...this.#messageHandlers.keys()] });
    result(await this.#call("start"));
  }

  async stop(): Promise<void> {
    result(await this.#call("stop"));
  }

  async invoke(method: string, ...args: readonly unknown[]): Promise<unknown> {
    return result(await this.#call("invoke", method, args));
  }

  stream(method: string, args: readonly unknown[], cancelAfter?: number): Promise<StreamRecord> {
    return this.#call("stream", method, args, cancelAfter);
  }

  async upload(method: string, ...uploads: readonly (readonly unknown[])[]): Promise<unknown> {
    return result(await this.#call("upload", method, uploads));
  }

  baseUrl(): Promise<string> {
    return this.#call("baseUrl");
  }

  on(target: string, handler: MessageHandler): void {
    this.#messageHandlers.set(target, handler);
  }

  onLifecycle(handler: LifecycleHandler): void {
    this.#lifecycleHandlers.push(handler);
  }

  /** What the page tells of this connection. */
  receive(kind: "message" | "lifecycle", name: string, args: readonly unknown[]): unknown {
    if (kind === "message") return this.#messageHandlers.get(name)?.(...args);
    const [error] = args;
    for (const handler of this.#lifecycleHandlers) {
      handler(name as LifecycleEvent, typeof error === "string" ? error : undefined);
    }
    return undefined;
  }

  #call<Method extends keyof PageClient>(
    method: Method,
    ...args: RestOf<Parameters<PageClient[Method]>>
  ): Promise<Awaited<ReturnType<PageClient[Method]>>> {
    return this.#page.evaluate(
      ([name, id, rest]) => {
        const call = globalThis.pageClient[name] as (...all: unknown[]) => unknown;
        return call(id, ...rest) as never;
      },
      [method, this.#id, args] as const,
    );
  }
}

type RestOf<Parameters extends readonly unknown[]> = Parameters extends readonly [unknown, ...infer Rest]
  ? Rest
  : never;

function result(outcome: Outcome): unknown {
  if ("rejected" in outcome) throw new Error(outcome.rejected);
  return outcome.resolved;
}
