import type { HubProtocolName } from "@signalr-edge/protocol";
import type { Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";

/** What one run of the suite talks to: an origin, directly or through something in front of it. */
export interface SuiteTarget {
  /** Where clients connect, without a path; the hubs have the same paths as at the origin. */
  readonly url: string;
  /** The origin behind it: the judge for answers, and the witness of what arrived. */
  readonly origin: Origin;
  stop(): Promise<void>;
}

export interface SuiteTraits {
  /** What negotiate lists. */
  readonly offers: readonly TransportName[];
  /** What is tested. MessagePack is left out over Server-Sent Events by itself. */
  readonly transports: readonly TransportName[];
  readonly protocols: readonly HubProtocolName[];
  /** True if there is a gateway in front of the origin. */
  readonly gateway: boolean;
  /** True if the errors of the hub with detailed errors are worded as .NET does. */
  readonly detailedHub: boolean;
  /**
   * True if the origin has the hubs that only ASP.NET Core can have (`hubPaths`), tokens that end, and goes on after
   * `closeGracefully`.
   */
  readonly variants: boolean;
  /** True if the gateway has the group rules of the contract hub: private upstreams are made on demand then. */
  readonly groups: boolean;
  /** Names of tests, or numbers of the checklist as `Q118`, that are known to fail. One that passes all the same is a failure. */
  readonly knownGaps?: readonly string[];
}

/**
 * True if the hub with detailed errors says what was wrong with a frame. A gateway refuses bad frames itself, and does
 * not know whether its origin is set to explain them.
 */
export function explainsProtocolErrors({ gateway, detailedHub }: SuiteTraits): boolean {
  return detailedHub && !gateway;
}
