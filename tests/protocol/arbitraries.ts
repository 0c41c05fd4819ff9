import type { HubMessage, MessageHeaders } from "@signalr-edge/protocol";
import fc from "fast-check";

/** Every kind of character, but no lone surrogates: those have no UTF-8 form. */
export const nonEmptyText = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });

/** A value that JSON keeps as it is. */
export const jsonValue: fc.Arbitrary<unknown> = fc
  .jsonValue({ stringUnit: "binary", maxDepth: 3 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const headers: fc.Arbitrary<MessageHeaders> = fc.dictionary(nonEmptyText, nonEmptyText, { minKeys: 1, maxKeys: 3 });
const streamIds = fc.array(nonEmptyText, { minLength: 1, maxLength: 3 });
const values = fc.array(jsonValue, { maxLength: 4 });
const sequenceId = fc.maxSafeNat();

/** Any hub message, as `parse` returns it: empty and void things are absent. */
export const hubMessage: fc.Arbitrary<HubMessage> = fc.oneof(
  fc.record(
    {
      type: fc.constant(1 as const),
      target: nonEmptyText,
      arguments: values,
      headers,
      invocationId: nonEmptyText,
      streamIds,
    },
    { requiredKeys: ["type", "target", "arguments"] },
  ),
  fc.record(
    {
      type: fc.constant(4 as const),
      target: nonEmptyText,
      arguments: values,
      invocationId: nonEmptyText,
      headers,
      streamIds,
    },
    { requiredKeys: ["type", "target", "arguments", "invocationId"] },
  ),
  fc.record(
    { type: fc.constant(2 as const), invocationId: nonEmptyText, item: jsonValue, headers },
    { requiredKeys: ["type", "invocationId", "item"] },
  ),
  fc.record(
    { type: fc.constant(3 as const), invocationId: nonEmptyText, result: jsonValue, headers },
    { requiredKeys: ["type", "invocationId"] },
  ),
  fc.record(
    { type: fc.constant(3 as const), invocationId: nonEmptyText, error: nonEmptyText, headers },
    { requiredKeys: ["type", "invocationId", "error"] },
  ),
  fc.record(
    { type: fc.constant(5 as const), invocationId: nonEmptyText, headers },
    { requiredKeys: ["type", "invocationId"] },
  ),
  fc.constant({ type: 6 as const }),
  fc.record(
    { type: fc.constant(7 as const), error: nonEmptyText, allowReconnect: fc.constant(true) },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant(8 as const), sequenceId }),
  fc.record({ type: fc.constant(9 as const), sequenceId }),
);

const whitespace = fc.string({ unit: fc.constantFrom(" ", "\t", "\r", "\n"), maxLength: 2 });

/** One of the ways to write a value as JSON text: white space anywhere, characters escaped or not. */
export function jsonText(value: unknown): fc.Arbitrary<string> {
  return fc.infiniteStream(fc.tuple(whitespace, fc.nat({ max: 7 }))).map((choices) => {
    const next = (): [string, number] => choices.next().value ?? ["", 0];
    const padded = (token: string): string => `${next()[0]}${token}${next()[0]}`;
    const render = (part: unknown): string => {
      if (typeof part === "string") return padded(quoted(part, next()[1]));
      if (Array.isArray(part)) return padded(`[${part.length === 0 ? next()[0] : part.map(render).join(",")}]`);
      if (part === null || typeof part !== "object") return padded(JSON.stringify(part));
      const members = Object.entries(part).map(([name, member]) => `${render(name)}:${render(member)}`);
      return padded(`{${members.length === 0 ? next()[0] : members.join(",")}}`);
    };
    return render(value);
  });
}

function quoted(value: string, style: number): string {
  if (style > 2) return JSON.stringify(value);
  const escaped = [...Array(value.length).keys()].map((index) => {
    const hex = value.charCodeAt(index).toString(16).padStart(4, "0");
    return `\\u${style === 0 ? hex : hex.toUpperCase()}`;
  });
  return `"${escaped.join("")}"`;
}

/** The same bytes with a few of them changed, left out, doubled or put in. */
export function mutated(bytes: fc.Arbitrary<Uint8Array>, likely: fc.Arbitrary<number>): fc.Arbitrary<Buffer> {
  const byte = fc.oneof(likely, fc.nat({ max: 255 }));
  const change = fc.tuple(fc.nat({ max: 0xffff }), fc.constantFrom("replace", "remove", "insert", "double"), byte);
  return fc.tuple(bytes, fc.array(change, { minLength: 1, maxLength: 3 })).map(([original, changes]) => {
    const result = [...original];
    for (const [place, kind, value] of changes) {
      const index = result.length === 0 ? 0 : place % result.length;
      const removed = kind === "insert" || kind === "double" ? 0 : 1;
      const inserted = kind === "remove" ? [] : [kind === "double" ? (result[index] ?? value) : value];
      result.splice(index, removed, ...inserted);
    }
    return Buffer.from(result);
  });
}

/** Characters that mean something in JSON. */
export const jsonByte = fc.constantFrom(...Buffer.from('{}[]",:\\0123456789-+.eEtfnu/ \n\u001e'));

/** Format bytes of MessagePack. */
export const formatByte = fc.oneof(
  fc.constantFrom(0x80, 0x81, 0x90, 0x91, 0xa0, 0xa1),
  fc.integer({ min: 0xc0, max: 0xdf }),
);

/** The stream cut into chunks at random places. */
export function chunksOf(stream: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.nat({ max: stream.length }), { maxLength: 10 }).map((places) => {
    const cuts = [0, ...places.sort((a, b) => a - b), stream.length];
    return cuts.slice(1).map((cut, index) => stream.subarray(cuts[index], cut));
  });
}
