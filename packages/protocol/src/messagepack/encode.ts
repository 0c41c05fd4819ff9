import { ProtocolError } from "../protocol-error.ts";

/** Single values and headers in their shortest form, as the .NET writer chooses it. */

export function encodeByte(value: number): Buffer {
  return Buffer.from([value]);
}

export function encodeText(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([textHeader(bytes.length), bytes]);
}

function textHeader(length: number): Buffer {
  if (length <= 0x1f) return encodeByte(0xa0 | length);
  if (length <= 0xff) return tagged(0xd9, length, 1);
  return length <= 0xffff ? tagged(0xda, length, 2) : tagged(0xdb, length, 4);
}

export function encodeArrayHeader(length: number): Buffer {
  return containerHeader(length, 0x90, 0xdc);
}

export function encodeMapHeader(entries: number): Buffer {
  return containerHeader(entries, 0x80, 0xde);
}

/** `fixFormat` carries up to 15 in its low bits, `format16` is followed by a 32-bit form. */
function containerHeader(length: number, fixFormat: number, format16: number): Buffer {
  if (length <= 0x0f) return encodeByte(fixFormat | length);
  return length <= 0xffff ? tagged(format16, length, 2) : tagged(format16 + 1, length, 4);
}

/** Throws `ProtocolError` `unsupported` for an integer that no 64-bit format holds. */
export function encodeInteger(value: bigint): Buffer {
  if (value >= 0x80000000n || value < -0x80000000n) return encodeWideInteger(value);
  const small = Number(value);
  if (small >= 0) return encodeUnsigned(small);
  if (small >= -0x20) return encodeByte(small + 0x100);
  if (small >= -0x80) return tagged(0xd0, small + 0x100, 1);
  return small >= -0x8000 ? tagged(0xd1, small + 0x10000, 2) : tagged(0xd2, small + 0x100000000, 4);
}

function encodeUnsigned(value: number): Buffer {
  if (value <= 0x7f) return encodeByte(value);
  if (value <= 0xff) return tagged(0xcc, value, 1);
  return value <= 0xffff ? tagged(0xcd, value, 2) : tagged(0xce, value, 4);
}

function encodeWideInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 0xffffffffn) return tagged(0xce, Number(value), 4);
  if (BigInt.asUintN(64, value) !== value && BigInt.asIntN(64, value) !== value) {
    throw new ProtocolError("unsupported", `Integer ${value} does not fit into 64 bits.`);
  }
  const bytes = Buffer.from([value < 0n ? 0xd3 : 0xcf, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  return bytes;
}

function tagged(format: number, value: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + size);
  bytes[0] = format;
  bytes.writeUIntBE(value, 1, size);
  return bytes;
}
