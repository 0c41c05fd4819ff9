import type { EnvelopeDraft } from "../envelope-draft.ts";
import { draftEnvelope } from "../envelope-draft.ts";
import type { ByteRange, Envelope, Frame, PeekLimits } from "../hub-protocol.ts";
import { defaultPeekLimits } from "../hub-protocol.ts";
import { MessageType } from "../messages.ts";
import { ProtocolError } from "../protocol-error.ts";
import { integerWithin } from "./integer.ts";
import { messageLength, prefixLength } from "./length-prefix.ts";
import {
  arrayLength,
  badMessagePack,
  containerHeaderLength,
  mapLength,
  nil,
  skipValue,
  stringHeaderLength,
} from "./scan.ts";

/** `HubProtocol.peek` for MessagePack. Elements come in a fixed order (protocol.md 5.2). */
export function peekMessagePack(frame: Frame, limits: PeekLimits = defaultPeekLimits): Envelope {
  const envelope = draftEnvelope();
  let position = messageStart(frame);
  const count = arrayLength(frame, position);
  if (count < 0) throw malformed("Reading array length for 'message' failed.");
  if (limits.maxDepth < 1) throw new ProtocolError("tooDeep", "Error reading MessagePack.");
  position += containerHeaderLength(frame, position);
  if (count > frame.length - position) throw badMessagePack(frame, frame.length);
  const type = integerWithin(frame, position, -0x80000000, 0x7fffffff);
  if (count === 0 || type === undefined) throw malformed("Reading 'messageType' as Int32 failed.");
  envelope.type = type;
  const reader: ElementReader = {
    frame,
    limits,
    position: skipValue(frame, position, 1, limits.maxDepth),
    left: count - 1,
  };
  readElements(reader, envelope);
  for (; reader.left > 0; reader.left -= 1) {
    reader.position = skipValue(frame, reader.position, 1, limits.maxDepth);
  }
  if (reader.position !== frame.length) throw badMessagePack(frame, reader.position);
  return envelope;
}

/** Position behind the length prefix, which must tell the length of exactly this frame. */
export function messageStart(frame: Frame): number {
  const prefixBytes = prefixLength(frame, 0);
  if (prefixBytes < 0 || prefixBytes + messageLength(frame, 0, prefixBytes) !== frame.length) {
    throw malformed("The length prefix does not match the message.");
  }
  return prefixBytes;
}

/** A place in the array of the message. */
interface ElementReader {
  readonly frame: Frame;
  readonly limits: PeekLimits;
  position: number;
  /** Elements from `position` on. */
  left: number;
}

function readElements(reader: ElementReader, envelope: EnvelopeDraft): void {
  switch (envelope.type) {
    case MessageType.Invocation:
      checkHeaders(reader);
      envelope.invocationId = readString(reader, "invocationId") || undefined;
      readInvocation(reader, envelope, "Invocation");
      return;
    case MessageType.StreamInvocation:
      checkHeaders(reader);
      envelope.invocationId = readInvocationId(reader, "StreamInvocation");
      readInvocation(reader, envelope, "StreamInvocation");
      return;
    case MessageType.StreamItem:
      checkHeaders(reader);
      envelope.invocationId = readInvocationId(reader, "StreamItem");
      envelope.item = readRange(reader, "item");
      return;
    case MessageType.Completion:
      checkHeaders(reader);
      envelope.invocationId = readInvocationId(reader, "Completion");
      readCompletion(reader, envelope);
      return;
    case MessageType.CancelInvocation:
      checkHeaders(reader);
      envelope.invocationId = readInvocationId(reader, "CancelInvocation");
      return;
    case MessageType.Close:
      envelope.error = readString(reader, "error");
      if (reader.left > 0) envelope.allowReconnect = readBoolean(reader, "allowReconnect");
      return;
    case MessageType.Ack:
    case MessageType.Sequence:
      envelope.sequenceId = readInteger(reader, "sequenceId", Number.MAX_SAFE_INTEGER, "Int64");
      return;
    default:
      return;
  }
}

function readInvocation(reader: ElementReader, envelope: EnvelopeDraft, kind: string): void {
  const target = readString(reader, "target");
  if (target === undefined || target === "") throw malformed(`Null or empty target for ${kind} message.`);
  envelope.target = target;
  readArguments(reader, envelope);
  if (reader.left > 0) readStreamIds(reader, envelope);
}

