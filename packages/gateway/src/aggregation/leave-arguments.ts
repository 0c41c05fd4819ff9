import type { HubProtocol, Scalar } from "@signalr-edge/protocol";
import type { GroupRule } from "../config/hub-rules.ts";

/**
 * The raw arguments with which the gateway itself leaves one key at the origin, made from the values that joined it:
 * the n-th reference of the leave template takes the value of the n-th reference of the join template. The last member
 * is often gone without having asked to leave. `undefined` if the rule has no leave method.
 */
export function leaveArguments(
  rule: GroupRule,
  protocol: HubProtocol,
  scalars: readonly Scalar[],
): readonly Uint8Array[] | undefined {
  if (rule.leave === undefined) return undefined;
  const rawArguments: Uint8Array[] = [];
  let next = 0;
  for (const part of rule.leave.keys[protocol.name].parts) {
    if (typeof part === "string") continue;
    const scalar = scalars[next++];
    if (scalar === undefined) return undefined;
    const raw = protocol.writeScalar(scalar);
    rawArguments[part.argument] = part.expand ? protocol.writeArray([raw]) : raw;
  }
  return rawArguments;
}
