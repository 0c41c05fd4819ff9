import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { HubProtocolName } from "@signalr-edge/protocol";
import type { TransportName } from "./origin-control.ts";

export interface RealClientOptions {
  readonly url: string;
  /** Default `json`. */
  readonly protocol?: HubProtocolName;
  /** Default: whatever the client picks, which is WebSockets. */
  readonly transport?: TransportName;
  /** Instead of one transport: those that it may try, in the order in which the server lists them. */
  readonly transports?: readonly TransportName[];
  /** Only with transport WebSockets. */
  readonly skipNegotiation?: boolean;
  /** `user:NAME[:role,role]` for the test origins. */
  readonly accessToken?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for stateful reconnect. */
  readonly stateful?: boolean;
  /** Delays in milliseconds before each attempt. Default: no automatic reconnect. */
  readonly reconnectDelaysMs?: readonly number[];
}

/** The official TypeScript client, silent, not started. */
export function buildRealClient(options: RealClientOptions): HubConnection {
  const names = options.transport === undefined ? (options.transports ?? []) : [options.transport];
  const mask = names.reduce((sum, name) => sum | HttpTransportType[name], 0);
  const builder = new HubConnectionBuilder().configureLogging(LogLevel.None).withUrl(options.url, {
    ...(mask === 0 ? {} : { transport: mask }),
    ...(options.skipNegotiation === undefined ? {} : { skipNegotiation: options.skipNegotiation }),
    ...(options.accessToken === undefined ? {} : { accessTokenFactory: () => options.accessToken ?? "" }),
    ...(options.headers === undefined ? {} : { headers: { ...options.headers } }),
  });
  if (options.protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
  if (options.reconnectDelaysMs !== undefined) builder.withAutomaticReconnect([...options.reconnectDelaysMs]);
  if (options.stateful === true) builder.withStatefulReconnect();
  return builder.build();
}

/** As `buildRealClient`, started. */
export async function startRealClient(options: RealClientOptions): Promise<HubConnection> {
  const connection = buildRealClient(options);
  await connection.start();
  return connection;
}
