import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHubProtocol,
  JsonHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { RecordingProtocol } from "./recording-protocol.ts";
import type { ScenarioTransport } from "./scenario.ts";

export interface ConnectionOptions {
  readonly url: string;
  readonly protocol: HubProtocolName;
  readonly transport: ScenarioTransport | undefined;
  readonly accessToken: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** As an application would: at once, then at growing distances. */
const reconnectDelaysMs = [0, 500, 1000, 2000, 4000];

/** The unmodified official client, not started, with a record of its bytes. */
export function buildConnection(
  options: ConnectionOptions,
  record: ConstructorParameters<typeof RecordingProtocol>[2],
): HubConnection {
  const { url, protocol, transport, accessToken, headers } = options;
  const official: IHubProtocol = protocol === "json" ? new JsonHubProtocol() : new MessagePackHubProtocol();
  return new HubConnectionBuilder()
    .configureLogging(LogLevel.None)
    .withUrl(url, {
      headers: { ...headers },
      ...(transport !== undefined && { transport: HttpTransportType[transport] }),
      ...(accessToken !== undefined && { accessTokenFactory: () => accessToken }),
    })
    .withHubProtocol(new RecordingProtocol(official, protocol, record))
    .withAutomaticReconnect([...reconnectDelaysMs])
    .build();
}
