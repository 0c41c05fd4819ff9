import type { InvocationMessage, StreamInvocationMessage } from "@signalr-edge/protocol";
import { MessageType } from "@signalr-edge/protocol";
import type { CompiledMethod } from "./compiled-hub.ts";
import { HubException } from "./hub-definition.ts";

export type AnyInvocation = InvocationMessage | StreamInvocationMessage;

/** ASP.NET Core's wording: exceptions are named to clients only if they are meant for them, or on request. */
export function errorText(text: string, error: unknown, detailed: boolean): string {
  if (!(error instanceof Error)) return text;
  return error instanceof HubException || detailed ? `${text} ${error.name}: ${error.message}` : text;
}

/**
 * Why this invocation cannot run, in ASP.NET Core's words and order of checks (protocol.md 8.2); `undefined` if it can.
 */
export function refuseInvocation(
  method: CompiledMethod | undefined,
  message: AnyInvocation,
  roles: readonly string[],
  detailed: boolean,
): string | undefined {
  const { target } = message;
  const failed = `Failed to invoke '${target}' due to an error on the server.`;
  if (method === undefined) return errorText(failed, new HubException("Method does not exist."), detailed);
  if (message.arguments.length !== method.argumentCount) {
    return errorText(failed, new ArgumentCountMismatch(message.arguments.length, method.argumentCount), detailed);
  }
  if (method.roles !== undefined && !method.roles.some((role) => roles.includes(role))) {
    return `Failed to invoke '${target}' because user is unauthorized`;
  }
  return refuseMode(method, message) ?? refuseUploads(method, message);
}

function refuseMode(method: CompiledMethod, message: AnyInvocation): string | undefined {
  const { target } = message;
  const streaming = message.type === MessageType.StreamInvocation;
  if (method.streams && !streaming) {
    return `The client attempted to invoke the streaming '${target}' method with a non-streaming invocation.`;
  }
  if (!method.streams && streaming) {
    return `The client attempted to invoke the non-streaming '${target}' method with a streaming invocation.`;
  }
  return undefined;
}

function refuseUploads(method: CompiledMethod, message: AnyInvocation): string | undefined {
  const sent = message.streamIds?.length ?? 0;
  if (sent === method.uploadStreamCount) return undefined;
  const error = new HubException(`Client sent ${sent} stream(s), Hub method expects ${method.uploadStreamCount}.`);
  return errorText(`An unexpected error occurred invoking '${message.target}' on the server.`, error, false);
}

class ArgumentCountMismatch extends Error {
  override readonly name = "InvalidDataException";

  constructor(sent: number, expected: number) {
    super(`Invocation provides ${sent} argument(s) but target expects ${expected}.`);
  }
}
