import { type Envelope, type Frame, type HubProtocol, MessageType } from "@signalr-edge/protocol";
import type { CallRule, GroupRule, HubMethodRule, HubRules, StreamRule } from "../config/hub-rules.ts";
import { hasKeys, type NamedKey, namedKeys } from "./group-key.ts";
import type { Member } from "./ports.ts";
import type { SharedStream } from "./shared-stream.ts";
import type { StreamTable } from "./stream-table.ts";

/** Where a client's frame goes. */
export type Route =
  | { readonly kind: "passThrough" }
  | { readonly kind: "join"; readonly rule: GroupRule; readonly keys: readonly NamedKey[] }
  | { readonly kind: "leave"; readonly rule: GroupRule; readonly keys: readonly NamedKey[] }
  | { readonly kind: "call"; readonly rule: CallRule }
  | { readonly kind: "stream"; readonly rule: StreamRule }
  | {
      readonly kind: "cancelStream";
      readonly invocationId: string;
      readonly table: StreamTable;
      readonly stream: SharedStream;
    }
  /** Answered by the gateway, in the words of the origin (protocol.md 8.2). */
  | { readonly kind: "reject"; readonly error: string };

const passThrough: Route = { kind: "passThrough" };

/** Decides without acting: looks at the envelope, the values that keys are made of, and the client's open streams. */
export function chooseRoute(
  rules: HubRules,
  { protocol, membership }: Pick<Member, "protocol" | "membership">,
  envelope: Envelope,
  frame: Frame,
): Route {
  if (envelope.type === MessageType.CancelInvocation) return routeCancel(membership, envelope);
  if (envelope.target === undefined) return passThrough;
  const method = envelope.target.toLowerCase();
  const joined = rules.joins.get(method);
  if (joined !== undefined) return routeJoin(joined, protocol, envelope, frame);
  const left = rules.leaves.get(method);
  if (left?.leave !== undefined) return routeLeave(left, left.leave, protocol, envelope, frame);
  const call = rules.calls.get(method);
  if (call !== undefined) return routeCall(call, protocol, envelope, frame);
  const stream = rules.streams.get(method);
  return stream === undefined ? passThrough : routeStream(stream, membership, protocol, envelope, frame);
}

function routeJoin(rule: GroupRule, protocol: HubProtocol, envelope: Envelope, frame: Frame): Route {
  const refused = refuseForm(rule.join, protocol, envelope);
  if (refused !== undefined) return refused;
  const keys = namedKeys(rule, rule.join.keys[protocol.name], protocol, envelope, frame);
  return keys === undefined ? noKey(rule.join) : { kind: "join", rule, keys };
}

function routeLeave(
  rule: GroupRule,
  leave: HubMethodRule,
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): Route {
  const refused = refuseForm(leave, protocol, envelope);
  if (refused !== undefined) return refused;
  const keys = namedKeys(rule, leave.keys[protocol.name], protocol, envelope, frame);
  return keys === undefined ? noKey(leave) : { kind: "leave", rule, keys };
}

/** A call without a key, or whose answer nobody waits for, is not what the rule is about: it goes to the origin as it is. */
function routeCall(rule: CallRule, protocol: HubProtocol, envelope: Envelope, frame: Frame): Route {
  const refused = refuseForm(rule, protocol, envelope);
  if (refused !== undefined) return refused;
  return envelope.invocationId !== undefined && hasKeys(rule.keys[protocol.name], protocol, envelope, frame)
    ? { kind: "call", rule }
    : passThrough;
}

function routeStream(
  rule: StreamRule,
  membership: Member["membership"],
  protocol: HubProtocol,
  envelope: Envelope,
  frame: Frame,
): Route {
  const { invocationId = "" } = envelope;
  if (envelope.type !== MessageType.StreamInvocation) {
    return reject(
      `The client attempted to invoke the streaming '${rule.method}' method with a non-streaming invocation.`,
    );
  }
  const refused = refuseUploads(rule, protocol, envelope);
  if (refused !== undefined) return refused;
  if (membership?.streams.has(invocationId) === true)
    return reject(`Invocation ID '${invocationId}' is already in use.`);
  return hasKeys(rule.keys[protocol.name], protocol, envelope, frame) ? { kind: "stream", rule } : passThrough;
}

function routeCancel(membership: Member["membership"], { invocationId }: Envelope): Route {
  const open = invocationId === undefined ? undefined : membership?.streams.get(invocationId);
  return open === undefined || invocationId === undefined
    ? passThrough
    : { kind: "cancelStream", invocationId, ...open };
}

/** What no plain hub method takes: a stream invocation, upload streams. */
function refuseForm(rule: HubMethodRule, protocol: HubProtocol, envelope: Envelope): Route | undefined {
  if (envelope.type === MessageType.StreamInvocation) {
    const name = nameInErrors(rule, protocol, envelope);
    return reject(`The client attempted to invoke the non-streaming '${name}' method with a streaming invocation.`);
  }
  return refuseUploads(rule, protocol, envelope);
}

function refuseUploads(rule: HubMethodRule, protocol: HubProtocol, envelope: Envelope): Route | undefined {
  const { length } = envelope.streamIds;
  if (length === 0) return undefined;
  const name = nameInErrors(rule, protocol, envelope);
  const sent = `Client sent ${length} stream(s), Hub method expects 0.`;
  return reject(`An unexpected error occurred invoking '${name}' on the server. HubException: ${sent}`);
}

function noKey({ method }: HubMethodRule): Route {
  return reject(`Failed to invoke '${method}' due to an error on the server.`);
}

/**
 * The origin finds methods in any case and names them as they are declared, which is how the rule is taken to spell them;
 * but stream invocations of MessagePack as the client spelled them.
 */
function nameInErrors({ method }: HubMethodRule, protocol: HubProtocol, { type, target = "" }: Envelope): string {
  return protocol.name === "messagepack" && type === MessageType.StreamInvocation ? target : method;
}

function reject(error: string): Route {
  return { kind: "reject", error };
}
