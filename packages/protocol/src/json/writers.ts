import type { CompletionPayload, Frame, RawInvocation, Scalar } from "../hub-protocol.ts";
import type { MessageHeaders } from "../messages.ts";
import { MessageType } from "../messages.ts";
import { quoteString } from "./text.ts";

/** A piece of JSON text, or raw bytes that are taken as they are. */
export type JsonPart = string | Uint8Array;

/** `{"type":6}` and the separator. */
export const pingFrame: Frame = Buffer.from('{"type":6}\u001e');

export const nullValue: Uint8Array = Buffer.from("null");

export function writeClose(close: { readonly error?: string; readonly allowReconnect?: boolean }): Frame {
  const error = close.error === undefined ? "" : `,"error":${quoteString(close.error)}`;
  const allowReconnect = close.allowReconnect === true ? ',"allowReconnect":true' : "";
  return join([`{"type":${MessageType.Close}${error}${allowReconnect}}\u001e`]);
}

/** An empty error text is left out, as ASP.NET Core does. */
export function writeCompletion(invocationId: string, payload: CompletionPayload, headers?: MessageHeaders): Frame {
  const start = startOf(MessageType.Completion, headers, invocationId);
  switch (payload.kind) {
    case "result":
      return join([`${start},"result":`, payload.raw, "}\u001e"]);
    case "error":
      return join([payload.error === "" ? start : `${start},"error":${quoteString(payload.error)}`, "}\u001e"]);
    case "void":
      return join([start, "}\u001e"]);
  }
}

export function writeInvocation(invocation: RawInvocation, headers?: MessageHeaders): Frame {
  return invocationFrame(MessageType.Invocation, invocation, headers);
}

export function writeStreamInvocation(
  invocation: RawInvocation & { readonly invocationId: string },
  headers?: MessageHeaders,
): Frame {
  return invocationFrame(MessageType.StreamInvocation, invocation, headers);
}

export function writeStreamItem(invocationId: string, rawItem: Uint8Array, headers?: MessageHeaders): Frame {
  return join([`${startOf(MessageType.StreamItem, headers, invocationId)},"item":`, rawItem, "}\u001e"]);
}

export function writeCancelInvocation(invocationId: string, headers?: MessageHeaders): Frame {
  return join([startOf(MessageType.CancelInvocation, headers, invocationId), "}\u001e"]);
}

export function writeAck(sequenceId: number): Frame {
  return join([`{"type":${MessageType.Ack},"sequenceId":${sequenceId}}\u001e`]);
}

export function writeSequence(sequenceId: number): Frame {
  return join([`{"type":${MessageType.Sequence},"sequenceId":${sequenceId}}\u001e`]);
}

export function writeScalar(scalar: Scalar): Buffer {
  return Buffer.from(scalar.kind === "string" ? quoteString(scalar.text) : scalar.text);
}

export function writeArray(rawElements: readonly Uint8Array[]): Buffer {
  return join(["[", ...separated(rawElements), "]"]);
}

function invocationFrame(type: number, invocation: RawInvocation, headers: MessageHeaders | undefined): Frame {
  const { target, invocationId, streamIds = [] } = invocation;
  const start = `${startOf(type, headers, invocationId)},"target":${quoteString(target)},"arguments":[`;
  const end = streamIds.length === 0 ? "]" : `],"streamIds":[${streamIds.map(quoteString).join(",")}]`;
  return join([start, ...separated(invocation.arguments), end, "}\u001e"]);
}

/** The members up to the invocation id, without the closing brace. */
function startOf(type: number, headers: MessageHeaders | undefined, invocationId: string | undefined): string {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => `${quoteString(name)}:${quoteString(value)}`);
  const headersMember = entries.length === 0 ? "" : `,"headers":{${entries.join(",")}}`;
  const idMember = invocationId ? `,"invocationId":${quoteString(invocationId)}` : "";
  return `{"type":${type}${headersMember}${idMember}`;
}

function separated(rawElements: readonly Uint8Array[]): readonly JsonPart[] {
  return rawElements.flatMap((element, index) => (index === 0 ? [element] : [",", element]));
}

function join(parts: readonly JsonPart[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.length;
  const whole = Buffer.allocUnsafe(length);
  let position = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      position += whole.write(part, position);
    } else {
      whole.set(part, position);
      position += part.length;
    }
  }
  return whole;
}
