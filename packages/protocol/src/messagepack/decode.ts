import { integerAt } from "./integer.ts";
import { arrayLength, containerHeaderLength, mapLength, skipValue, stringHeaderLength } from "./scan.ts";

/** An extension value without a form in JavaScript. */
export interface ExtensionValue {
  /** -128 to 127 */
  readonly extensionType: number;
  readonly bytes: Uint8Array;
}

/**
 * The value at `start` of bytes that `skipValue` accepted. 64-bit formats become BigInt, binary a Uint8Array,
 * timestamps a Date, maps objects whose keys are the text of the decoded key.
 * Written here, not left to msgpackr: that one gives application extension types meanings of its own (records,
 * regular expressions, errors), with state shared by the whole process.
 */
export function decodeValue(bytes: Buffer, start: number): unknown {
  const entries = mapLength(bytes, start);
  if (entries >= 0) return decodeMap(bytes, start, entries);
  const length = arrayLength(bytes, start);
  if (length >= 0) return decodeArray(bytes, start, length);
  const header = stringHeaderLength(bytes, start);
  if (header >= 0) return bytes.toString("utf8", start + header, behind(bytes, start));
  return integerAt(bytes, start) ?? decodeOther(bytes, start);
}

export function decodeArray(bytes: Buffer, start: number, length: number): unknown[] {
  const values: unknown[] = [];
  let position = start + containerHeaderLength(bytes, start);
  for (let index = 0; index < length; index += 1) {
    values.push(decodeValue(bytes, position));
    position = behind(bytes, position);
  }
  return values;
}

function decodeMap(bytes: Buffer, start: number, entries: number): Readonly<Record<string, unknown>> {
  const pairs: [string, unknown][] = [];
  let position = start + containerHeaderLength(bytes, start);
  for (let index = 0; index < entries; index += 1) {
    const value = behind(bytes, position);
    pairs.push([String(decodeValue(bytes, position)), decodeValue(bytes, value)]);
    position = behind(bytes, value);
  }
  return Object.fromEntries(pairs);
}

function decodeOther(bytes: Buffer, start: number): unknown {
  const end = behind(bytes, start);
  const format = bytes[start] ?? 0;
  switch (format) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return Uint8Array.from(bytes.subarray(start + 1 + (1 << (format - 0xc4)), end));
    case 0xca:
      return bytes.readFloatBE(start + 1);
    case 0xcb:
      return bytes.readDoubleBE(start + 1);
    default: {
      const isFixed = format >= 0xd4;
      return decodeExtension(bytes, isFixed ? start + 1 : start + 1 + (1 << (format - 0xc7)), end);
    }
  }
}

const timestampType = -1;

/** `start` is the position of the extension's type byte. */
function decodeExtension(bytes: Buffer, start: number, end: number): ExtensionValue | Date {
  const extensionType = bytes.readInt8(start);
  const content = bytes.subarray(start + 1, end);
  const time = extensionType === timestampType ? timeOf(content) : undefined;
  return time ?? { extensionType, bytes: Uint8Array.from(content) };
}

/** The three lengths of the MessagePack timestamp; fractions of a millisecond are cut off. */
function timeOf(content: Buffer): Date | undefined {
  switch (content.length) {
    case 4:
      return new Date(content.readUInt32BE(0) * 1000);
    case 8: {
      const packed = content.readBigUInt64BE(0);
      return new Date(Number(packed & 0x3ffffffffn) * 1000 + Math.floor(Number(packed >> 34n) / 1e6));
    }
    case 12:
      return new Date(Number(content.readBigInt64BE(4)) * 1000 + Math.floor(content.readUInt32BE(0) / 1e6));
    default:
      return undefined;
  }
}

function behind(bytes: Buffer, start: number): number {
  return skipValue(bytes, start, 0, Number.POSITIVE_INFINITY);
}
