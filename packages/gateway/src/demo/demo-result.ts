import type { GatewayState } from "../observe/state.ts";
import type { DemoReport } from "./demo-world.ts";
import type { Latency } from "./latency-recorder.ts";

/** What `demo --json` prints (docs/CONFIG.md). */
export interface DemoResult {
  readonly clients: number;
  readonly groups: number;
  /** Hub connections at the origin, at the most. */
  readonly originConnections: number;
  readonly clientConnections: number;
  /** Messages and bytes that the origin sent to the gateway. */
  readonly originMessages: number;
  readonly originBytes: number;
  /** Messages that clients received, and bytes that the gateway sent to them. */
  readonly deliveries: number;
  readonly clientBytes: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly misrouted: number;
  /** Connects, joins and leaves that failed, and connections that ended by themselves. */
  readonly failures: number;
  readonly unexpectedEnds: number;
  readonly latencyMs: Latency;
  readonly seconds: number;
}

export function demoResult(report: DemoReport, state: GatewayState, seconds: number): DemoResult {
  const { clients, groups, originMessages, originBytes, deliveries } = report;
  const { lost, duplicated, reordered, misrouted, failures, unexpectedEnds, latencyMs } = report;
  return {
    clients,
    groups,
    originConnections: report.originConnectionsPeak,
    clientConnections: state.hubs.reduce((total, hub) => total + hub.clients, 0),
    originMessages,
    originBytes,
    deliveries,
    clientBytes: state.hubs.reduce((total, { counters }) => total + (counters.clientBytes ?? 0), 0),
    ...{ lost, duplicated, reordered, misrouted, failures, unexpectedEnds, latencyMs, seconds },
  };
}

/** Exit code 0: something was delivered, and nothing went wrong. */
export function succeeded(result: DemoResult): boolean {
  const { deliveries, lost, duplicated, reordered, misrouted, failures, unexpectedEnds } = result;
  return deliveries > 0 && lost + duplicated + reordered + misrouted + failures + unexpectedEnds === 0;
}
