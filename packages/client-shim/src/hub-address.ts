import type { HubConnection } from "@microsoft/signalr";
import { type CompiledRoute, type HubUrls, mapUrl } from "./routes.ts";

/**
 * The two URLs of one connection's hub. It takes the place of `connection.baseUrl`, so that a URL which the application
 * sets there is mapped like the one that it built the connection with.
 */
export class HubAddress {
  readonly #connection: HubConnection;
  #urls: HubUrls;

  constructor(connection: HubConnection, routes: readonly CompiledRoute[], urls: HubUrls) {
    this.#connection = connection;
    this.#urls = urls;
    Object.defineProperty(connection, "baseUrl", {
      configurable: true,
      enumerable: true,
      get: () => Reflect.get(Object.getPrototypeOf(connection), "baseUrl", connection),
      set: (url: string) => {
        const mapped = typeof url === "string" ? mapUrl(routes, url) : undefined;
        this.#setBaseUrl(mapped?.gateway ?? url);
        this.#urls = mapped ?? { origin: url, gateway: url };
      },
    });
  }

  get urls(): HubUrls {
    return this.#urls;
  }

  /** Where the next attempt goes. Throws, as `baseUrl` does, while the connection is neither disconnected nor reconnecting. */
  use(end: keyof HubUrls): void {
    this.#setBaseUrl(this.#urls[end]);
  }

  #setBaseUrl(url: string): void {
    Reflect.set(Object.getPrototypeOf(this.#connection), "baseUrl", url, this.#connection);
  }
}
