import type { Envelope } from "@signalr-edge/protocol";
import type { PassThroughClient } from "../aggregation/ports.ts";
import { refusal } from "../method-refusal.ts";
import type { HubMetrics } from "../observe/metrics.ts";

/** Answers an invocation that is one too many in flight, in the origin's form for what the client may read (protocol.md 8.2). */
export function refusePending(
  client: PassThroughClient,
  { invocationId, target = "" }: Envelope,
  { maxPendingInvocations, metrics }: { readonly maxPendingInvocations: number; readonly metrics: HubMetrics },
): void {
  metrics.refused.maxPendingInvocations += 1;
  if (invocationId === undefined) return;
  const reason = `A connection may wait for ${maxPendingInvocations} invocations.`;
  client.complete(invocationId, { kind: "error", error: refusal(target, reason) });
}
