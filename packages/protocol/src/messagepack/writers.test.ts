import { describe, expect, test } from "vitest";
import { hex, hexOf, refusal } from "../frames.testing.ts";
import * as writers from "./writers.ts";

describe("frames are those of ASP.NET Core, byte by byte", () => {
  test.each([
    ["ping", writers.pingFrame, "02 91 06"],
    ["close", writers.writeClose({}), "04 93 07 c0 c2"],
    ["close that invites back", writers.writeClose({ allowReconnect: true }), "04 93 07 c0 c3"],
    ["close with both", writers.writeClose({ error: "é", allowReconnect: true }), "06 93 07 a2 c3 a9 c3"],
    ["close with an empty error", writers.writeClose({ error: "" }), "04 93 07 c0 c2"],
    ["void", writers.writeCompletion("xyz", { kind: "void" }), "08 94 03 80 a3 78 79 7a 02"],
    [
      "null result",
      writers.writeCompletion("xyz", { kind: "result", raw: writers.nullValue }),
      "09 95 03 80 a3 78 79 7a 03 c0",
    ],
    ["error", writers.writeCompletion("xyz", { kind: "error", error: "e" }), "0a 95 03 80 a3 78 79 7a 01 a1 65"],
    ["empty error", writers.writeCompletion("1", { kind: "error", error: "" }), "07 95 03 80 a1 31 01 a0"],
    [
      "non-blocking invocation",
      writers.writeInvocation({ target: "Target", arguments: [hex("2a")] }),
      "0e 96 01 80 c0 a6 54 61 72 67 65 74 91 2a 90",
    ],
    [
      "blocking invocation with streams",
      writers.writeInvocation({ target: "T", invocationId: "1", arguments: [], streamIds: ["s"] }),
      "0b 96 01 80 a1 31 a1 54 90 91 a1 73",
    ],
    [
      "invocation with an empty id",
      writers.writeInvocation({ target: "T", invocationId: "", arguments: [] }),
      "08 96 01 80 c0 a1 54 90 90",
    ],
    [
      "stream invocation with headers",
      writers.writeStreamInvocation({ target: "T", invocationId: "1", arguments: [] }, { a: "b" }),
      "0d 96 04 81 a1 61 a1 62 a1 31 a1 54 90 90",
    ],
    ["stream item", writers.writeStreamItem("1", writers.nullValue), "06 94 02 80 a1 31 c0"],
    ["cancel", writers.writeCancelInvocation("xyz"), "07 93 05 80 a3 78 79 7a"],
    ["sequence", writers.writeSequence(5), "03 92 09 05"],
  ])("%s", (_, frame, expected) => {
    expect(hexOf(frame)).toBe(expected.replaceAll(" ", ""));
  });

  test.each([
    [0, "03 92 08 00"],
    [127, "03 92 08 7f"],
    [128, "04 92 08 cc 80"],
    [255, "04 92 08 cc ff"],
    [256, "05 92 08 cd 01 00"],
    [65_535, "05 92 08 cd ff ff"],
    [65_536, "07 92 08 ce 00 01 00 00"],
    [4_294_967_295, "07 92 08 ce ff ff ff ff"],
    [4_294_967_296, "0b 92 08 cf 00 00 00 01 00 00 00 00"],
    [9_007_199_254_740_991, "0b 92 08 cf 00 1f ff ff ff ff ff ff"],
    [-1, "03 92 08 ff"],
    [-32, "03 92 08 e0"],
    [-33, "04 92 08 d0 df"],
    [-128, "04 92 08 d0 80"],
    [-129, "05 92 08 d1 ff 7f"],
    [-32_768, "05 92 08 d1 80 00"],
    [-32_769, "07 92 08 d2 ff ff 7f ff"],
    [-2_147_483_648, "07 92 08 d2 80 00 00 00"],
    [-2_147_483_649, "0b 92 08 d3 ff ff ff ff 7f ff ff ff"],
  ])("the integer %i has its shortest form", (value, expected) => {
    expect(hexOf(writers.writeAck(value))).toBe(expected.replaceAll(" ", ""));
  });

  test.each([
    [31, "23 93 05 80 bf"],
    [32, "25 93 05 80 d9 20"],
    [255, "84 02 93 05 80 d9 ff"],
    [256, "86 02 93 05 80 da 01 00"],
    [65_535, "85 80 04 93 05 80 da ff ff"],
    [65_536, "88 80 04 93 05 80 db 00 01 00 00"],
  ])("a string of %i bytes and its frame have their shortest headers", (length, start) => {
    const expected = Buffer.concat([hex(start), Buffer.alloc(length, "x")]);
    expect(writers.writeCancelInvocation("x".repeat(length)).equals(expected)).toBe(true);
  });

  test.each([
    [15, "9f"],
    [16, "dc 00 10"],
    [65_535, "dc ff ff"],
    [65_536, "dd 00 01 00 00"],
  ])("an array of %i elements has its shortest header", (length, header) => {
    const expected = Buffer.concat([hex(header), Buffer.alloc(length, 0x2a)]);
    expect(writers.writeArray(Array(length).fill(hex("2a"))).equals(expected)).toBe(true);
  });

  test("a string is measured in bytes, not characters", () => {
    expect(hexOf(writers.writeCancelInvocation("é".repeat(16)))).toBe(`25930580d920${"c3a9".repeat(16)}`);
  });
});

test("scalars are values of the protocol in their shortest form", () => {
  expect(hexOf(writers.writeScalar({ kind: "string", text: "é" }))).toBe("a2c3a9");
  expect(hexOf(writers.writeScalar({ kind: "integer", text: "5" }))).toBe("05");
  expect(hexOf(writers.writeScalar({ kind: "integer", text: "9007199254740993" }))).toBe("cf0020000000000001");
  expect(hexOf(writers.writeScalar({ kind: "integer", text: "18446744073709551615" }))).toBe("cfffffffffffffffff");
  expect(hexOf(writers.writeScalar({ kind: "integer", text: "-9223372036854775808" }))).toBe("d38000000000000000");
  expect(hexOf(writers.writeScalar({ kind: "boolean", text: "true" }))).toBe("c3");
  expect(hexOf(writers.writeScalar({ kind: "boolean", text: "false" }))).toBe("c2");
});

test.each(["18446744073709551616", "-9223372036854775809"])("the integer %s has no form", (text) => {
  expect(refusal(() => writers.writeScalar({ kind: "integer", text })).code).toBe("unsupported");
});
