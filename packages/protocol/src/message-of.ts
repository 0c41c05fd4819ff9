import type { Envelope } from "./hub-protocol.ts";
import { isRecord } from "./is-record.ts";
import type { HubMessage, MessageHeaders } from "./messages.ts";
import { MessageType } from "./messages.ts";

/** What `parse` decodes beyond the envelope. */
export interface DecodedPayload {
  readonly headers: MessageHeaders;
  readonly arguments: readonly unknown[];
  /** The item or the result. */
  readonly value: unknown;
}

/** The message of an accepted envelope; `undefined` for an unknown type. */
export function messageOf(envelope: Envelope, payload: DecodedPayload): HubMessage | undefined {
  const { type, target = "", invocationId = "", streamIds, sequenceId = 0 } = envelope;
  const headers = Object.keys(payload.headers).length === 0 ? {} : { headers: payload.headers };
  const error = envelope.error === undefined ? {} : { error: envelope.error };
  switch (type) {
    case MessageType.Invocation: {
      const id = invocationId === "" ? {} : { invocationId };
      return { type, ...headers, ...id, target, arguments: payload.arguments, ...streams(streamIds) };
    }
    case MessageType.StreamInvocation:
      return { type, ...headers, invocationId, target, arguments: payload.arguments, ...streams(streamIds) };
    case MessageType.StreamItem:
      return { type, ...headers, invocationId, item: payload.value };
    case MessageType.Completion: {
      const result = envelope.result === undefined ? {} : { result: payload.value };
      return { type, ...headers, invocationId, ...error, ...result };
    }
    case MessageType.CancelInvocation:
      return { type, ...headers, invocationId };
    case MessageType.Ping:
      return { type };
    case MessageType.Close:
      return { type, ...error, ...(envelope.allowReconnect ? { allowReconnect: true } : {}) };
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId };
    default:
      return undefined;
  }
}

function streams(streamIds: readonly string[]): { readonly streamIds?: readonly string[] } {
  return streamIds.length === 0 ? {} : { streamIds };
}

/** `peek` has checked that a `headers` value is an object of strings. */
export function headersOf(value: unknown): MessageHeaders {
  if (!isRecord(value)) return {};
  const strings = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(strings);
}
