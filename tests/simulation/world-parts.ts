import type { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import { Chunk } from "./bytes.ts";
import type { CompiledRules } from "./compile-rules.ts";
import type { Core } from "./core.ts";
import type { Coverage } from "./coverage.ts";
import type { Setup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** What a world is made of. */
export interface WorldParts {
  readonly core: Core;
  readonly setup: Setup;
  readonly compiled: CompiledRules;
  readonly sightings: Sightings;
  readonly coverage: Coverage;
  readonly chunks: Chunks;
  readonly clock: SimulatedClock;
  readonly metrics: HubMetrics;
}

/** Memory that frames of clients and of the origin lie in. */
export class Chunks {
  readonly clients = new Chunk();
  readonly origin = new Chunk();
}
