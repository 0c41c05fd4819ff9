import type { CompletionPayload, Frame, RawInvocation, Scalar } from "../hub-protocol.ts";
import type { MessageHeaders } from "../messages.ts";
import { MessageType } from "../messages.ts";
import { encodeArrayHeader, encodeByte, encodeInteger, encodeMapHeader, encodeText } from "./encode.ts";
import { lengthPrefixBytes, writeLengthPrefix } from "./length-prefix.ts";
import { nil } from "./scan.ts";

const falseByte = 0xc2;
const trueByte = 0xc3;

/** Kinds of a completion (HubProtocol.md, "Completion Message Encoding"). */
const errorResult = 1;
const voidResult = 2;
const nonVoidResult = 3;

/** One MessagePack value or header as bytes. */
type Part = Uint8Array;

/** `02 91 06` */
export const pingFrame: Frame = Buffer.from([2, 0x91, MessageType.Ping]);

export const nullValue: Uint8Array = Buffer.from([nil]);

/** An empty error text is nil, as ASP.NET Core writes it. Always three elements. */
export function writeClose(close: { readonly error?: string; readonly allowReconnect?: boolean }): Frame {
  const error = close.error ? encodeText(close.error) : nullValue;
  const allowReconnect = encodeByte(close.allowReconnect === true ? trueByte : falseByte);
  return frameOf([encodeArrayHeader(3), encodeByte(MessageType.Close), error, allowReconnect]);
}

export function writeCompletion(invocationId: string, payload: CompletionPayload, headers?: MessageHeaders): Frame {
  const id = encodeText(invocationId);
  const start = [encodeByte(MessageType.Completion), ...headerMap(headers), id];
  switch (payload.kind) {
    case "error":
      return frameOf([encodeArrayHeader(5), ...start, encodeByte(errorResult), encodeText(payload.error)]);
    case "void":
      return frameOf([encodeArrayHeader(4), ...start, encodeByte(voidResult)]);
    case "result":
      return frameOf([encodeArrayHeader(5), ...start, encodeByte(nonVoidResult), payload.raw]);
  }
}

/** Always six elements: some clients read the sixth without a check. */
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
  return frameOf([
    encodeArrayHeader(4),
    encodeByte(MessageType.StreamItem),
    ...headerMap(headers),
    encodeText(invocationId),
    rawItem,
  ]);
}

export function writeCancelInvocation(invocationId: string, headers?: MessageHeaders): Frame {
  return frameOf([
    encodeArrayHeader(3),
    encodeByte(MessageType.CancelInvocation),
    ...headerMap(headers),
    encodeText(invocationId),
  ]);
}

export function writeAck(sequenceId: number): Frame {
  return frameOf([encodeArrayHeader(2), encodeByte(MessageType.Ack), encodeInteger(BigInt(sequenceId))]);
}

export function writeSequence(sequenceId: number): Frame {
  return frameOf([encodeArrayHeader(2), encodeByte(MessageType.Sequence), encodeInteger(BigInt(sequenceId))]);
}

export function writeScalar(scalar: Scalar): Buffer {
  switch (scalar.kind) {
    case "string":
      return encodeText(scalar.text);
    case "integer":
      return encodeInteger(BigInt(scalar.text));
    case "boolean":
      return encodeByte(scalar.text === "true" ? trueByte : falseByte);
  }
}

export function writeArray(rawElements: readonly Uint8Array[]): Buffer {
  return Buffer.concat([encodeArrayHeader(rawElements.length), ...rawElements]);
}

function invocationFrame(type: number, invocation: RawInvocation, headers: MessageHeaders | undefined): Frame {
  const { target, invocationId, streamIds = [] } = invocation;
  return frameOf([
    encodeArrayHeader(6),
    encodeByte(type),
    ...headerMap(headers),
    invocationId ? encodeText(invocationId) : nullValue,
    encodeText(target),
    encodeArrayHeader(invocation.arguments.length),
    ...invocation.arguments,
    encodeArrayHeader(streamIds.length),
    ...streamIds.map(encodeText),
  ]);
}

function headerMap(headers: MessageHeaders | undefined): readonly Part[] {
  const entries = Object.entries(headers ?? {});
  return [encodeMapHeader(entries.length), ...entries.flat().map(encodeText)];
}

function frameOf(parts: readonly Part[]): Frame {
  let messageBytes = 0;
  for (const part of parts) messageBytes += part.length;
  const frame = Buffer.allocUnsafe(lengthPrefixBytes(messageBytes) + messageBytes);
  let position = writeLengthPrefix(frame, 0, messageBytes);
  for (const part of parts) {
    frame.set(part, position);
    position += part.length;
  }
  return frame;
}
