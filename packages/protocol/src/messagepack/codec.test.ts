import { describe, expect, test } from "vitest";
import { hexOf, packed, refusal } from "../frames.testing.ts";
import type { HubMessage } from "../messages.ts";
import { parseMessagePack, writeMessagePack } from "./codec.ts";

const messages: [HubMessage, string][] = [
  [{ type: 1, target: "m", arguments: [42, "é", null] }, "96 01 80 c0 a1 6d 93 2a a2 c3 a9 c0 90"],
  [
    { type: 1, headers: { a: "b" }, invocationId: "1", target: "m", arguments: [{ x: [] }], streamIds: ["s"] },
    "96 01 81 a1 61 a1 62 a1 31 a1 6d 91 81 a1 78 90 91 a1 73",
  ],
  [{ type: 4, invocationId: "2", target: "m", arguments: [] }, "96 04 80 a1 32 a1 6d 90 90"],
  [{ type: 2, invocationId: "1", item: { a: 1 } }, "94 02 80 a1 31 81 a1 61 01"],
  [{ type: 3, invocationId: "1", result: null }, "95 03 80 a1 31 03 c0"],
  [{ type: 3, invocationId: "1", error: "x" }, "95 03 80 a1 31 01 a1 78"],
  [{ type: 3, headers: { a: "b" }, invocationId: "1" }, "94 03 81 a1 61 a1 62 a1 31 02"],
  [{ type: 5, invocationId: "1" }, "93 05 80 a1 31"],
  [{ type: 6 }, "91 06"],
  [{ type: 7, error: "x", allowReconnect: true }, "93 07 a1 78 c3"],
  [{ type: 7 }, "93 07 c0 c2"],
  [{ type: 8, sequenceId: 5 }, "92 08 05"],
  [{ type: 9, sequenceId: 5 }, "92 09 05"],
];

describe("messages and their frames", () => {
  test.each(messages)("%j is written", (message, text) => {
    expect(hexOf(writeMessagePack(message))).toBe(hexOf(packed(text)));
  });

  test.each(messages)("%j is read", (message, text) => {
    expect(parseMessagePack(packed(text))).toStrictEqual(message);
  });
});

function itemOf(text: string): unknown {
  const message = parseMessagePack(packed(`94 02 80 a1 31 ${text}`));
  return message?.type === 2 ? message.item : expect.fail("no item");
}

describe("decoded values", () => {
  test.each([
    ["ca 3f c0 00 00", 1.5],
    ["cb 40 09 21 fb 54 44 2d 18", Math.PI],
    ["ce ff ff ff ff", 4_294_967_295],
    ["cf 00 20 00 00 00 00 00 01", 9_007_199_254_740_993n],
    ["d3 ff ff ff ff ff ff ff ff", -1n],
    ["c4 02 ff 00", Uint8Array.of(255, 0)],
    ["c6 00 00 00 01 07", Uint8Array.of(7)],
    ["d6 ff 00 00 00 01", new Date(1000)],
    ["d7 ff 1d cd 65 00 00 00 00 01", new Date(1125)],
    ["c7 0c ff 1d cd 65 00 ff ff ff ff ff ff ff ff", new Date(-500)],
    ["82 01 c3 a1 61 91 c2", { "1": true, a: [false] }],
  ])("%s", (text, expected) => {
    expect(itemOf(text)).toStrictEqual(expected);
  });

  test.each([
    ["d4 72 40", 0x72, [0x40]],
    ["d5 72 40 00", 0x72, [0x40, 0]],
    ["c7 03 78 01 02 03", 0x78, [1, 2, 3]],
    ["d4 00 00", 0, [0]],
    ["d4 65 00", 0x65, [0]],
    ["d4 ff 00", -1, [0]],
  ])(
    "the extension %s has no meaning here, whatever other libraries use its type for",
    (text, extensionType, bytes) => {
      expect(itemOf(text)).toStrictEqual({ extensionType, bytes: Uint8Array.from(bytes) });
    },
  );

  test("a key called __proto__ is data", () => {
    const item = itemOf("81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a1 78 01");
    expect(Object.entries(item ?? {})).toEqual([["__proto__", { x: 1 }]]);
    expect(Object.prototype).not.toHaveProperty("x");
  });
});

describe("encoded values", () => {
  test.each<[unknown, string]>([
    [1.5, "cb3ff8000000000000"],
    [4_294_967_296, "d30000000100000000"],
    [-2_147_483_649, "d3ffffffff7fffffff"],
    [9_007_199_254_740_993n, "d30020000000000001"],
    [{ a: { b: 4_294_967_296 } }, "81a16181a162d30000000100000000"],
    [undefined, "c0"],
    [[undefined], "91c0"],
    [Uint8Array.of(1), "c40101"],
    [new Date(1000), "d6ff00000001"],
  ])("%o", (value, expected) => {
    const frame = writeMessagePack({ type: 2, invocationId: "1", item: value });
    expect(hexOf(frame.subarray(6))).toBe(expected);
  });
});

test("an unknown type is no message", () => {
  expect(parseMessagePack(packed("92 0a 80"))).toBeUndefined();
});

test("what peek refuses is refused", () => {
  expect(refusal(() => parseMessagePack(packed("91 01"))).code).toBe("malformed");
});
