import { constants, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { serverMaxWindowBits, sharedDeflate } from "./shared-deflate.ts";

const tail = Buffer.from([0, 0, 0xff, 0xff]);
const minBytes = 100;
const deflate = sharedDeflate(minBytes);

function inflate(payload: Buffer): Buffer {
  const options = { windowBits: serverMaxWindowBits, finishFlush: constants.Z_SYNC_FLUSH };
  return inflateRawSync(Buffer.concat([payload, tail]), options);
}

/** Bytes that deflate cannot make smaller, the same in each run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (state * 48_271) % 2_147_483_647;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

describe.each([minBytes, 300, 5000, 40_000, 1_000_000])("%i bytes", (length) => {
  const message = Buffer.from("{price:1.85},".repeat(Math.ceil(length / 13)).slice(0, length));

  test("are smaller, without the end of the flush, and inflate in the window that was negotiated", () => {
    const payload = deflate(message);
    if (payload === undefined) throw new Error("not compressed");
    expect(payload.length).toBeLessThan(length);
    expect(payload.subarray(-4).equals(tail)).toBe(false);
    expect(inflate(payload).equals(message)).toBe(true);
  });

  test("depend on nothing that was compressed before", () => {
    const first = deflate(message);
    deflate(Buffer.from("a secret".repeat(100)));
    expect(deflate(message)?.equals(first ?? tail)).toBe(true);
  });
});

test("what is below the minimum, or does not get smaller, is left alone", () => {
  expect(deflate(Buffer.alloc(minBytes - 1))).toBeUndefined();
  expect(deflate(noise(5000))).toBeUndefined();
});
