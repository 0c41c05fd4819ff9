import { ProtocolError } from "../protocol-error.ts";

/** The VarInt in front of each message: little-endian base 128, 7 bits a byte, top bit for "more follows". */
const maxPrefixBytes = 5;

const maxMessageBytes = 0x7fffffff;

/**
 * Bytes of the prefix at `start`, -1 if `bytes` ends before it does. Throws `ProtocolError` `malformed` for more than
 * five, as soon as that is certain.
 */
export function prefixLength(bytes: Uint8Array, start: number): number {
  for (let length = 1; length <= maxPrefixBytes; length += 1) {
    const byte = bytes[start + length - 1];
    if (byte === undefined) return -1;
    if (byte < 0x80) return length;
  }
  throw tooLong();
}

/** Length of the message behind a complete prefix. Throws `ProtocolError` `malformed` for 2 GiB and more. */
export function messageLength(bytes: Uint8Array, start: number, prefixBytes: number): number {
  let length = 0;
  for (let index = prefixBytes - 1; index >= 0; index -= 1)
    length = length * 0x80 + ((bytes[start + index] ?? 0) & 0x7f);
  if (length > maxMessageBytes) throw tooLong();
  return length;
}

function tooLong(): ProtocolError {
  return new ProtocolError("malformed", "Messages over 2GB in size are not supported.");
}

export function lengthPrefixBytes(messageBytes: number): number {
  let count = 1;
  for (let rest = messageBytes; rest >= 0x80; rest = Math.floor(rest / 0x80)) count += 1;
  return count;
}

/** Returns the position behind the prefix. */
export function writeLengthPrefix(into: Buffer, position: number, messageBytes: number): number {
  let next = position;
  let rest = messageBytes;
  while (rest >= 0x80) {
    into[next] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    next += 1;
  }
  into[next] = rest;
  return next + 1;
}
