import type { EnvelopeDraft } from "../envelope-draft.ts";
import type { ByteRange, Frame, PeekLimits } from "../hub-protocol.ts";
import { ProtocolError } from "../protocol-error.ts";
import { tokenKind } from "./object.ts";
import {
  badJson,
  closeBrace,
  closeBracket,
  comma,
  minus,
  openBrace,
  openBracket,
  quote,
  skipColon,
  skipLiteral,
  skipNumber,
  skipString,
  skipValue,
  skipWhitespace,
} from "./scan.ts";
import { decodeString, equalsAscii, hasEscape } from "./text.ts";

// The members of an invocation first: they are looked up most often.
const memberNames = [
  "type",
  "target",
  "arguments",
  "invocationId",
  "streamIds",
  "item",
  "result",
  "error",
  "headers",
  "allowReconnect",
  "sequenceId",
] as const;

export type MemberName = (typeof memberNames)[number];

/** The member named between `start` and `end`; `undefined` for one that the protocol does not know. Case matters. */
export function memberAt(bytes: Frame, start: number, end: number): MemberName | undefined {
  for (const name of memberNames) {
    if (equalsAscii(bytes, start, end, name)) return name;
  }
  if (!hasEscape(bytes, start, end)) return undefined;
  const text = decodeString(bytes, start, end);
  return memberNames.find((name) => name === text);
}

/**
 * Reads the member value at `start` into the envelope; returns the position behind it. A wrong kind is refused
 * whatever the type of the message is, as at the origin.
 */
export function readMember(
  frame: Frame,
  start: number,
  member: MemberName | undefined,
  envelope: EnvelopeDraft,
  limits: PeekLimits,
): number {
  switch (member) {
    case undefined:
      return skipValue(frame, start, 1, limits.maxDepth);
    case "arguments":
      return readArguments(frame, start, envelope, limits);
    case "streamIds":
      return readStreamIds(frame, start, envelope, limits);
    case "headers":
      return checkHeaders(frame, start, limits);
    case "item":
    case "result":
      return readPayload(frame, start, member, envelope, limits);
    case "type":
      return readType(frame, start, envelope);
    case "sequenceId":
      return readSequenceId(frame, start, envelope);
    case "allowReconnect":
      return readAllowReconnect(frame, start, envelope);
    case "target":
    case "invocationId":
    case "error":
      return readText(frame, start, member, envelope);
  }
}

function readArguments(frame: Frame, start: number, envelope: EnvelopeDraft, limits: PeekLimits): number {
  if (envelope.argumentsRange !== undefined) throw duplicate("arguments");
  if (frame[start] !== openBracket) throw wrongKind(frame, start, "arguments", "Array");
  checkDepth(2, limits, start);
  const ranges: ByteRange[] = [];
  let position = skipWhitespace(frame, start + 1);
  while (frame[position] !== closeBracket) {
    if (ranges.length === limits.maxArguments) throw tooMany("arguments", limits);
    const end = skipValue(frame, position, 2, limits.maxDepth);
    ranges.push({ start: position, end });
    position = behindComma(frame, end, closeBracket);
  }
  envelope.argumentsRange = { start, end: position + 1 };
  envelope.argumentRanges = ranges;
  return position + 1;
}

function readStreamIds(frame: Frame, start: number, envelope: EnvelopeDraft, limits: PeekLimits): number {
  if (frame[start] !== openBracket) throw wrongKind(frame, start, "streamIds", "Array");
  checkDepth(2, limits, start);
  const streamIds: string[] = [];
  let position = skipWhitespace(frame, start + 1);
  while (frame[position] !== closeBracket) {
    if (streamIds.length === limits.maxArguments) throw tooMany("streamIds", limits);
    if (frame[position] === 0x6e) {
      skipLiteral(frame, position, "null");
      throw new ProtocolError("malformed", "Null value for 'streamIds' is not valid.");
    }
    if (frame[position] !== quote) throw wrongKind(frame, position, "streamIds", "Array of String");
    const end = skipString(frame, position);
    streamIds.push(stringAt(frame, position, end, "streamIds"));
    position = behindComma(frame, end, closeBracket);
  }
  envelope.streamIds = streamIds;
  return position + 1;
}

/** An object of strings. They travel with the frame and are read by nobody here. */
function checkHeaders(frame: Frame, start: number, limits: PeekLimits): number {
  if (frame[start] !== openBrace) throw wrongKind(frame, start, "headers", "StartObject");
  checkDepth(2, limits, start);
  let position = skipWhitespace(frame, start + 1);
  for (let count = 0; frame[position] !== closeBrace; count += 1) {
    if (count === limits.maxArguments) throw tooMany("headers", limits);
    if (frame[position] !== quote) throw badJson(frame, position);
    const nameEnd = skipString(frame, position);
    const value = skipColon(frame, nameEnd);
    if (frame[value] !== quote) {
      tokenKind(frame, value);
      const name = stringAt(frame, position, nameEnd, "headers");
      throw new ProtocolError("malformed", `Expected header '${name}' to be of type String.`);
    }
    position = behindComma(frame, skipString(frame, value), closeBrace);
  }
  return position + 1;
}

