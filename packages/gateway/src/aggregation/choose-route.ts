import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { GroupRule, HubMethodRule, HubRules } from "../config/hub-rules.ts";
import { type NamedKey, namedKeys } from "./group-key.ts";

/** Where a client's frame goes. */
export type Route =
  | { readonly kind: "passThrough" }
  | { readonly kind: "join"; readonly rule: GroupRule; readonly keys: readonly NamedKey[] }
  | { readonly kind: "leave"; readonly keys: readonly NamedKey[] }
  /** Answered by the gateway, in the words of the origin (protocol.md 8.2). */
  | { readonly kind: "reject"; readonly error: string };

const passThrough: Route = { kind: "passThrough" };

/** Pure: looks at the envelope and, for a join or leave, at the values its key is made of. */
export function chooseRoute(rules: HubRules, protocol: HubProtocol, envelope: Envelope, frame: Frame): Route {
  const { target } = envelope;
  if (target === undefined || rules.joins.size === 0) return passThrough;
  const method = target.toLowerCase();
  const joined = rules.joins.get(method);
  if (joined !== undefined) return routeTo(joined, joined.join, "join", protocol, envelope, frame);
  const left = rules.leaves.get(method);
  if (left?.leave !== undefined) return routeTo(left, left.leave, "leave", protocol, envelope, frame);
  return passThrough;
}

function routeTo(
  rule: GroupRule,
  { keys: templates }: HubMethodRule,
  kind: "join" | "leave",
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): Route {
  const target = envelope.target ?? "";
  if (envelope.type === MessageType.StreamInvocation) {
    return reject(`The client attempted to invoke the non-streaming '${target}' method with a streaming invocation.`);
  }
  if (envelope.streamIds.length > 0) {
    const sent = `Client sent ${envelope.streamIds.length} stream(s), Hub method expects 0.`;
    return reject(`An unexpected error occurred invoking '${target}' on the server. HubException: ${sent}`);
  }
  const keys = namedKeys(rule, templates[protocol.name], protocol, envelope, frame);
  if (keys === undefined) return reject(`Failed to invoke '${target}' due to an error on the server.`);
  return kind === "join" ? { kind, rule, keys } : { kind, keys };
}

function reject(error: string): Route {
  return { kind: "reject", error };
}
