import { describe, expect, test } from "vitest";
import { framesOf, hexOf, json, refusal } from "../frames.testing.ts";
import { JsonFrameSplitter } from "./framing.ts";

const ping = json('{"type":6}');
const invocation = json('{"type":1,"target":"é😀","arguments":["\u2028"]}');

test("frames that lie whole in a chunk are views of it", () => {
  const chunk = Buffer.concat([ping, invocation]);
  const frames: Buffer[] = [];
  new JsonFrameSplitter(1000).push(chunk, (frame) => frames.push(frame));
  expect(frames).toEqual([ping, invocation]);
  for (const frame of frames) expect(frame.buffer).toBe(chunk.buffer);
});

test("a plain Uint8Array is not copied either", () => {
  const chunk = Uint8Array.from(ping);
  const frames: Buffer[] = [];
  new JsonFrameSplitter(1000).push(chunk, (frame) => frames.push(frame));
  expect(frames).toEqual([ping]);
  expect(frames[0]?.buffer).toBe(chunk.buffer);
});

test("a stream cut at any two bytes yields the same frames, inside characters too", () => {
  const stream = Buffer.concat([ping, invocation, ping]);
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      const splitter = new JsonFrameSplitter(1000);
      const pieces = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
      expect(framesOf(splitter, pieces).map(hexOf)).toEqual([ping, invocation, ping].map(hexOf));
      expect(splitter.bufferedBytes).toBe(0);
    }
  }
});

test("single bytes yield the frames as they end", () => {
  const splitter = new JsonFrameSplitter(1000);
  const stream = Buffer.concat([ping, invocation]);
  const pieces = [...stream].map((byte) => Uint8Array.of(byte));
  expect(framesOf(splitter, pieces)).toEqual([ping, invocation]);
});

test("empty chunks change nothing", () => {
  const splitter = new JsonFrameSplitter(1000);
  expect(framesOf(splitter, [Buffer.alloc(0), ping.subarray(0, 4), Buffer.alloc(0), ping.subarray(4)])).toEqual([ping]);
});

test("the bytes of the incomplete frame are counted", () => {
  const splitter = new JsonFrameSplitter(1000);
  framesOf(splitter, [ping, ping.subarray(0, 3)]);
  expect(splitter.bufferedBytes).toBe(3);
});

describe("with a limit of 32 bytes", () => {
  const exact = json("x".repeat(31));
  const oneMore = json("x".repeat(32));

  test("a frame of 32 bytes with its separator passes, whole or in pieces", () => {
    expect(framesOf(new JsonFrameSplitter(32), [exact])).toEqual([exact]);
    expect(framesOf(new JsonFrameSplitter(32), [exact.subarray(0, 31), exact.subarray(31)])).toEqual([exact]);
  });

  test("a complete frame of 33 bytes is refused in the origin's words", () => {
    const error = refusal(() => framesOf(new JsonFrameSplitter(32), [oneMore]));
    expect(error.code).toBe("tooLarge");
    expect(error.message).toBe(
      "The maximum message size of 32B was exceeded. The message size can be configured in AddHubOptions.",
    );
  });

  test("an incomplete frame is refused as soon as 32 bytes have come without a separator", () => {
    const splitter = new JsonFrameSplitter(32);
    framesOf(splitter, [oneMore.subarray(0, 31)]);
    expect(refusal(() => framesOf(splitter, [oneMore.subarray(31, 32)])).code).toBe("tooLarge");
  });

  test("frames in front of the one that is too large are delivered", () => {
    const frames: Buffer[] = [];
    const chunk = Buffer.concat([ping, exact, oneMore]);
    refusal(() => new JsonFrameSplitter(32).push(chunk, (frame) => frames.push(frame)));
    expect(frames).toEqual([ping, exact]);
  });
});

test("what the consumer throws passes through", () => {
  const failure = new Error("consumer");
  const push = () =>
    new JsonFrameSplitter(100).push(ping, () => {
      throw failure;
    });
  expect(push).toThrow(failure);
});

test("a frame that crossed chunks is not overwritten by the next one", () => {
  const splitter = new JsonFrameSplitter(1000);
  const kept: Buffer[] = [];
  for (const text of ['{"a":1}', '{"b":2}', '{"c":3}']) {
    const frame = json(text);
    splitter.push(frame.subarray(0, 3), () => expect.fail("not complete"));
    splitter.push(frame.subarray(3), (complete) => kept.push(complete));
  }
  expect(kept.map(String)).toEqual(['{"a":1}\u001e', '{"b":2}\u001e', '{"c":3}\u001e']);
});
