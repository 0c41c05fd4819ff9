import { describe, expect, test } from "vitest";
import { hex, hexOf } from "./frames.testing.ts";
import { isUtf8, utf8SequenceEnd } from "./utf8.ts";

function check(text: string): boolean {
  const bytes = hex(text);
  return isUtf8(bytes, 0, bytes.length);
}

describe("well-formed UTF-8 is accepted", () => {
  test.each([
    ["", "nothing"],
    ["61 7f 00", "ASCII"],
    ["c2 80 df bf", "the ends of two-byte sequences"],
    ["e0 a0 80 ef bf bf", "the ends of three-byte sequences"],
    ["ed 9f bf ee 80 80", "both sides of the surrogates"],
    ["f0 90 80 80 f4 8f bf bf", "the ends of four-byte sequences"],
  ])("%s: %s", (text) => {
    expect(check(text)).toBe(true);
  });
});

describe("ill-formed UTF-8 is refused", () => {
  test.each([
    ["80", "a continuation alone"],
    ["c0 80", "an overlong NUL"],
    ["c1 bf", "an overlong two-byte sequence"],
    ["e0 9f bf", "an overlong three-byte sequence"],
    ["f0 8f bf bf", "an overlong four-byte sequence"],
    ["ed a0 80", "a surrogate"],
    ["f4 90 80 80", "above U+10FFFF"],
    ["f5 80 80 80", "an impossible first byte"],
    ["ff", "never used"],
    ["c3", "cut after one"],
    ["e2 82", "cut after two"],
    ["f0 9f 98", "cut after three"],
    ["c3 28", "no continuation"],
    ["e2 82 28", "no third byte"],
    ["f0 9f 98 28", "no fourth byte"],
  ])("%s: %s", (text) => {
    expect(check(text)).toBe(false);
    expect(utf8SequenceEnd(hex(text), 0)).toBe(-1);
  });
});

test("a sequence that runs over the end of the range is refused, though its bytes are there", () => {
  expect(isUtf8(hex("c3 a9"), 0, 1)).toBe(false);
});

test("the verdict on four bytes around every limit is that of TextDecoder", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const interesting = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef];
  const firsts = [...interesting, 0xf0, 0xf4, 0xf5, 0xff];
  const accepted = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  for (const a of firsts) {
    for (const b of firsts) {
      for (const c of interesting) {
        for (const d of interesting) {
          const bytes = Uint8Array.of(a, b, c, d);
          if (isUtf8(bytes, 0, 4) !== accepted(bytes)) expect.fail(hexOf(bytes));
        }
      }
    }
  }
});
