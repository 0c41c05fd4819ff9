import { type DemoResult, succeeded } from "./demo-result.ts";
import type { Latency } from "./latency-recorder.ts";

/** What people see while the demo runs. */
export interface DemoStatus {
  /** So far. */
  readonly result: DemoResult;
  readonly watching: number;
  readonly subscriptions: number;
  /** In the last second. */
  readonly originMessagesPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  /** `undefined`: until interrupted. */
  readonly secondsPlanned: number | undefined;
}

/** The status block for a terminal, one string per line. */
export function statusBlock(status: DemoStatus): readonly string[] {
  const { result } = status;
  const planned = status.secondsPlanned === undefined ? "Ctrl-C ends it" : `of ${status.secondsPlanned} s`;
  return [
    `signalr-edge demo: live odds, ${result.seconds.toFixed(0)} s (${planned})`,
    "",
    `  clients      ${count(status.watching)} of ${count(result.clients)} watching ${count(status.subscriptions)} events in ${result.groups} groups`,
    `  origin       ${connections(result.originConnections)} from the gateway`,
    `  origin sent  ${count(result.originMessages)} messages, ${megabytes(result.originBytes)}  (${count(status.originMessagesPerSecond)} per second)`,
    `  delivered    ${count(result.deliveries)} messages, ${megabytes(result.clientBytes)}  (${count(status.deliveriesPerSecond)} per second)`,
    `  saved        ${saved(result)}`,
    `  latency      ${latency(result.latencyMs)}, origin to client`,
    `  errors       ${errors(result)}`,
    "",
    `  gateway ${status.gatewayUrl}   dashboard ${status.adminUrl}`,
  ];
}

/** The same in one line, for logs. */
export function statusLine({ result, watching, originMessagesPerSecond, deliveriesPerSecond }: DemoStatus): string {
  return [
    `${result.seconds.toFixed(0)} s: ${count(watching)} clients over ${connections(result.originConnections)}`,
    `${count(originMessagesPerSecond)} messages/s from the origin, ${count(deliveriesPerSecond)} deliveries/s`,
    `latency ${latency(result.latencyMs)}`,
    errors(result),
  ].join("; ");
}

/** What was proven, or what went wrong. */
export function summary(result: DemoResult, firstFailure: string | undefined): string {
  const { clients, deliveries, originMessages, originConnections } = result;
  if (deliveries === 0) return "FAILED: nothing was delivered.";
  if (!succeeded(result)) {
    const failure = firstFailure === undefined ? "" : ` (first: ${firstFailure})`;
    return `FAILED: ${errors(result)}${failure}, of ${count(deliveries)} messages delivered to ${count(clients)} clients.`;
  }
  return (
    `${count(clients)} clients, ${connections(originConnections)}: the origin sent ${count(originMessages)} messages, ` +
    `clients received ${count(deliveries)}, every one checked: ${times(deliveries, originMessages)} fewer messages and ` +
    `${times(clients, originConnections)} fewer connections at the origin, nothing lost, duplicated, reordered or misrouted.`
  );
}

function saved(result: DemoResult): string {
  if (result.deliveries === 0) return "-";
  const share = 100 * (1 - result.originBytes / result.clientBytes);
  return `${share.toFixed(1)} % of the bytes; ${times(result.deliveries, result.originMessages)} fewer messages, ${times(result.clients, result.originConnections)} fewer connections`;
}

function errors(result: DemoResult): string {
  const { lost, duplicated, reordered, misrouted, failures, unexpectedEnds } = result;
  const delivery = `${lost} lost, ${duplicated} duplicated, ${reordered} reordered, ${misrouted} misrouted`;
  if (failures + unexpectedEnds === 0) return delivery;
  return `${delivery}, ${failures} failed joins or connects, ${unexpectedEnds} connections ended`;
}

function latency({ p50, p99, max }: Latency): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`;
}

function connections(number: number): string {
  return `${count(number)} hub connection${number === 1 ? "" : "s"}`;
}

function times(many: number, few: number): string {
  return few === 0 ? "-" : `${(many / few).toFixed(many / few < 10 ? 1 : 0)}x`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
