import {
  configureEdge,
  type EdgeOptions,
  type Fallback,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  type IHubProtocol,
  type ILogger,
  type IRetryPolicy,
  LogLevel,
} from "@signalr-edge/client-shim";
import { onTestFinished } from "vitest";
import { hubPaths, type Origin } from "../../support/origin.ts";

/** An application with the origin's URL in its code, and what the shim told it. */
export interface ShimClient {
  readonly connection: HubConnection;
  readonly fallbacks: readonly Fallback[];
  readonly originUrl: string;
  readonly gatewayUrl: string;
}

export interface ShimClientOptions {
  readonly origin: Pick<Origin, "url">;
  readonly gateway: { readonly url: string };
  /** Path and query. Default: the contract hub. */
  readonly hub?: string;
  readonly edge?: Partial<EdgeOptions>;
  readonly connect?: IHttpConnectionOptions;
  /** Default: JSON. */
  readonly protocol?: IHubProtocol;
  /** Default: none. */
  readonly logger?: ILogger;
  /** Default: no automatic reconnect. */
  readonly reconnect?: number[] | IRetryPolicy;
}

/** Configures the shim as given and builds a connection, which ends with the test. */
export function buildShimClient(options: ShimClientOptions): ShimClient {
  const { origin, gateway, hub = hubPaths.contract, edge, connect = {}, protocol, logger, reconnect } = options;
  const fallbacks: Fallback[] = [];
  configureEdge({
    routes: [{ from: `${origin.url}/hubs/`, to: `${gateway.url}/hubs/` }],
    fallbackSpreadMs: 0,
    onFallback: (fallback) => fallbacks.push(fallback),
    ...edge,
  });
  const builder = new HubConnectionBuilder()
    .withUrl(`${origin.url}${hub}`, connect)
    .configureLogging(logger ?? LogLevel.None);
  if (protocol !== undefined) builder.withHubProtocol(protocol);
  if (reconnect !== undefined) builder.withAutomaticReconnect(reconnect);
  const connection = builder.build();
  onTestFinished(() => connection.stop());
  return { connection, fallbacks, originUrl: `${origin.url}${hub}`, gatewayUrl: `${gateway.url}${hub}` };
}
