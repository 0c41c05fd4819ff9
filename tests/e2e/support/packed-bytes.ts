/** MessagePack by hand, where a test needs one of several encodings of a value. */

/** A short string. */
export function packedText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 31) throw new Error(`${bytes.length} bytes are too long for a fixstr`);
  return Buffer.concat([Buffer.from([0xa0 | bytes.length]), bytes]);
}

/** An integer from 0 to 127 in one byte, every other one as uint64 or int64. */
export function packedInteger(value: number | bigint): Buffer {
  if (value >= 0 && value <= 127) return Buffer.from([Number(value)]);
  const bytes = Buffer.alloc(9);
  bytes[0] = value < 0 ? 0xd3 : 0xcf;
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)), 1);
  return bytes;
}

/** A map of at most 15 names. */
export function keyedMap(entries: readonly (readonly [string, Uint8Array])[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x80 | entries.length]),
    ...entries.flatMap(([name, value]) => [packedText(name), value]),
  ]);
}
