import type { PeekLimits } from "@signalr-edge/protocol";
import type { Partition } from "../aggregation/partition-key.ts";
import type { ClientHub } from "../aggregation/ports.ts";
import type { Clock } from "../clock.ts";
import type { Owner } from "../identity.ts";
import type { Logger } from "../observe/log.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { ClientOutputLimits } from "./client-output.ts";

export interface ClientLimits extends PeekLimits, ClientOutputLimits {
  readonly maxMessageBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveIntervalMs: number;
  readonly clientTimeoutMs: number;
  readonly disconnectTimeoutMs: number;
}

export interface ClientConnectionParts {
  readonly hub: ClientHub;
  readonly partition: Partition;
  readonly owner: Owner;
  /** Stateful reconnect was asked for and granted; it takes effect with version 2 of the handshake. */
  readonly isStateful: boolean;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  /** Called once, when nothing of the connection is left. */
  readonly onClosed: () => void;
}
