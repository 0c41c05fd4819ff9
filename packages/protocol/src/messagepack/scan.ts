import { ProtocolError } from "../protocol-error.ts";
import { isUtf8 } from "../utf8.ts";

/**
 * MessagePack over bytes: every function takes the position of a value. All bounds are those of `bytes`, which ends
 * where the frame ends. Reading past the end yields 0 and is followed by a bounds check.
 */

export const nil = 0xc0;

/** Position behind the value at `start`. Containers in it may nest down to `maxDepth`; `depth` of them are open outside. */
export function skipValue(bytes: Uint8Array, start: number, depth: number, maxDepth: number): number {
  let position = start;
  // Values still to come in the innermost container, and in the containers around it.
  let remaining = 1;
  let outer: number[] | undefined;
  let opened = 0;
  for (;;) {
    while (remaining === 0) {
      if (opened === 0) return position;
      opened -= 1;
      remaining = outer?.pop() ?? 0;
    }
    remaining -= 1;
    const format = bytes[position] ?? 0;
    if (!isContainer(format)) {
      position = skipScalar(bytes, position, format);
      continue;
    }
    if (depth + opened >= maxDepth) {
      const cause = `deeper than ${maxDepth} at byte ${position}`;
      throw new ProtocolError("tooDeep", "Error reading MessagePack.", { cause });
    }
    const elements = elementCount(bytes, position);
    position += containerHeaderLength(bytes, position);
    // Each element has at least one byte: a huge count is refused here, before anything is done with it.
    if (elements > bytes.length - position) throw badMessagePack(bytes, position);
    if (elements === 0) continue;
    outer ??= [];
    outer.push(remaining);
    opened += 1;
    remaining = elements;
  }
}

function isContainer(format: number): boolean {
  return (format >= 0x80 && format <= 0x9f) || (format >= 0xdc && format <= 0xdf);
}

/** Number of values in the container at `position`, two per map entry. */
function elementCount(bytes: Uint8Array, position: number): number {
  const length = arrayLength(bytes, position);
  return length >= 0 ? length : 2 * mapLength(bytes, position);
}

/** -1 if the value at `position` is no array. */
export function arrayLength(bytes: Uint8Array, position: number): number {
  const format = bytes[position] ?? 0;
  if (format >= 0x90 && format <= 0x9f) return format & 0x0f;
  if (format === 0xdc) return unsignedAt(bytes, position + 1, 2);
  if (format === 0xdd) return unsignedAt(bytes, position + 1, 4);
  return -1;
}

/** Number of entries, -1 if the value at `position` is no map. */
export function mapLength(bytes: Uint8Array, position: number): number {
  const format = bytes[position] ?? 0;
  if (format >= 0x80 && format <= 0x8f) return format & 0x0f;
  if (format === 0xde) return unsignedAt(bytes, position + 1, 2);
  if (format === 0xdf) return unsignedAt(bytes, position + 1, 4);
  return -1;
}

/** Bytes in front of the first element of the array or map at `position`. */
export function containerHeaderLength(bytes: Uint8Array, position: number): number {
  const format = bytes[position] ?? 0;
  if (format < 0xa0) return 1;
  return format === 0xdc || format === 0xde ? 3 : 5;
}

/** Bytes in front of the text of the string at `position`, -1 if the value is no string. */
export function stringHeaderLength(bytes: Uint8Array, position: number): number {
  const format = bytes[position] ?? 0;
  if (format >= 0xa0 && format <= 0xbf) return 1;
  if (format === 0xd9) return 2;
  if (format === 0xda) return 3;
  if (format === 0xdb) return 5;
  return -1;
}

function skipScalar(bytes: Uint8Array, position: number, format: number): number {
  if (format >= 0xa0 && format <= 0xbf) return textEnd(bytes, position + 1, format & 0x1f);
  if (format >= 0xd9 && format <= 0xdb) {
    const size = 1 << (format - 0xd9);
    return textEnd(bytes, position + 1 + size, unsignedAt(bytes, position + 1, size));
  }
  const end = position + scalarLength(bytes, position);
  if (end > bytes.length) throw badMessagePack(bytes, bytes.length);
  return end;
}

function textEnd(bytes: Uint8Array, start: number, length: number): number {
  const end = start + length;
  if (end > bytes.length) throw badMessagePack(bytes, bytes.length);
  if (!isUtf8(bytes, start, end)) {
    throw new ProtocolError("malformed", "Invalid UTF-8 in a string.", { cause: `text at byte ${start}` });
  }
  return end;
}

/** Whole length of a value that is neither string nor container. */
function scalarLength(bytes: Uint8Array, position: number): number {
  const format = bytes[position];
  if (format === undefined) throw badMessagePack(bytes, position);
  if (format <= 0x7f || format >= 0xe0) return 1;
  switch (format) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return 1;
    case 0xc4: // bin 8, 16, 32
    case 0xc5:
    case 0xc6: {
      const size = 1 << (format - 0xc4);
      return 1 + size + unsignedAt(bytes, position + 1, size);
    }
    case 0xc7: // ext 8, 16, 32: the type comes behind the length
    case 0xc8:
    case 0xc9: {
      const size = 1 << (format - 0xc7);
      return 2 + size + unsignedAt(bytes, position + 1, size);
    }
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return 2;
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return 3;
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return 5;
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return 9;
    case 0xd4: // fixext 1, 2, 4, 8, 16
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return 2 + (1 << (format - 0xd4));
    default: // 0xc1 is not used
      throw badMessagePack(bytes, position);
  }
}

/** Big-endian, 1, 2 or 4 bytes. */
function unsignedAt(bytes: Uint8Array, position: number, size: number): number {
  if (position + size > bytes.length) throw badMessagePack(bytes, bytes.length);
  let value = 0;
  for (let index = 0; index < size; index += 1) value = value * 256 + (bytes[position + index] ?? 0);
  return value;
}

export function badMessagePack(bytes: Uint8Array, position: number): ProtocolError {
  const byte = bytes[position];
  const found = byte === undefined ? "end of message" : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return new ProtocolError("malformed", "Error reading MessagePack.", {
    cause: `${found} at ${position} not expected`,
  });
}
