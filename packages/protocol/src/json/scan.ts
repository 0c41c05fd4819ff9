import { ProtocolError } from "../protocol-error.ts";
import { utf8SequenceEnd } from "../utf8.ts";

/**
 * RFC 8259 over bytes: every function takes the position of a token and returns the position behind it, or throws.
 * Reading past the end yields 0, which no token allows, so a truncated text ends every loop by itself.
 */

export const recordSeparator = 0x1e;
export const quote = 0x22;
export const comma = 0x2c;
export const minus = 0x2d;
export const colon = 0x3a;
export const openBracket = 0x5b;
export const backslash = 0x5c;
export const closeBracket = 0x5d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;

const zero = 0x30;
const nine = 0x39;

/** Position behind the value at `start`. Containers in it may nest down to `maxDepth`; `depth` of them are open outside. */
export function skipValue(bytes: Uint8Array, start: number, depth: number, maxDepth: number): number {
  // One bit per container opened here, the innermost lowest, 1 for an object; full words move to `outerKinds`.
  let kinds = 0;
  let outerKinds: number[] | undefined;
  let opened = 0;
  let position = start;
  for (;;) {
    const byte = bytes[position] ?? 0;
    if (byte === openBrace || byte === openBracket) {
      if (depth + opened >= maxDepth) {
        const cause = `deeper than ${maxDepth} at byte ${position}`;
        throw new ProtocolError("tooDeep", "Error reading JSON.", { cause });
      }
      const isObject = byte === openBrace;
      position = skipWhitespace(bytes, position + 1);
      if (bytes[position] !== (isObject ? closeBrace : closeBracket)) {
        if (opened > 0 && (opened & 31) === 0) {
          outerKinds ??= [];
          outerKinds.push(kinds);
        }
        kinds = (kinds << 1) | (isObject ? 1 : 0);
        opened += 1;
        if (isObject) position = skipName(bytes, position);
        continue;
      }
      position += 1;
    } else {
      position = skipScalar(bytes, position, byte);
    }
    // A value ends here: leave the containers that end with it, then go to the next value.
    for (;;) {
      if (opened === 0) return position;
      position = skipWhitespace(bytes, position);
      const inObject = (kinds & 1) === 1;
      const next = bytes[position];
      if (next === comma) {
        position = skipWhitespace(bytes, position + 1);
        if (inObject) position = skipName(bytes, position);
        break;
      }
      if (next !== (inObject ? closeBrace : closeBracket)) throw badJson(bytes, position);
      position += 1;
      opened -= 1;
      kinds = opened > 0 && (opened & 31) === 0 ? (outerKinds?.pop() ?? 0) : kinds >>> 1;
    }
  }
}

function skipScalar(bytes: Uint8Array, start: number, first: number): number {
  if (first === quote) return skipString(bytes, start);
  if (first === minus || (first >= zero && first <= nine)) return skipNumber(bytes, start);
  if (first === 0x74) return skipLiteral(bytes, start, "true");
  if (first === 0x66) return skipLiteral(bytes, start, "false");
  if (first === 0x6e) return skipLiteral(bytes, start, "null");
  throw badJson(bytes, start);
}

/** A member name with its colon; returns the position of the member's value. */
export function skipName(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== quote) throw badJson(bytes, start);
  return skipColon(bytes, skipString(bytes, start));
}

/** The colon behind a member name, with white space; returns the position of the member's value. */
export function skipColon(bytes: Uint8Array, start: number): number {
  const position = skipWhitespace(bytes, start);
  if (bytes[position] !== colon) throw badJson(bytes, position);
  return skipWhitespace(bytes, position + 1);
}

export function skipWhitespace(bytes: Uint8Array, start: number): number {
  let position = start;
  for (;;) {
    const byte = bytes[position] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return position;
    position += 1;
  }
}

/** `start` is the position of the opening quote, the result is behind the closing one. */
export function skipString(bytes: Uint8Array, start: number): number {
  let position = start + 1;
  for (;;) {
    const byte = bytes[position] ?? 0;
    if (byte === quote) return position + 1;
    if (byte < 0x20) throw badJson(bytes, position);
    if (byte === backslash) {
      position = skipEscape(bytes, position);
    } else if (byte < 0x80) {
      position += 1;
    } else {
      const end = utf8SequenceEnd(bytes, position);
      if (end < 0) throw badJson(bytes, position);
      position = end;
    }
  }
}

function skipEscape(bytes: Uint8Array, start: number): number {
  switch (bytes[start + 1]) {
    case quote:
    case backslash:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return start + 2;
    case 0x75: // u
      for (let position = start + 2; position < start + 6; position += 1) {
        if (!isHexDigit(bytes[position] ?? 0)) throw badJson(bytes, position);
      }
      return start + 6;
    default:
      throw badJson(bytes, start + 1);
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= zero && byte <= nine) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

export function skipNumber(bytes: Uint8Array, start: number): number {
  let position = bytes[start] === minus ? start + 1 : start;
  position = bytes[position] === zero ? position + 1 : skipDigits(bytes, position);
  if (bytes[position] === 0x2e) position = skipDigits(bytes, position + 1);
  const exponent = bytes[position];
  if (exponent === 0x65 || exponent === 0x45) {
    const sign = bytes[position + 1];
    position = skipDigits(bytes, sign === 0x2b || sign === minus ? position + 2 : position + 1);
  }
  return position;
}

/** One digit or more. */
function skipDigits(bytes: Uint8Array, start: number): number {
  let position = start;
  for (;;) {
    const byte = bytes[position] ?? 0;
    if (byte < zero || byte > nine) break;
    position += 1;
  }
  if (position === start) throw badJson(bytes, position);
  return position;
}

export function skipLiteral(bytes: Uint8Array, start: number, literal: string): number {
  for (let index = 1; index < literal.length; index += 1) {
    if (bytes[start + index] !== literal.charCodeAt(index)) throw badJson(bytes, start + index);
  }
  return start + literal.length;
}

/** The origin's text for any syntax error; where it is goes into the cause. */
export function badJson(bytes: Uint8Array, position: number): ProtocolError {
  const byte = bytes[position];
  const found = byte === undefined ? "end of text" : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return new ProtocolError("malformed", "Error reading JSON.", { cause: `${found} at ${position} not expected` });
}
