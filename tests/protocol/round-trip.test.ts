import { hubProtocols } from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunksOf, hubMessage } from "./arbitraries.ts";

/** For comparison: 64-bit formats are read as BigInt. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNumbers(member)]));
}

describe.each(Object.values(hubProtocols))("$name", (protocol) => {
  test("a message that is written and read is the same message", () => {
    fc.assert(
      fc.property(hubMessage, (message) => {
        expect(withNumbers(protocol.parse(protocol.write(message)))).toStrictEqual(withNumbers(message));
      }),
      { numRuns: 2000 },
    );
  });

  test("a frame made of the raw ranges of another frame has the same bytes", () => {
    fc.assert(
      fc.property(hubMessage, (message) => {
        const { headers: _, ...bare } = { headers: {}, ...message };
        const frame = protocol.write(bare);
        const {
          type,
          target = "",
          invocationId,
          streamIds,
          argumentRanges,
          item,
          result,
          error,
        } = protocol.peek(frame);
        const raw = (range: { start: number; end: number }): Uint8Array => frame.subarray(range.start, range.end);
        const invocation = { target, arguments: argumentRanges.map(raw), streamIds };
        if (type === 1)
          expect(protocol.writeInvocation({ ...invocation, ...(invocationId ? { invocationId } : {}) })).toEqual(frame);
        if (invocationId === undefined) return;
        if (type === 4) expect(protocol.writeStreamInvocation({ ...invocation, invocationId })).toEqual(frame);
        if (type === 5) expect(protocol.writeCancelInvocation(invocationId)).toEqual(frame);
        if (item !== undefined) expect(protocol.writeStreamItem(invocationId, raw(item))).toEqual(frame);
        if (type !== 3) return;
        const payload = result
          ? { kind: "result" as const, raw: raw(result) }
          : error
            ? { kind: "error" as const, error }
            : { kind: "void" as const };
        expect(protocol.writeCompletion(invocationId, payload)).toEqual(frame);
      }),
      { numRuns: 2000 },
    );
  });

  test("a stream of frames cut anywhere yields the frames, and never holds more than the last one", () => {
    const streams = fc
      .array(hubMessage, { minLength: 1, maxLength: 6 })
      .map((messages) => messages.map((message) => protocol.write(message)))
      .chain((frames) => fc.tuple(fc.constant(frames), chunksOf(Buffer.concat(frames))));
    fc.assert(
      fc.property(streams, ([frames, chunks]) => {
        const longest = Math.max(...frames.map((frame) => frame.length));
        const splitter = protocol.createSplitter(longest);
        const received: string[] = [];
        for (const chunk of chunks) {
          splitter.push(Uint8Array.from(chunk), (frame) => received.push(frame.toString("hex")));
          expect(splitter.bufferedBytes).toBeLessThan(longest);
        }
        expect(received).toEqual(frames.map((frame) => frame.toString("hex")));
        expect(splitter.bufferedBytes).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("a stream with a frame above the limit yields the frames in front of it and then refuses, however it is cut", () => {
    const streams = fc
      .tuple(fc.array(hubMessage, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }))
      .map(([messages, excess]) => {
        const frames = messages.map((message) => protocol.write(message));
        const limit = Math.max(200, ...frames.map((frame) => frame.length));
        const tooLarge = protocol.writeCancelInvocation("x".repeat(limit + excess));
        return { frames, limit, stream: Buffer.concat([...frames, tooLarge, ...frames]) };
      })
      .chain((parts) => fc.tuple(fc.constant(parts), chunksOf(parts.stream)));
    fc.assert(
      fc.property(streams, ([{ frames, limit }, chunks]) => {
        const splitter = protocol.createSplitter(limit);
        const received: string[] = [];
        const push = (): void => {
          for (const chunk of chunks) splitter.push(chunk, (frame) => received.push(frame.toString("hex")));
        };
        expect(push).toThrow(/maximum message size/);
        expect(received).toEqual(frames.map((frame) => frame.toString("hex")));
      }),
      { numRuns: 500 },
    );
  });
});
