import { describe, expect, test } from "vitest";
import { differingPaths, maskedText, matchesPattern, parsePathPattern, showPath } from "./value-path.ts";

describe("a path pattern", () => {
  test.each([
    ["{result}", ["result"], true],
    ["{result.token}", ["result", "token"], true],
    // MessagePack writes members in another case.
    ["{result.token}", ["result", "Token"], true],
    ["{result.token}", ["result", "token", "value"], false],
    ["{0[].id}", [0, 5, "id"], true],
    ["{0[].id}", [0, "list", "id"], false],
    ["{0[2]}", [0, 2], true],
    ["{0[2]}", [0, 3], false],
  ])("%s and the path %j: %s", (text, path, matches) => {
    const pattern = parsePathPattern(text);
    expect(pattern && matchesPattern(path, pattern)).toBe(matches);
  });

  test.each(["result", "{}", "{result.}", "{result..a}", "{0[}", "{a b}"])("%j is none", (text) => {
    expect(parsePathPattern(text)).toBeUndefined();
  });
});

describe("values", () => {
  test.each<[unknown, unknown, readonly string[]]>([
    [{ a: 1, b: [1, 2] }, { a: 1, b: [1, 2] }, []],
    [{ a: 1, b: [1, 2] }, { a: 2, b: [1, 3] }, ["{0.a}", "{0.b[1]}"]],
    [[1], [1, 2], ["{0}"]],
    [{ a: 1 }, { b: 1 }, ["{0}"]],
    [1, "1", ["{0}"]],
    [null, {}, ["{0}"]],
    [9007199254740993n, 9007199254740992n, ["{0}"]],
    [new Uint8Array([1]), new Uint8Array([2]), ["{0}"]],
  ])("%o and %o differ where they differ", (left, right, paths) => {
    expect(differingPaths(left, right, [0]).map(showPath)).toEqual(paths);
  });

  test("have one text each, without what is hidden", () => {
    const hidden = parsePathPattern("{0.list[].at}") ?? [];
    const text = (at: number): string =>
      maskedText({ list: [{ at, id: 1 }] }, (path) => matchesPattern(path, hidden), [0]);
    expect(text(1)).toBe('{"list":[{"at":*,"id":1}]}');
    expect(text(2)).toBe(text(1));
  });
});
