import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

const shimPackage = new URL("../../../packages/client-shim/", import.meta.url);
const shimRequire = createRequire(new URL("package.json", shimPackage));
const testRequire = createRequire(import.meta.url);

/** Browser files of the official packages, and ours once `buildBrowserFile` has run. */
export const scripts = {
  official10: shimRequire.resolve("@microsoft/signalr/dist/browser/signalr.js"),
  official6: shimRequire.resolve("@microsoft/signalr-6/dist/browser/signalr.js"),
  messagePack: testRequire.resolve("@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.js"),
  edge: fileURLToPath(new URL("dist/signalr-edge.js", shimPackage)),
  edgeMinified: fileURLToPath(new URL("dist/signalr-edge.min.js", shimPackage)),
} as const;

/** Builds `signalr-edge.js` as a release does. */
export async function buildBrowserFile(): Promise<void> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL("build-browser-file.mjs", shimPackage))]);
}

/** What a browser keeps for a site between its pages. */
export interface SiteStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export function createStorage(): SiteStorage & { readonly items: ReadonlyMap<string, string> } {
  const items = new Map<string, string>();
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

export interface PageOptions {
  /** Default: `http://page.example/index.html`. */
  readonly url?: string;
  /** Default: an empty one. A function is called at each access, and may throw as browsers do when storage is blocked. */
  readonly storage?: SiteStorage | (() => SiteStorage);
}

/**
 * As much of a browser as the official client and the shim look at, with the network of this process: `fetch` and
 * WebSockets are real.
 */
export class Page {
  readonly #global: Record<string, unknown>;
  readonly #document: { currentScript: { readonly dataset: Readonly<Record<string, string>> } | null };

  constructor({ url = "http://page.example/index.html", storage = createStorage() }: PageOptions = {}) {
    this.#document = {
      currentScript: null,
      ...{ baseURI: url, addEventListener: () => {}, removeEventListener: () => {} },
      ...{ createElement: () => createAnchor(url) },
    };
    this.#global = {
      ...{ document: this.#document, location: new URL(url), fetch, WebSocket, console },
      ...{ URL, URLSearchParams, TextEncoder, TextDecoder, AbortController },
      ...{ setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask },
    };
    this.#global.window = this.#global;
    this.#global.self = this.#global;
    Object.defineProperty(this.#global, "localStorage", {
      get: () => (typeof storage === "function" ? storage() : storage),
    });
    createContext(this.#global);
  }

  /** As a `<script src>` element with these `data-` attributes, named as in `dataset`. Throws what the script throws. */
  load(file: string, dataset: Readonly<Record<string, string>> = {}): this {
    this.#document.currentScript = { dataset };
    try {
      runInContext(readFileSync(file, "utf8"), createContext(this.#global), { filename: file });
    } finally {
      this.#document.currentScript = null;
    }
    return this;
  }

  /** The value of an expression, awaited. */
  run(expression: string): Promise<unknown> {
    return Promise.resolve(runInContext(expression, this.#global));
  }

  /** Starts a connection to the hub, named `connection` in the page, which ends with the test. */
  async connect(hubUrl: string, build = ""): Promise<void> {
    const builder = `new signalR.HubConnectionBuilder().configureLogging("none").withUrl(${JSON.stringify(hubUrl)})`;
    await this.run(`globalThis.connection = ${builder}${build}.build()`);
    onTestFinished(() => this.run("connection.stop()").then(() => undefined));
    await this.run("connection.start()");
  }
}

/** Resolves what is put into its `href`, which is how the official client resolves relative URLs. */
function createAnchor(base: string): { href: string } {
  let href = "";
  return {
    get href() {
      return href;
    },
    set href(value) {
      href = new URL(value, base).href;
    },
  };
}
