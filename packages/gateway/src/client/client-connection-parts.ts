import type { PeekLimits } from "@signalr-edge/protocol";
import type { AddressUse } from "../address-use.ts";
import type { Partition } from "../aggregation/partition-key.ts";
import type { ClientHub } from "../aggregation/ports.ts";
import type { Clock } from "../clock.ts";
import type { Owner } from "../identity.ts";
import type { Logger } from "../observe/log.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { ClientOutputLimits } from "./client-output.ts";
import type { IntakeLimits } from "./intake.ts";

export interface ClientLimits extends PeekLimits, ClientOutputLimits, IntakeLimits {
  readonly maxMessageBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly disconnectTimeoutMs: number;
}

/** What all clients of a hub have in common: one object, however many they are. */
export interface ClientConnectionParts {
  readonly hub: ClientHub;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly metrics: HubMetrics;
  readonly log: Logger;
  /** Called once for each client, when nothing of its connection is left. */
  readonly onClosed: (token: string) => void;
}

/** Who has come, and what was granted. */
export interface AdmittedClient {
  /** Names the connection in the registry. */
  readonly token: string;
  readonly partition: Partition;
  readonly owner: Owner;
  readonly address: AddressUse | undefined;
  readonly isStateful: boolean;
}
