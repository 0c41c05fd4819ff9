import { describe, expect, test } from "vitest";
import { json } from "../frames.testing.ts";
import type { PathStep, Scalar } from "../hub-protocol.ts";
import { peekJson } from "./peek.ts";
import { elementRanges, readScalar, readScalars } from "./read-scalar.ts";

/** An invocation with one argument, and the range of that argument. */
function argument(text: string): { frame: Buffer; range: { start: number; end: number } } {
  const frame = json(`{"type":1,"target":"m","arguments":[ ${text} ]}`);
  const range = peekJson(frame).argumentRanges[0];
  return range === undefined ? expect.fail("no argument") : { frame, range };
}

function scalar(text: string, ...path: PathStep[]): Scalar | undefined {
  const { frame, range } = argument(text);
  return readScalar(frame, range, path);
}

describe("scalars", () => {
  test.each([
    ["0", "0"],
    ["-0", "0"],
    ["-7", "-7"],
    ["9007199254740993", "9007199254740993"],
    ["123456789012345678901234567890", "123456789012345678901234567890"],
  ])("the integer %s is %s", (text, expected) => {
    expect(scalar(text)).toEqual({ kind: "integer", text: expected });
  });

  test("integers that are equal as floating point numbers differ", () => {
    expect(scalar("9007199254740993")).not.toEqual(scalar("9007199254740992"));
  });

  test("a string and an integer of the same text differ", () => {
    expect(scalar('"5"')).toEqual({ kind: "string", text: "5" });
    expect(scalar('"5"')).not.toEqual(scalar("5"));
  });

  test("escapes in strings are decoded", () => {
    expect(scalar('"\\u0041\\u00e9\\ud83d\\ude00\\n\\/"')).toEqual({ kind: "string", text: "Aé😀\n/" });
    expect(scalar('"é😀"')).toEqual({ kind: "string", text: "é😀" });
    expect(scalar('""')).toEqual({ kind: "string", text: "" });
  });

  test("booleans are their names", () => {
    expect(scalar("true")).toEqual({ kind: "boolean", text: "true" });
    expect(scalar("false")).toEqual({ kind: "boolean", text: "false" });
  });

  test.each(["1.0", "1e3", "1E0", "0.5", "-1.5", "null", "{}", "[]", "[1]", '{"a":1}', '"\\ud800"', '"x\\udc00"'])(
    "%s is none",
    (text) => {
      expect(scalar(text)).toBeUndefined();
    },
  );
});

describe("paths", () => {
  test("steps go into objects by name and into arrays by index", () => {
    const text = '{ "a" : [ 1 , { "b" : "x" } , [ 5 ] ] , "c" : true }';
    expect(scalar(text, "a", 0)?.text).toBe("1");
    expect(scalar(text, "a", 1, "b")?.text).toBe("x");
    expect(scalar(text, "a", 2, 0)?.text).toBe("5");
    expect(scalar(text, "c")?.text).toBe("true");
  });

  test.each<[string, PathStep[]]>([
    ["absent name", ["z"]],
    ["index past the end", ["a", 9]],
    ["index below zero", ["a", -1]],
    ["index between two", ["a", 0.5]],
    ["index into an object", [0]],
    ["name in an array", ["a", "0"]],
    ["name in a string", ["s", "length"]],
    ["index into a number", ["n", 0]],
    ["beyond null", ["null", "x"]],
  ])("%s leads nowhere", (_, path) => {
    expect(scalar('{"a":[1,2],"s":"x","n":1,"null":null}', ...path)).toBeUndefined();
  });

  test("an exact name goes before one that differs in case", () => {
    expect(scalar('{"EventId":1,"eventId":2}', "eventId")?.text).toBe("2");
    expect(scalar('{"eventId":2,"EventId":1}', "eventId")?.text).toBe("2");
    expect(scalar('{"EventId":1}', "eventId")?.text).toBe("1");
    expect(scalar('{"EVENTID":1}', "eventId")?.text).toBe("1");
    expect(scalar('{"É":1}', "é")?.text).toBe("1");
    expect(scalar('{"eventId_":1,"eventI":2,"\u0045ventIe":3}', "eventId")).toBeUndefined();
    expect(scalar('{"@":1,"[":2}', "`")).toBeUndefined();
  });

  test("of equal names the last one counts", () => {
    expect(scalar('{"a":1,"a":2}', "a")?.text).toBe("2");
    expect(scalar('{"A":1,"A":2}', "a")?.text).toBe("2");
  });

  test("names are compared after their escapes are decoded", () => {
    expect(scalar('{"\\u0061b":1}', "ab")?.text).toBe("1");
    expect(scalar('{"\\u0041b":1}', "ab")?.text).toBe("1");
    expect(scalar('{"é":1}', "\u00e9")?.text).toBe("1");
    expect(scalar('{"a\\"b":1}', 'a"b')?.text).toBe("1");
    expect(scalar('{"\\ud800":1}', "")).toBeUndefined();
    expect(scalar('{"":1}', "")?.text).toBe("1");
  });

  test("names inside nested values do not count", () => {
    expect(scalar('{"x":{"a":1},"y":["a",{"a":2}]}', "a")).toBeUndefined();
  });
});

describe("arrays", () => {
  test("each element becomes a scalar", () => {
    const { frame, range } = argument('{"ids":[ 1 ,"a", true ]}');
    expect(readScalars(frame, range, ["ids"])?.map(({ text }) => text)).toEqual(["1", "a", "true"]);
    expect(readScalars(argument("[]").frame, argument("[]").range, [])).toEqual([]);
  });

  test("one element that is none spoils all", () => {
    const { frame, range } = argument("[1,null]");
    expect(readScalars(frame, range, [])).toBeUndefined();
  });

  test.each(["1", "{}", '"[]"', "null"])("%s has no elements", (text) => {
    const { frame, range } = argument(text);
    expect(readScalars(frame, range, [])).toBeUndefined();
    expect(elementRanges(frame, range, [])).toBeUndefined();
  });

  test("ranges are those of the elements without white space", () => {
    const { frame, range } = argument('[ {"a" : 1} , [ ] ,"x"]');
    const slices = elementRanges(frame, range, [])?.map(({ start, end }) => frame.toString("utf8", start, end));
    expect(slices).toEqual(['{"a" : 1}', "[ ]", '"x"']);
  });
});
