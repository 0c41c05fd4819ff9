import { describe, expect, test } from "vitest";
import { framesOf } from "./frames.testing.ts";
import type { HubProtocol } from "./hub-protocol.ts";
import { findHubProtocol, hubProtocols } from "./hub-protocols.ts";

test("protocols are found by name in any case", () => {
  expect(findHubProtocol("json")).toBe(hubProtocols.json);
  expect(findHubProtocol("MessagePack")).toBe(hubProtocols.messagepack);
  expect(findHubProtocol("protobuf")).toBeUndefined();
  expect(findHubProtocol("")).toBeUndefined();
  expect(findHubProtocol("toString")).toBeUndefined();
});

test("only text travels over Server-Sent Events", () => {
  expect(hubProtocols.json.transferFormat).toBe("Text");
  expect(hubProtocols.messagepack.transferFormat).toBe("Binary");
});

/** What a writer of the protocol writes, its splitter cuts and its peek reads. */
describe.each(Object.values(hubProtocols))("$name", (protocol: HubProtocol) => {
  const frames = [
    protocol.pingFrame,
    protocol.writeClose({ error: "bye", allowReconnect: true }),
    protocol.writeCompletion("1", { kind: "void" }),
    protocol.writeCompletion("2", { kind: "result", raw: protocol.nullValue }),
    protocol.writeCompletion("3", { kind: "error", error: "failed" }),
    protocol.writeInvocation({ target: "Send", arguments: [protocol.nullValue, protocol.nullValue] }),
    protocol.writeStreamInvocation({ target: "Counter", invocationId: "4", arguments: [], streamIds: ["5"] }),
    protocol.writeStreamItem("6", protocol.nullValue),
    protocol.writeCancelInvocation("7"),
    protocol.writeAck(8),
    protocol.writeSequence(9),
  ];

  test("a stream of all frames comes apart into them", () => {
    expect(framesOf(protocol.createSplitter(1000), [Buffer.concat(frames)])).toEqual(frames);
  });

  test("their envelopes say what was written", () => {
    const read = frames.map((frame) => {
      const { type, target, invocationId, streamIds, argumentRanges, error, sequenceId } = protocol.peek(frame);
      return [type, target ?? error ?? sequenceId, invocationId, argumentRanges.length + streamIds.length];
    });
    expect(read).toEqual([
      [6, undefined, undefined, 0],
      [7, "bye", undefined, 0],
      [3, undefined, "1", 0],
      [3, undefined, "2", 0],
      [3, "failed", "3", 0],
      [1, "Send", undefined, 2],
      [4, "Counter", "4", 1],
      [2, undefined, "6", 0],
      [5, undefined, "7", 0],
      [8, 8, undefined, 0],
      [9, 9, undefined, 0],
    ]);
  });

  test("ranges taken from one frame make the same values in another", () => {
    const item = protocol.writeArray([
      protocol.writeScalar({ kind: "string", text: 'é"' }),
      protocol.writeScalar({ kind: "integer", text: "9007199254740993" }),
      protocol.writeScalar({ kind: "boolean", text: "false" }),
    ]);
    const first = protocol.writeInvocation({ target: "Join", invocationId: "1", arguments: [item] });
    const range = protocol.peek(first).argumentRanges[0] ?? expect.fail("no argument");
    const raw = first.subarray(range.start, range.end);
    expect(raw).toEqual(item);
    const second = protocol.writeInvocation({ target: "Join", invocationId: "2", arguments: [raw] });
    const moved = protocol.peek(second).argumentRanges[0] ?? expect.fail("no argument");
    expect(protocol.readScalars(second, moved, [])).toEqual([
      { kind: "string", text: 'é"' },
      { kind: "integer", text: "9007199254740993" },
      { kind: "boolean", text: "false" },
    ]);
    expect(protocol.elementRanges(second, moved, [])).toHaveLength(3);
  });
});
