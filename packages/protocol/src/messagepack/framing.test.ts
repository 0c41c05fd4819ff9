import { describe, expect, test } from "vitest";
import { framesOf, hex, hexOf, refusal } from "../frames.testing.ts";
import { MessagePackFrameSplitter } from "./framing.ts";
import { lengthPrefixBytes, writeLengthPrefix } from "./length-prefix.ts";

const ping = hex("02 91 06");
const completion = hex("08 94 03 80 a3 78 79 7a 02");

/** A frame of `messageBytes` bytes behind the prefix; only its length means anything. */
function frameOf(messageBytes: number): Buffer {
  const prefix = Buffer.alloc(lengthPrefixBytes(messageBytes));
  writeLengthPrefix(prefix, 0, messageBytes);
  return Buffer.concat([prefix, Buffer.alloc(messageBytes, 0x1e)]);
}

test.each([
  [0, "00"],
  [3, "03"],
  [127, "7f"],
  [128, "80 01"],
  [16_383, "ff 7f"],
  [16_384, "80 80 01"],
  [32_768, "80 80 02"],
  [0x7fffffff, "ff ff ff ff 07"],
])("a length of %i is written as %s", (length, expected) => {
  const bytes = Buffer.alloc(lengthPrefixBytes(length));
  expect(writeLengthPrefix(bytes, 0, length)).toBe(bytes.length);
  expect(bytes).toEqual(hex(expected));
});

test("frames that lie whole in a chunk are views of it", () => {
  const chunk = Buffer.concat([ping, completion, hex("00")]);
  const frames: Buffer[] = [];
  new MessagePackFrameSplitter(1000).push(chunk, (frame) => frames.push(frame));
  expect(frames).toEqual([ping, completion, hex("00")]);
  for (const frame of frames) expect(frame.buffer).toBe(chunk.buffer);
});

test("a stream cut at any two bytes yields the same frames, inside a prefix too", () => {
  const long = frameOf(130);
  const stream = Buffer.concat([ping, long, completion]);
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      const splitter = new MessagePackFrameSplitter(1000);
      const pieces = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
      expect(framesOf(splitter, pieces).map(hexOf)).toEqual([ping, long, completion].map(hexOf));
      expect(splitter.bufferedBytes).toBe(0);
    }
  }
});

test("single bytes yield frames with prefixes of one, two and three bytes", () => {
  const frames = [ping, frameOf(127), frameOf(128), frameOf(16_384), ping];
  const pieces = [...Buffer.concat(frames)].map((byte) => Uint8Array.of(byte));
  expect(framesOf(new MessagePackFrameSplitter(20_000), pieces)).toEqual(frames);
});

test("a prefix longer than needed counts as it stands", () => {
  const frame = hex("82 00 91 06");
  expect(framesOf(new MessagePackFrameSplitter(4), [frame])).toEqual([frame]);
});

describe("with a limit of 32 768 bytes", () => {
  test("a frame of exactly that passes", () => {
    const frame = frameOf(32_765);
    expect(frame).toHaveLength(32_768);
    expect(framesOf(new MessagePackFrameSplitter(32_768), [frame])).toEqual([frame]);
  });

  test("one byte more is refused by its prefix alone, before anything is kept", () => {
    const splitter = new MessagePackFrameSplitter(32_768);
    const error = refusal(() => framesOf(splitter, [frameOf(32_766).subarray(0, 3)]));
    expect(error.code).toBe("tooLarge");
    expect(error.message).toContain("The maximum message size of 32768B was exceeded.");
    expect(splitter.bufferedBytes).toBe(0);
  });

  test("it is refused as well if the prefix comes in pieces", () => {
    const pieces = [...frameOf(32_766).subarray(0, 3)].map((byte) => Uint8Array.of(byte));
    expect(refusal(() => framesOf(new MessagePackFrameSplitter(32_768), pieces)).code).toBe("tooLarge");
  });

  test("frames in front of it are delivered", () => {
    const frames: Buffer[] = [];
    const chunk = Buffer.concat([ping, frameOf(40_000)]);
    refusal(() => new MessagePackFrameSplitter(32_768).push(chunk, (frame) => frames.push(frame)));
    expect(frames).toEqual([ping]);
  });
});

test.each([
  ["80 80 80 80 80 01", "a prefix of six bytes"],
  ["ff ff ff ff ff", "a prefix that goes on after five bytes"],
  ["80 80 80 80 08", "a length of 2 GiB"],
  ["ff ff ff ff 7f", "a length of 32 GiB"],
])("%s is malformed: %s", (text) => {
  const error = refusal(() => framesOf(new MessagePackFrameSplitter(Number.MAX_SAFE_INTEGER), [hex(text)]));
  expect(error.code).toBe("malformed");
  expect(error.message).toBe("Messages over 2GB in size are not supported.");
  const pieces = [...hex(text)].map((byte) => Uint8Array.of(byte));
  expect(refusal(() => framesOf(new MessagePackFrameSplitter(Number.MAX_SAFE_INTEGER), pieces)).code).toBe("malformed");
});

test("a declared length allocates nothing", () => {
  const splitter = new MessagePackFrameSplitter(Number.MAX_SAFE_INTEGER);
  const before = process.memoryUsage().arrayBuffers;
  framesOf(splitter, [hex("ff ff ff ff 07")]);
  expect(splitter.bufferedBytes).toBe(5);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