/** From behind an item of an array or object to the next item, or to the `close` byte. */
function behindComma(frame: Frame, end: number, close: number): number {
  const position = skipWhitespace(frame, end);
  if (frame[position] === close) return position;
  if (frame[position] !== comma) throw badJson(frame, position);
  const next = skipWhitespace(frame, position + 1);
  if (frame[next] === close) throw badJson(frame, next);
  return next;
}

function readPayload(
  frame: Frame,
  start: number,
  member: "item" | "result",
  envelope: EnvelopeDraft,
  limits: PeekLimits,
): number {
  // Some readers take the first of two and some the last: no frame may mean two things.
  if (envelope[member] !== undefined) throw duplicate(member);
  const end = skipValue(frame, start, 1, limits.maxDepth);
  envelope[member] = { start, end };
  return end;
}

function readText(
  frame: Frame,
  start: number,
  member: "target" | "invocationId" | "error",
  envelope: EnvelopeDraft,
): number {
  if (frame[start] !== quote) throw wrongKind(frame, start, member, "String");
  const end = skipString(frame, start);
  envelope[member] = stringAt(frame, start, end, member);
  return end;
}

function stringAt(frame: Frame, start: number, end: number, member: MemberName): string {
  const text = decodeString(frame, start + 1, end - 1);
  if (text === undefined) throw new ProtocolError("malformed", `Lone surrogate in '${member}'.`);
  return text;
}

function readType(frame: Frame, start: number, envelope: EnvelopeDraft): number {
  const end = numberEnd(frame, start, "type");
  envelope.type = integerAt(frame, start, end, 0x7fffffff, "Int32");
  return end;
}

function readSequenceId(frame: Frame, start: number, envelope: EnvelopeDraft): number {
  // Null counts as absent here and only here.
  if (frame[start] === 0x6e) return skipLiteral(frame, start, "null");
  const end = numberEnd(frame, start, "sequenceId");
  envelope.sequenceId = integerAt(frame, start, end, Number.MAX_SAFE_INTEGER, "Int64");
  return end;
}

function numberEnd(frame: Frame, start: number, member: MemberName): number {
  const first = frame[start] ?? 0;
  if (first !== minus && (first < 0x30 || first > 0x39)) throw wrongKind(frame, start, member, "Number");
  return skipNumber(frame, start);
}

/** Fractions and exponents are refused even if the value is whole, as by System.Text.Json. */
function integerAt(frame: Frame, start: number, end: number, max: number, kind: string): number {
  const negative = frame[start] === minus;
  let value = 0;
  for (let position = negative ? start + 1 : start; position < end; position += 1) {
    const digit = (frame[position] ?? 0) - 0x30;
    value = value * 10 + digit;
    if (digit < 0 || digit > 9 || value > max) {
      const problem = `Either the JSON value is not in a supported format, or is out of bounds for an ${kind}.`;
      throw new ProtocolError("malformed", problem);
    }
  }
  return negative && value !== 0 ? -value : value;
}

function readAllowReconnect(frame: Frame, start: number, envelope: EnvelopeDraft): number {
  const first = frame[start];
  if (first !== 0x74 && first !== 0x66) {
    tokenKind(frame, start);
    throw new ProtocolError("malformed", "Expected 'allowReconnect' to be true or false.");
  }
  envelope.allowReconnect = first === 0x74;
  return skipLiteral(frame, start, envelope.allowReconnect ? "true" : "false");
}

/** `level` as in `PeekLimits.maxDepth`. */
export function checkDepth(level: number, limits: PeekLimits, position: number): void {
  if (level <= limits.maxDepth) return;
  throw new ProtocolError("tooDeep", "Error reading JSON.", {
    cause: `deeper than ${limits.maxDepth} at byte ${position}`,
  });
}

function wrongKind(frame: Frame, start: number, member: MemberName, kind: string): ProtocolError {
  tokenKind(frame, start); // what is no token at all has another text
  return new ProtocolError("malformed", `Expected '${member}' to be of type ${kind}.`);
}

function duplicate(member: MemberName): ProtocolError {
  return new ProtocolError("malformed", `Duplicate property '${member}'.`);
}

function tooMany(member: MemberName, limits: PeekLimits): ProtocolError {
  return new ProtocolError("tooLarge", `More than ${limits.maxArguments} elements in '${member}'.`);
}