function readArguments(reader: ElementReader, envelope: EnvelopeDraft): void {
  const start = reader.position;
  const count = beginContainer(reader, arrayLength, "Reading array length for 'arguments' failed.");
  const ranges: ByteRange[] = [];
  for (let index = 0; index < count; index += 1) {
    const argument = reader.position;
    reader.position = skipValue(reader.frame, argument, 2, reader.limits.maxDepth);
    ranges.push({ start: argument, end: reader.position });
  }
  envelope.argumentsRange = { start, end: reader.position };
  envelope.argumentRanges = ranges;
}

function readStreamIds(reader: ElementReader, envelope: EnvelopeDraft): void {
  const count = beginContainer(reader, arrayLength, "Reading array length for 'streamIds' failed.");
  if (count === 0) return;
  const streamIds: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const streamId = stringAt(reader, "streamIds");
    if (streamId === undefined || streamId === "") throw malformed("Null or empty value in streamIds received.");
    streamIds.push(streamId);
  }
  envelope.streamIds = streamIds;
}

function checkHeaders(reader: ElementReader): void {
  const count = beginContainer(reader, mapLength, "Reading map length for 'headers' failed.");
  for (let index = 0; index < count; index += 1) {
    if (!stringAt(reader, `headers[${index}].Key`)) throw malformed("Null or empty key in header.");
    if (!stringAt(reader, `headers[${index}].Value`)) throw malformed("Null or empty value in header.");
  }
}

const errorResult = 1;
const voidResult = 2;
const nonVoidResult = 3;

function readCompletion(reader: ElementReader, envelope: EnvelopeDraft): void {
  switch (readInteger(reader, "resultKind", 0x7fffffff, "Int32")) {
    case errorResult:
      envelope.error = readString(reader, "error");
      return;
    case voidResult:
      return;
    case nonVoidResult:
      envelope.result = readRange(reader, "result");
      return;
    default:
      throw malformed("Invalid invocation result kind.");
  }
}

function readInvocationId(reader: ElementReader, kind: string): string {
  const invocationId = readString(reader, "invocationId");
  if (invocationId === undefined || invocationId === "") {
    throw malformed(`Null or empty invocation ID for ${kind} message.`);
  }
  return invocationId;
}

/** `undefined` for nil. */
function readString(reader: ElementReader, field: string): string | undefined {
  takeElement(reader, `Reading '${field}' as String failed.`);
  return stringAt(reader, field);
}

/** A string that is no element of the message itself. */
function stringAt(reader: ElementReader, field: string): string | undefined {
  const { frame, position } = reader;
  if (frame[position] === nil) {
    reader.position += 1;
    return undefined;
  }
  const header = stringHeaderLength(frame, position);
  if (header < 0) throw malformed(`Reading '${field}' as String failed.`);
  reader.position = skipValue(frame, position, 1, reader.limits.maxDepth);
  return frame.toString("utf8", position + header, reader.position);
}

function readBoolean(reader: ElementReader, field: string): boolean {
  const failure = `Reading '${field}' as Boolean failed.`;
  takeElement(reader, failure);
  const byte = reader.frame[reader.position];
  if (byte !== 0xc2 && byte !== 0xc3) throw malformed(failure);
  reader.position += 1;
  return byte === 0xc3;
}

function readInteger(reader: ElementReader, field: string, max: number, kind: string): number {
  const failure = `Reading '${field}' as ${kind} failed.`;
  takeElement(reader, failure);
  const value = integerWithin(reader.frame, reader.position, -max, max);
  if (value === undefined) throw malformed(failure);
  reader.position = skipValue(reader.frame, reader.position, 1, reader.limits.maxDepth);
  return value;
}

function readRange(reader: ElementReader, field: string): ByteRange {
  takeElement(reader, `Reading '${field}' failed.`);
  const start = reader.position;
  reader.position = skipValue(reader.frame, start, 1, reader.limits.maxDepth);
  return { start, end: reader.position };
}

/** Enters an array or map that is an element of the message; returns the length in its header. */
function beginContainer(
  reader: ElementReader,
  lengthOf: (bytes: Uint8Array, position: number) => number,
  failure: string,
): number {
  takeElement(reader, failure);
  const count = lengthOf(reader.frame, reader.position);
  if (count < 0) throw malformed(failure);
  if (reader.limits.maxDepth < 2) throw new ProtocolError("tooDeep", "Error reading MessagePack.");
  reader.position += containerHeaderLength(reader.frame, reader.position);
  if (count > reader.frame.length - reader.position) throw badMessagePack(reader.frame, reader.frame.length);
  if (count > reader.limits.maxArguments) {
    throw new ProtocolError("tooLarge", `${count} elements exceed the maximum of ${reader.limits.maxArguments}.`);
  }
  return count;
}

function takeElement(reader: ElementReader, failure: string): void {
  if (reader.left === 0) throw malformed(failure);
  reader.left -= 1;
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("malformed", message);
}
