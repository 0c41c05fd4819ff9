import type { HubProtocolName } from "@signalr-edge/protocol";

/** Counters of one `HubServer`, over all its hubs. */
export class HubServerStats {
  /** Connections with a finished handshake. */
  connections = 0;
  connectionsPeak = 0;
  connectionsTotal = 0;
  readonly connectionsByProtocol: Record<HubProtocolName, number> = { json: 0, messagepack: 0 };
  negotiations = 0;
  /** Groups that connections entered; entering one twice counts once. */
  joins = 0;
  /** Invocations written to clients, one per recipient. */
  messagesSent = 0;
  /** Hub protocol bytes of everything written after the handshake, without WebSocket headers. */
  bytesSent = 0;
  invocationsReceived = 0;

  connectionOpened(protocol: HubProtocolName): void {
    this.connections += 1;
    this.connectionsTotal += 1;
    this.connectionsPeak = Math.max(this.connectionsPeak, this.connections);
    this.connectionsByProtocol[protocol] += 1;
  }

  connectionClosed(protocol: HubProtocolName): void {
    this.connections -= 1;
    this.connectionsByProtocol[protocol] -= 1;
  }
}
