import type { ByteRange, Frame, PathStep, Scalar } from "../hub-protocol.ts";
import type { NameMatch } from "../property-name.ts";
import { matchName, matchNameBytes } from "../property-name.ts";
import {
  closeBrace,
  closeBracket,
  minus,
  openBrace,
  openBracket,
  quote,
  skipColon,
  skipNumber,
  skipString,
  skipValue,
  skipWhitespace,
} from "./scan.ts";
import { decodeString } from "./text.ts";

/** `HubProtocol.readScalar` for JSON. */
export function readScalar(frame: Frame, range: ByteRange, path: readonly PathStep[]): Scalar | undefined {
  const position = locate(frame, range.start, path);
  return position < 0 ? undefined : scalarAt(frame, position);
}

/** `HubProtocol.readScalars` for JSON. */
export function readScalars(frame: Frame, range: ByteRange, path: readonly PathStep[]): readonly Scalar[] | undefined {
  const ranges = elementRanges(frame, range, path);
  if (ranges === undefined) return undefined;
  const scalars: Scalar[] = [];
  for (const { start } of ranges) {
    const scalar = scalarAt(frame, start);
    if (scalar === undefined) return undefined;
    scalars.push(scalar);
  }
  return scalars;
}

/** `HubProtocol.elementRanges` for JSON. */
export function elementRanges(
  frame: Frame,
  range: ByteRange,
  path: readonly PathStep[],
): readonly ByteRange[] | undefined {
  const array = locate(frame, range.start, path);
  if (array < 0 || frame[array] !== openBracket) return undefined;
  const ranges: ByteRange[] = [];
  let start = skipWhitespace(frame, array + 1);
  while (frame[start] !== closeBracket) {
    const end = skipAccepted(frame, start);
    ranges.push({ start, end });
    start = nextItem(frame, end);
  }
  return ranges;
}

/** Position of the value that `path` leads to, -1 if it leads nowhere. */
function locate(frame: Frame, start: number, path: readonly PathStep[]): number {
  let position = start;
  for (const step of path) {
    position = typeof step === "number" ? elementAt(frame, position, step) : propertyAt(frame, position, step);
    if (position < 0) break;
  }
  return position;
}

function elementAt(frame: Frame, array: number, index: number): number {
  if (frame[array] !== openBracket) return -1;
  let position = skipWhitespace(frame, array + 1);
  for (let passed = 0; frame[position] !== closeBracket; passed += 1) {
    if (passed === index) return position;
    position = nextItem(frame, skipAccepted(frame, position));
  }
  return -1;
}

/** The last of several equal names, as JSON.parse and System.Text.Json take it. */
function propertyAt(frame: Frame, object: number, name: string): number {
  if (frame[object] !== openBrace) return -1;
  let exact = -1;
  let ignoringCase = -1;
  let position = skipWhitespace(frame, object + 1);
  while (frame[position] !== closeBrace) {
    const nameEnd = skipString(frame, position);
    const value = skipColon(frame, nameEnd);
    const match = matchAt(frame, position + 1, nameEnd - 1, name);
    if (match === "exact") exact = value;
    if (match === "ignoringCase") ignoringCase = value;
    position = nextItem(frame, skipAccepted(frame, value));
  }
  return exact >= 0 ? exact : ignoringCase;
}

function matchAt(frame: Frame, start: number, end: number, name: string): NameMatch {
  const match = matchNameBytes(frame, start, end, name);
  if (match !== undefined) return match;
  const text = decodeString(frame, start, end);
  return text === undefined ? "none" : matchName(text, name);
}

/** From behind an element or property to the next one, or to the closing bracket or brace. */
function nextItem(frame: Frame, end: number): number {
  const position = skipWhitespace(frame, end);
  const byte = frame[position];
  return byte === closeBracket || byte === closeBrace ? position : skipWhitespace(frame, position + 1);
}

/** `peek` has checked the depth. */
function skipAccepted(frame: Frame, start: number): number {
  return skipValue(frame, start, 0, Number.POSITIVE_INFINITY);
}

function scalarAt(frame: Frame, start: number): Scalar | undefined {
  const first = frame[start] ?? 0;
  if (first === quote) {
    const text = decodeString(frame, start + 1, skipString(frame, start) - 1);
    return text === undefined ? undefined : { kind: "string", text };
  }
  if (first === minus || (first >= 0x30 && first <= 0x39)) {
    const text = frame.toString("latin1", start, skipNumber(frame, start));
    if (!/^-?\d+$/.test(text)) return undefined;
    return { kind: "integer", text: text === "-0" ? "0" : text };
  }
  if (first === 0x74) return { kind: "boolean", text: "true" };
  if (first === 0x66) return { kind: "boolean", text: "false" };
  return undefined;
}
