/**
 * The integer at `position` in any of its encodings, 64 bits exact. `undefined` for any other format, floats
 * included, and if the bytes end before it.
 */
export function integerAt(bytes: Buffer, position: number): number | bigint | undefined {
  const format = bytes[position];
  if (format === undefined) return undefined;
  if (format <= 0x7f) return format;
  if (format >= 0xe0) return format - 0x100;
  const size = integerSize(format);
  if (size === 0 || position + 1 + size > bytes.length) return undefined;
  switch (format) {
    case 0xcf:
      return bytes.readBigUInt64BE(position + 1);
    case 0xd3:
      return bytes.readBigInt64BE(position + 1);
    default:
      return format >= 0xd0 ? bytes.readIntBE(position + 1, size) : bytes.readUIntBE(position + 1, size);
  }
}

/** The integer at `position` if it lies within `min` and `max`, which are safe integers. */
export function integerWithin(bytes: Buffer, position: number, min: number, max: number): number | undefined {
  const value = integerAt(bytes, position);
  return value !== undefined && value >= min && value <= max ? Number(value) : undefined;
}

function integerSize(format: number): number {
  if (format >= 0xcc && format <= 0xcf) return 1 << (format - 0xcc);
  if (format >= 0xd0 && format <= 0xd3) return 1 << (format - 0xd0);
  return 0;
}
