import { type HubProtocolName, hubProtocols, type Scalar } from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GroupKey, groupKey, namedKeys } from "../../packages/gateway/src/aggregation/group-key.ts";
import { argumentsIdentity } from "../../packages/gateway/src/aggregation/raw-arguments.ts";
import { compileHubRules } from "../../packages/gateway/src/config/compile.ts";
import type { GroupRule, KeyTemplate } from "../../packages/gateway/src/config/hub-rules.ts";
import { loadConfig } from "../../packages/gateway/src/config/load.ts";

/** Characters that could be taken for the marks between the parts of a key, and little else: near misses are likely. */
const nasty = fc.string({
  unit: fc.constantFrom("1", "2", ":", "s", "i", "n", "l", "/", "-", '"', "é", "\u{1f600}"),
  maxLength: 6,
});
const integer = fc
  .oneof(fc.integer({ min: -12, max: 12 }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }))
  .map(String);
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  nasty.map((text): Scalar => ({ kind: "string", text })),
  integer.map((text): Scalar => ({ kind: "integer", text })),
  fc.boolean().map((value): Scalar => ({ kind: "boolean", text: String(value) })),
);

/** What a key is made of: the name of the rule, and literal text and values in turn. */
interface Made {
  readonly name: string;
  readonly parts: readonly (string | Scalar)[];
}

const literal = fc.string({ unit: fc.constantFrom("1", ":", "s", "i", "/", "n"), minLength: 1, maxLength: 4 });
const made: fc.Arbitrary<Made> = fc
  .record({
    name: fc.constantFrom("event", "event1", "n5:event"),
    parts: fc.array(fc.oneof(literal, scalar), { minLength: 1, maxLength: 4 }),
  })
  .filter(({ parts }) =>
    parts.every((part, index) => typeof part !== "string" || typeof parts[index - 1] !== "string"),
  );

/** Two of them: unrelated, the same, or the same but for the kind of their values. */
const pair: fc.Arbitrary<readonly [Made, Made]> = fc.oneof(
  fc.tuple(made, made),
  made.map((one) => [one, structuredClone(one)] as const),
  made.map((one) => [one, { ...one, parts: one.parts.map(asText) }] as const),
);

function asText(part: string | Scalar): string | Scalar {
  return typeof part === "string" ? part : { kind: "string", text: part.text };
}

function sameParts({ name, parts }: Made): string {
  return JSON.stringify([name, parts.map((part) => (typeof part === "string" ? part : [part.kind, part.text]))]);
}

function templateOf({ parts }: Made): KeyTemplate {
  let argument = 0;
  const references = parts.map((part) =>
    typeof part === "string" ? part : { argument: argument++, path: [], expand: false },
  );
  return { source: "", parts: references };
}

const group = {
  access: "public",
  join: { method: "Subscribe", key: "{0}" },
  messages: [{ target: "Changed", key: "{0}" }],
};
const loaded = loadConfig(
  JSON.stringify({ hubs: [{ path: "/hub", origin: "http://127.0.0.1/hub", groups: [{ name: "event", ...group }] }] }),
  { format: "json", environment: {}, fileName: "test" },
);
const [rule] = loaded.ok ? loaded.config.hubs.flatMap((hub) => compileHubRules(hub).groups) : [];
if (rule === undefined) throw new Error("the rule does not load");
const eventRule = rule;

/** The key of an invocation with these values as its arguments, in the bytes of a hub protocol. */
function keyOf(value: Made, protocolName: HubProtocolName): GroupKey | undefined {
  const protocol = hubProtocols[protocolName];
  const raw = value.parts.flatMap((part) => (typeof part === "string" ? [] : [protocol.writeScalar(part)]));
  const frame = protocol.writeInvocation({ target: "Changed", arguments: raw });
  const named: GroupRule = { ...eventRule, name: value.name };
  const envelope = protocol.peek(frame);
  const template = templateOf(value);
  const key = groupKey(named, template, protocol, envelope, frame);
  expect(namedKeys(named, template, protocol, envelope, frame)?.map((one) => one.key)).toEqual([key]);
  return key;
}

describe("keys (INV-23)", () => {
  test.each(["json", "messagepack"] as const)(
    "over %s are equal exactly if rule, text and values are",
    (protocolName) => {
      fc.assert(
        fc.property(pair, ([one, other]) => {
          const isSame = keyOf(one, protocolName) === keyOf(other, protocolName);
          expect(isSame).toBe(sameParts(one) === sameParts(other));
        }),
        { numRuns: 2000 },
      );
    },
  );

  test("of the same values are the same in both hub protocols", () => {
    fc.assert(
      fc.property(made, (value) => {
        expect(keyOf(value, "json")).toBeDefined();
        expect(keyOf(value, "json")).toBe(keyOf(value, "messagepack"));
      }),
      { numRuns: 2000 },
    );
  });

  test("differ for values that differ in one character, one kind, or where they are cut", () => {
    fc.assert(
      fc.property(nasty, nasty, fc.nat(6), (left, right, cut) => {
        const text = left + right;
        const at = (index: number): Made => ({
          name: "event",
          parts: [
            { kind: "string", text: text.slice(0, index) },
            { kind: "string", text: text.slice(index) },
          ],
        });
        fc.pre(cut !== left.length && cut <= text.length);
        fc.pre(isWhole(text.slice(0, cut)) && isWhole(text.slice(cut)) && isWhole(left) && isWhole(right));
        expect(keyOf(at(cut), "json")).not.toBe(keyOf(at(left.length), "json"));
      }),
      { numRuns: 1000 },
    );
  });
});

test("joins, calls and streams are the same exactly if their names and the bytes of their arguments are", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "1", ":", "\n"), maxLength: 5 });
  const bytes = fc.uint8Array({ maxLength: 4 }).map((array) => Buffer.from(array));
  const call = fc.tuple(
    name,
    fc.array(
      fc.oneof(
        bytes,
        name.map((text) => Buffer.from(text)),
      ),
      { maxLength: 3 },
    ),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.tuple(call, call),
        call.map((one) => [one, one] as const),
      ),
      ([one, other]) => {
        const isSame = argumentsIdentity(...one) === argumentsIdentity(...other);
        const text = ([ownName, values]: readonly [string, readonly Buffer[]]): string =>
          JSON.stringify([ownName, values.map((value) => value.toString("hex"))]);
        expect(isSame).toBe(text(one) === text(other));
      },
    ),
    { numRuns: 5000 },
  );
});

/** Half of a surrogate pair is no text. */
function isWhole(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
