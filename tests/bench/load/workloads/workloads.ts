import { idle, lastMember, storm } from "./connections.ts";
import { groups, growth, large, latency, messagepack, official, origin, steady } from "./fan-out.ts";
import { slow, transports } from "./mixes.ts";
import type { Workload } from "./workload.ts";

/** In the order in which they run. */
export const workloads: readonly Workload[] = [
  steady,
  groups,
  origin,
  latency,
  idle,
  storm,
  lastMember,
  large,
  slow,
  messagepack,
  transports,
  growth,
  official,
];
