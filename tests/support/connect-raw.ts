import type { TransportName } from "./origin-control.ts";
import { RawClient } from "./raw-client.ts";
import type { RawConnection, RawConnectionOptions } from "./raw-connection.ts";
import { RawEventStreamClient } from "./raw-event-stream-client.ts";
import { RawPollingClient } from "./raw-polling-client.ts";

/** The raw client of a transport, connected. */
export function connectRaw(transport: TransportName, options: RawConnectionOptions): Promise<RawConnection> {
  switch (transport) {
    case "WebSockets":
      return RawClient.connect(options);
    case "ServerSentEvents":
      return RawEventStreamClient.connect(options);
    case "LongPolling":
      return RawPollingClient.connect(options);
  }
}
