import { describe, expect, test } from "vitest";
import { packed } from "../frames.testing.ts";
import type { PathStep, Scalar } from "../hub-protocol.ts";
import { peekMessagePack } from "./peek.ts";
import { elementRanges, readScalar, readScalars } from "./read-scalar.ts";

/** An invocation with one argument, and the range of that argument. */
function argument(text: string): { frame: Buffer; range: { start: number; end: number } } {
  const frame = packed(`96 01 80 c0 a1 6d 91 ${text} 90`);
  const range = peekMessagePack(frame).argumentRanges[0];
  return range === undefined ? expect.fail("no argument") : { frame, range };
}

function scalar(text: string, ...path: PathStep[]): Scalar | undefined {
  const { frame, range } = argument(text);
  return readScalar(frame, range, path);
}

describe("scalars", () => {
  test.each([
    ["00", "0"],
    ["7f", "127"],
    ["ff", "-1"],
    ["e0", "-32"],
    ["cc 05", "5"],
    ["cd ff ff", "65535"],
    ["ce ff ff ff ff", "4294967295"],
    ["cf 00 20 00 00 00 00 00 01", "9007199254740993"],
    ["cf ff ff ff ff ff ff ff ff", "18446744073709551615"],
    ["d0 80", "-128"],
    ["d1 80 00", "-32768"],
    ["d2 80 00 00 00", "-2147483648"],
    ["d3 80 00 00 00 00 00 00 00", "-9223372036854775808"],
    ["d3 00 00 00 00 00 00 00 05", "5"],
  ])("the integer %s is %s", (text, expected) => {
    expect(scalar(text)).toEqual({ kind: "integer", text: expected });
  });

  test("strings and booleans", () => {
    expect(scalar("a2 c3 a9")).toEqual({ kind: "string", text: "é" });
    expect(scalar("d9 01 35")).toEqual({ kind: "string", text: "5" });
    expect(scalar("a0")).toEqual({ kind: "string", text: "" });
    expect(scalar("c2")).toEqual({ kind: "boolean", text: "false" });
    expect(scalar("c3")).toEqual({ kind: "boolean", text: "true" });
  });

  test.each([
    ["c0", "nil"],
    ["ca 3f 80 00 00", "the float 1.0"],
    ["cb 3f f0 00 00 00 00 00 00", "the double 1.0"],
    ["c4 01 31", "binary"],
    ["d6 ff 00 00 00 01", "a timestamp"],
    ["90", "an array"],
    ["80", "a map"],
  ])("%s is none: %s", (text) => {
    expect(scalar(text)).toBeUndefined();
  });
});

describe("paths", () => {
  // {"a": [1, {"b": "x"}], "s": "x"}
  const value = "82 a1 61 92 01 81 a1 62 a1 78 a1 73 a1 78";

  test("steps go into maps by name and into arrays by index", () => {
    expect(scalar(value, "a", 0)?.text).toBe("1");
    expect(scalar(value, "a", 1, "b")?.text).toBe("x");
  });

  test.each<[string, PathStep[]]>([
    ["absent name", ["z"]],
    ["index past the end", ["a", 2]],
    ["index below zero", ["a", -1]],
    ["index between two", ["a", 0.5]],
    ["index into a map", [0]],
    ["name in an array", ["a", "0"]],
    ["name in a string", ["s", "length"]],
  ])("%s leads nowhere", (_, path) => {
    expect(scalar(value, ...path)).toBeUndefined();
  });

  test("an exact name goes before one that differs in case, of equal names the last one counts", () => {
    expect(scalar("82 a2 49 64 01 a2 69 64 02", "id")?.text).toBe("2");
    expect(scalar("82 a2 69 64 02 a2 49 64 01", "id")?.text).toBe("2");
    expect(scalar("81 a2 49 64 01", "id")?.text).toBe("1");
    expect(scalar("82 a2 69 64 01 a2 69 64 02", "id")?.text).toBe("2");
    expect(scalar("81 a2 c3 89 01", "é")?.text).toBe("1");
    // A backslash is a letter like others here.
    expect(scalar("81 a2 5c 41 01", "\\a")?.text).toBe("1");
  });

  test("keys that are no strings are passed over", () => {
    expect(scalar("83 01 02 92 01 02 80 a1 61 05", "a")?.text).toBe("5");
    expect(scalar("81 01 02", "1")).toBeUndefined();
  });
});

describe("arrays", () => {
  test("each element becomes a scalar", () => {
    const { frame, range } = argument("93 01 a1 61 c3");
    expect(readScalars(frame, range, [])?.map(({ text }) => text)).toEqual(["1", "a", "true"]);
  });

  test("one element that is none spoils all", () => {
    const { frame, range } = argument("92 01 c0");
    expect(readScalars(frame, range, [])).toBeUndefined();
  });

  test.each(["01", "80", "a1 5b", "c4 00"])("%s has no elements", (text) => {
    const { frame, range } = argument(text);
    expect(readScalars(frame, range, [])).toBeUndefined();
    expect(elementRanges(frame, range, [])).toBeUndefined();
  });

  test("ranges are those of the elements, behind a path too", () => {
    const { frame, range } = argument("81 a1 61 dc 00 03 81 a1 62 01 90 a1 78");
    const slices = elementRanges(frame, range, ["a"])?.map(({ start, end }) => frame.toString("hex", start, end));
    expect(slices).toEqual(["81a16201", "90", "a178"]);
  });
});
