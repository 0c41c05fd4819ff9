import type { PathStep } from "@signalr-edge/protocol";
import { hubProtocols, ProtocolError } from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonByte, jsonText, jsonValue, mutated, nonEmptyText } from "./arbitraries.ts";

const { json } = hubProtocols;

/** An invocation in any spelling, with the values it was made of. */
const spelledInvocation = fc
  .tuple(nonEmptyText, nonEmptyText, fc.array(jsonValue, { maxLength: 4 }), jsonValue)
  .chain(([target, invocationId, values, unknown]) => {
    const members = { type: 1, target, invocationId, arguments: values, streamIds: [target], unknown };
    return fc
      .shuffledSubarray(Object.entries(members), { minLength: 6 })
      .chain((entries) => jsonText(Object.fromEntries(entries)))
      .map((spelling) => ({ frame: Buffer.from(`${spelling}\u001e`), target, invocationId, values }));
  });

/** Every scalar in a value with the path to it. */
function leaves(value: unknown, path: readonly PathStep[] = []): [readonly PathStep[], unknown][] {
  if (Array.isArray(value)) return value.flatMap((element, index) => leaves(element, [...path, index]));
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}

function expectedScalar(value: unknown): { kind: string; text: string } | undefined {
  if (typeof value === "string") return { kind: "string", text: value };
  if (typeof value === "boolean") return { kind: "boolean", text: String(value) };
  const digits = JSON.stringify(value);
  return typeof value === "number" && /^-?\d+$/.test(digits) ? { kind: "integer", text: digits } : undefined;
}

/** Whether a JSON reader that also minds UTF-8 accepts the bytes. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function refusalOf(frame: Buffer): ProtocolError | undefined {
  try {
    json.peek(frame);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

test("ranges in any spelling hold the values that JSON.parse finds there, and no white space around them", () => {
  fc.assert(
    fc.property(spelledInvocation, ({ frame, target, invocationId, values }) => {
      const envelope = json.peek(frame);
      expect(envelope).toMatchObject({ type: 1, target, invocationId, streamIds: [target] });
      const slices = envelope.argumentRanges.map(({ start, end }) => frame.toString("utf8", start, end));
      expect(slices.map((slice): unknown => JSON.parse(slice))).toStrictEqual(values);
      expect(slices.map((slice) => slice.trim())).toEqual(slices);
      const { start = 0, end = 0 } = envelope.argumentsRange ?? {};
      expect(JSON.parse(frame.toString("utf8", start, end))).toStrictEqual(values);
    }),
    { numRuns: 2000 },
  );
});

test("scalars at any path are those that JSON.parse finds", () => {
  fc.assert(
    fc.property(spelledInvocation, ({ frame, values }) => {
      const { argumentRanges } = json.peek(frame);
      values.forEach((value, index) => {
        const range = argumentRanges[index] ?? expect.fail("no range");
        for (const [path, leaf] of leaves(value)) {
          expect(json.readScalar(frame, range, path)).toEqual(expectedScalar(leaf));
        }
      });
    }),
    { numRuns: 1000 },
  );
});

test("integers of any size keep their digits", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (value) => {
      const frame = Buffer.from(`{"type":2,"invocationId":"1","item":{"a":[${value}]}}\u001e`);
      const item = json.peek(frame).item ?? expect.fail("no item");
      expect(json.readScalar(frame, item, ["a", 0])).toEqual({ kind: "integer", text: value.toString() });
    }),
  );
});

describe("mutated frames", () => {
  const spelled = spelledInvocation.map(({ frame }) => frame.subarray(0, -1));
  const payload = jsonValue
    .chain(jsonText)
    .map((spelling) => Buffer.from(spelling))
    .filter((bytes) => bytes.length > 0);

  test.each([
    ["whole messages", mutated(spelled, jsonByte)],
    [
      "payloads",
      mutated(payload, jsonByte).map((bytes) =>
        Buffer.concat([Buffer.from('{"type":6,"x":'), bytes, Buffer.from("}")]),
      ),
    ],
  ])("what is accepted is JSON, and what is refused as JSON is none: %s", (_, mutations) => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(mutations, (bytes) => {
        const refusal = refusalOf(Buffer.concat([bytes, Buffer.from([0x1e])]));
        if (refusal === undefined) {
          accepted += 1;
          expect(isJson(bytes)).toBe(true);
        } else if (refusal.message === "Error reading JSON." && refusal.code === "malformed") {
          refused += 1;
          expect(isJson(bytes)).toBe(false);
        }
      }),
      { numRuns: 5000 },
    );
    // Neither side of the comparison may have been empty.
    expect(accepted).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(200);
  });
});
