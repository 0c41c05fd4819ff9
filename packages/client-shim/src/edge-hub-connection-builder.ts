import {
  DefaultHttpClient,
  type HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  type ILogger,
  type IRetryPolicy,
  LogLevel,
} from "@microsoft/signalr";
import { type EdgeSettings, edgeSettings } from "./configure-edge.ts";
import { connectionLogger, tellListener } from "./connection-logger.ts";
import { type Fallback, GatewayFirst } from "./gateway-first.ts";
import { GatewayHttpClient } from "./gateway-http-client.ts";
import { GatewayWatch, type WatchedGateway } from "./gateway-watch.ts";
import { watchWebSocket } from "./gateway-web-socket.ts";
import { HubAddress } from "./hub-address.ts";
import { rejoinAfterReconnect } from "./rejoin-after-reconnect.ts";
import { retryPolicyOf } from "./retry-policy.ts";
import { type HubUrls, mapUrl } from "./routes.ts";
import { defaultWebSocket, type WebSocketClass } from "./web-socket-class.ts";

/** `WebSocket` is an option of the official client that its type declarations leave out. */
type ConnectionOptions = IHttpConnectionOptions & { readonly WebSocket?: WebSocketClass };

/**
 * The official builder, which also knows the gateway: the URL is mapped when a connection is built, by what
 * `configureEdge` was told last. A URL that no route names gives the official connection, untouched.
 */
export class EdgeHubConnectionBuilder extends HubConnectionBuilder {
  #url: string | undefined;
  #options: ConnectionOptions = {};
  #logging: ILogger | LogLevel | string | undefined;
  #retryPolicy: IRetryPolicy | undefined;

  override withUrl(url: string): this;
  override withUrl(url: string, transportType: HttpTransportType): this;
  override withUrl(url: string, options: IHttpConnectionOptions): this;
  override withUrl(url: string, transportTypeOrOptions?: HttpTransportType | IHttpConnectionOptions): this {
    if (typeof transportTypeOrOptions === "object") {
      super.withUrl(url, transportTypeOrOptions);
      this.#options = { ...this.#options, ...transportTypeOrOptions };
    } else if (transportTypeOrOptions === undefined) super.withUrl(url);
    else super.withUrl(url, transportTypeOrOptions);
    this.#url = url;
    return this;
  }

  override configureLogging(logging: LogLevel | ILogger | string): this {
    super.configureLogging(logging);
    this.#logging = logging;
    return this;
  }

  /** Kept until `build`, where the policy gets its connection. */
  override withAutomaticReconnect(retryDelaysOrPolicy?: number[] | IRetryPolicy): this {
    if (this.#retryPolicy !== undefined) throw new Error("A reconnectPolicy has already been set.");
    this.#retryPolicy = retryPolicyOf(retryDelaysOrPolicy ?? undefined);
    return this;
  }

  override build(): HubConnection {
    const settings = edgeSettings();
    const urls = settings === undefined || this.#url === undefined ? undefined : mapUrl(settings.routes, this.#url);
    if (settings === undefined || urls === undefined) return this.#buildOfficial({ retryPolicy: this.#retryPolicy });
    const connection = settings.inRollout
      ? this.#buildForGateway(settings, urls)
      : this.#buildOfficial({ retryPolicy: this.#retryPolicy });
    if (settings.rejoin.length > 0) this.#rejoin(connection, settings);
    return connection;
  }

  #buildForGateway(settings: EdgeSettings, urls: HubUrls): HubConnection {
    if (settings.fallback === "origin") return this.#buildWithFallback(settings, urls);
    const connection = this.#buildOfficial({ url: urls.gateway, retryPolicy: this.#retryPolicy });
    new HubAddress(connection, settings.routes, urls);
    return connection;
  }

  #buildWithFallback(
    { routes, answerTimeoutMs, fallbackSpreadMs, onFallback }: EdgeSettings,
    urls: HubUrls,
  ): HubConnection {
    const watch = new GatewayWatch();
    const connection = this.#buildOfficial({
      url: urls.gateway,
      options: this.#watchedOptions({ watch, answerTimeoutMs, url: () => address.urls.gateway }),
      retryPolicy: this.#retryPolicy && {
        nextRetryDelayInMilliseconds: (context) => gatewayFirst.nextRetryDelayMs(context),
      },
    });
    const address = new HubAddress(connection, routes, urls);
    const retryPolicy = this.#retryPolicy;
    const logger = this.#logger();
    const report = (fallback: Fallback): void => {
      const { gatewayUrl, originUrl, reason } = fallback;
      logger.log(LogLevel.Warning, `No answer from the gateway at '${gatewayUrl}' (${reason}). Using '${originUrl}'.`);
      tellListener(onFallback, fallback, logger);
    };
    const gatewayFirst = new GatewayFirst({ connection, address, watch, retryPolicy, fallbackSpreadMs, report });
    return connection;
  }

  #watchedOptions(gateway: WatchedGateway): ConnectionOptions {
    const { httpClient, skipNegotiation = false } = this.#options;
    const WebSocket = this.#options.WebSocket ?? defaultWebSocket();
    return {
      httpClient: new GatewayHttpClient(httpClient ?? new DefaultHttpClient(this.#logger()), gateway),
      ...(WebSocket === undefined ? {} : { WebSocket: watchWebSocket(WebSocket, gateway, skipNegotiation) }),
    };
  }

  #rejoin(connection: HubConnection, { rejoin, onRejoin }: EdgeSettings): void {
    const logger = this.#logger();
    rejoinAfterReconnect(connection, rejoin, (outcome) => {
      if (outcome.kind === "failed") {
        logger.log(LogLevel.Warning, `Calling '${outcome.method}' again after a reconnect failed: ${outcome.error}`);
      }
      tellListener(onRejoin, outcome, logger);
    });
  }

  #buildOfficial({ url, options = {}, retryPolicy }: Replacements): HubConnection {
    // Inherits what this builder was told, so that neither it nor the next connection that it builds is changed.
    const builder: HubConnectionBuilder = Object.create(this);
    const { withUrl, withAutomaticReconnect, build } = HubConnectionBuilder.prototype;
    if (url !== undefined) withUrl.call(builder, url, options);
    if (retryPolicy !== undefined) withAutomaticReconnect.call(builder, retryPolicy);
    return build.call(builder);
  }

  #logger(): ILogger {
    const { logger } = this.#options;
    return connectionLogger(logger === undefined ? this.#logging : logger);
  }
}

/** What a connection is built with instead of what the application said. */
interface Replacements {
  readonly url?: string;
  readonly options?: ConnectionOptions;
  readonly retryPolicy: IRetryPolicy | undefined;
}
