import { expect } from "vitest";
import { lengthPrefixed, messagePackBody } from "../../support/messagepack-wire.ts";
import type { RawClient } from "../../support/raw-client.ts";
import type { SuiteContext } from "../suite-context.ts";

/** What `[3, {}, "1", 3, ...]` begins with. */
const resultStart = "95 03 80 a131 03";

const values = [
  { what: "2^53 + 1", hex: "cf 0020000000000001" },
  { what: "the greatest uint64", hex: "cf ffffffffffffffff" },
  { what: "the least int64", hex: "d3 8000000000000000" },
  { what: "a small number in 8 bytes", hex: "d3 0000000000000001" },
  { what: "a float32", hex: "ca 3dcccccd" },
  { what: "not a number", hex: "cb 7ff8000000000000" },
  { what: "an application's ext type", hex: "d4 05 2a" },
  { what: "a long ext type", hex: "c7 03 10 010203" },
  { what: "a timestamp", hex: "d6 ff 386d43ee" },
  { what: "a string", hex: "a1 78" },
  { what: "a string with a long header", hex: "da 0001 78" },
  { what: "binary", hex: "c4 01 78" },
  { what: "a map with a long header", hex: "de 0001 a178 01" },
  { what: "a map with a key twice", hex: "82 a161 01 a161 02" },
  { what: "a map with numbers as keys", hex: "82 01 a161 02 a162" },
  { what: "nested arrays", hex: `${"91".repeat(50)}90` },
  { what: "nil", hex: "c0" },
];

/** Q151, Q152: values in MessagePack. */
export function messagePackValueCases(suite: SuiteContext): void {
  const person = [
    "85",
    "a9 46697273744e616d65 a4 5a6fc3ab", // FirstName: Zoë
    "a5 436f6c6f72 a4 426c7565", // Color: Blue
    "a4 426f726e d7ff 1d6f32f0 386d437e", // Born: a timestamp with nanoseconds
    "a5 50686f746f c406 0001027f80ff", // Photo: binary
    "a6 4e756d626572 cf 0020000000000001", // Number: 2^53 + 1
  ].join(" ");

  suite.test("Q151 an object has the names as declared, enums as text, dates as timestamps", async () => {
    expect(hexOf(await invoke(await suite.connect({ protocol: "messagepack" }), "GetItem"))).toBe(
      compact(`${resultStart} ${person}`),
    );
    const echoed = await invoke(await suite.connect({ protocol: "messagepack" }), "Item", person);
    expect(hexOf(echoed)).toBe(compact(`${resultStart} ${person}`));
  });

  suite.test("Q151 every kind of value is written as the origin does", async () => {
    const answer = await invoke(await suite.connect({ protocol: "messagepack" }), "Types");
    const direct = await invoke(await suite.connectToOrigin({ protocol: "messagepack" }), "Types");
    expect(hexOf(answer)).toBe(hexOf(direct));
  });

  for (const { what, hex } of values) {
    suite.test(`Q152 ${what} comes back with the same bytes`, async () => {
      const client = await suite.connect({ protocol: "messagepack" });
      expect(hexOf(await invoke(client, "EchoRaw", hex))).toBe(compact(`${resultStart} ${hex}`));
    });

    suite.test(`Q152 ${what} is understood and written as the origin does`, async () => {
      const answer = await invoke(await suite.connect({ protocol: "messagepack" }), "Echo", hex);
      const direct = await invoke(await suite.connectToOrigin({ protocol: "messagepack" }), "Echo", hex);
      expect(hexOf(answer)).toBe(hexOf(direct));
    });
  }
}

/** Invokes the method with id "1" and the arguments in hex; the answer without its length. */
async function invoke(client: RawClient, method: string, ...args: readonly string[]): Promise<Buffer> {
  const target = `a${method.length.toString(16)} ${Buffer.from(method).toString("hex")}`;
  const hex = `95 01 80 a131 ${target} 9${args.length} ${args.join("")}`;
  client.send(lengthPrefixed(Buffer.from(compact(hex), "hex")));
  return messagePackBody(await client.nextFrame());
}

function compact(hex: string): string {
  return hex.replaceAll(" ", "");
}

function hexOf(bytes: Buffer): string {
  return bytes.toString("hex");
}
