import { hubProtocols } from "@signalr-edge/protocol";
import fc from "fast-check";
import { Unpackr } from "msgpackr";
import { expect, test } from "vitest";
import { nonEmptyText } from "./arbitraries.ts";
import { framed, messagePackText, messagePackValue } from "./messagepack-bytes.ts";

const { messagepack } = hubProtocols;
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "bigint" });

/** Binary as plain arrays, because decoders differ in the class they use. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { binary: [...value] };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]));
}

function decode(bytes: Uint8Array): unknown {
  return comparable(unpackr.unpack(bytes));
}

const invocation = fc.record({
  target: nonEmptyText,
  values: fc.array(messagePackValue, { maxLength: 4 }),
  extra: fc.array(messagePackValue, { maxLength: 2 }),
});

test("ranges hold exactly the values that msgpackr finds there, in any encoding", () => {
  const frames = invocation.chain((parts) =>
    messagePackText(fc.constant(parts.target)).map((target) => {
      const header = Buffer.from([0x96 + parts.extra.length, 1, 0x80, 0xc0]);
      const values = Buffer.concat([Buffer.from([0x90 + parts.values.length]), ...parts.values]);
      return { ...parts, frame: framed([header, target, values, Buffer.from([0x90]), ...parts.extra]) };
    }),
  );
  fc.assert(
    fc.property(frames, ({ frame, target, values }) => {
      const envelope = messagepack.peek(frame);
      expect(envelope).toMatchObject({ type: 1, target });
      const slices = envelope.argumentRanges.map(({ start, end }) => frame.subarray(start, end));
      expect(slices.map((slice) => slice.toString("hex"))).toEqual(values.map((value) => value.toString("hex")));
      const { start = 0, end = 0 } = envelope.argumentsRange ?? {};
      expect(decode(frame.subarray(start, end))).toStrictEqual(slices.map(decode));
      const message = messagepack.parse(frame);
      expect(message?.type === 1 ? comparable(message.arguments) : undefined).toStrictEqual(slices.map(decode));
    }),
    { numRuns: 3000 },
  );
});

test("scalars are those that msgpackr finds, and only integers, strings and booleans are scalars", () => {
  fc.assert(
    fc.property(messagePackValue, (value) => {
      const frame = framed([Buffer.from([0x94, 2, 0x80, 0xa1, 0x31]), value]);
      const item = messagepack.peek(frame).item ?? expect.fail("no item");
      const decoded: unknown = unpackr.unpack(value);
      const isFloat = value[0] === 0xca || value[0] === 0xcb;
      const kinds: Record<string, string> = {
        string: "string",
        boolean: "boolean",
        number: "integer",
        bigint: "integer",
      };
      const kind = isFloat ? undefined : kinds[typeof decoded];
      const expected = kind === undefined ? undefined : { kind, text: String(decoded) };
      expect(messagepack.readScalar(frame, item, [])).toEqual(expected);
      const elements = messagepack.elementRanges(frame, item, []);
      expect(elements?.length).toBe(Array.isArray(decoded) ? decoded.length : undefined);
    }),
    { numRuns: 3000 },
  );
});
