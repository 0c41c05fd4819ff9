/**
 * End of the UTF-8 sequence that starts at `start` with a byte of 0x80 or above, or -1 if it is not well formed
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
export function utf8SequenceEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? start + 2 : -1;
  if (first >= 0xe0 && first <= 0xef) {
    const lowest = first === 0xe0 ? 0xa0 : 0x80;
    const highest = first === 0xed ? 0x9f : 0xbf;
    const wellFormed = second >= lowest && second <= highest && isContinuation(bytes[start + 2] ?? 0);
    return wellFormed ? start + 3 : -1;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const lowest = first === 0xf0 ? 0x90 : 0x80;
    const highest = first === 0xf4 ? 0x8f : 0xbf;
    const wellFormed =
      second >= lowest &&
      second <= highest &&
      isContinuation(bytes[start + 2] ?? 0) &&
      isContinuation(bytes[start + 3] ?? 0);
    return wellFormed ? start + 4 : -1;
  }
  return -1;
}

/** Whether the bytes from `start` to `end` (exclusive) are well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  while (position < end) {
    if ((bytes[position] ?? 0) < 0x80) {
      position += 1;
    } else {
      position = utf8SequenceEnd(bytes, position);
      if (position < 0) return false;
    }
  }
  // A sequence that runs over `end` is not inside the range.
  return position === end;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
