import fc from "fast-check";

// Floats, unsigned and signed integers.
const fixedWidths: readonly [number, number][] = [
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
];

function withContent(format: number, width: number): fc.Arbitrary<Buffer> {
  return fc
    .uint8Array({ minLength: width, maxLength: width })
    .map((content) => Buffer.concat([Buffer.from([format]), content]));
}

export function messagePackText(content: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc.tuple(content, fc.constantFrom(0, 1, 2, 4)).map(([value, width]) => {
    const bytes = Buffer.from(value);
    const header = bytes.length < 32 && width === 0 ? [0xa0 | bytes.length] : sized(0xd9, width || 1, bytes.length);
    return Buffer.concat([Buffer.from(header), bytes]);
  });
}

const binary = fc
  .tuple(fc.uint8Array({ maxLength: 8 }), fc.constantFrom(1, 2, 4))
  .map(([content, width]) => Buffer.concat([Buffer.from(sized(0xc4, width, content.length)), content]));

// Whole milliseconds: a Date holds no more, and decoders differ in how they round.
const timestamp = fc
  .tuple(
    fc.nat({ max: 999 }).map((milliseconds) => milliseconds * 1_000_000),
    fc.nat({ max: 0x7fffffff }),
    fc.constantFrom(4, 8, 12),
  )
  .map(([nanoseconds, seconds, width]) => {
    const content = Buffer.alloc(width);
    if (width === 4) content.writeUInt32BE(seconds);
    if (width === 8) content.writeBigUInt64BE((BigInt(nanoseconds) << 34n) | BigInt(seconds));
    if (width === 12) {
      content.writeUInt32BE(nanoseconds);
      content.writeBigInt64BE(BigInt(seconds), 4);
    }
    const header = { 4: [0xd6, 0xff], 8: [0xd7, 0xff], 12: [0xc7, 12, 0xff] }[width] ?? [];
    return Buffer.concat([Buffer.from(header), content]);
  });

/** Values as MessagePack bytes, in any of their encodings, short ones and needlessly long ones. */
export const messagePackValue: fc.Arbitrary<Buffer> = fc.letrec<{ value: Buffer; leaf: Buffer }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: "small" }, tie("leaf"), arrayOf(tie("value")), mapOf(tie("value"))),
  leaf: fc.oneof(
    fc.constantFrom([0xc0], [0xc2], [0xc3]).map(Buffer.from),
    fc.integer({ min: 0, max: 0x7f }).map((value) => Buffer.from([value])),
    fc.integer({ min: 0xe0, max: 0xff }).map((value) => Buffer.from([value])),
    ...fixedWidths.map(([format, width]) => withContent(format, width)),
    messagePackText(fc.string({ unit: "binary", maxLength: 8 })),
    binary,
    timestamp,
  ),
})).value;

function arrayOf(value: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc.tuple(fc.array(value, { maxLength: 4 }), fc.constantFrom(0, 2, 4)).map(([elements, width]) => {
    const header = width === 0 ? [0x90 | elements.length] : sized(0xdc, width, elements.length, 2);
    return Buffer.concat([Buffer.from(header), ...elements]);
  });
}

function mapOf(value: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const entry = fc.tuple(messagePackText(fc.string({ maxLength: 4 }).map((name) => `k${name}`)), value);
  return fc.tuple(fc.array(entry, { maxLength: 4 }), fc.constantFrom(0, 2, 4)).map(([entries, width]) => {
    const header = width === 0 ? [0x80 | entries.length] : sized(0xde, width, entries.length, 2);
    return Buffer.concat([Buffer.from(header), ...entries.flat()]);
  });
}

/** A format byte and a length of `width` bytes; `format` is that of `narrowest`. */
function sized(format: number, width: number, length: number, narrowest = 1): number[] {
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = format + Math.log2(width / narrowest);
  bytes.writeUIntBE(length, 1, width);
  return [...bytes];
}

/** Puts the length prefix in front, as long as it has to be. */
export function framed(parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts);
  const prefix: number[] = [];
  for (let rest = message.length; ; rest >>>= 7) {
    prefix.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(prefix), message]);
  }
}
