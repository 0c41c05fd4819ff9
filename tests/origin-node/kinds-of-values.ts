import type { ProtocolValue, RawValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { literalValue, recordValue } from "./dot-net-values.ts";

/** `Person.Example` of the ASP.NET Core origin. */
export const examplePerson: RawValue = literalValue(
  '{"firstName":"Zoë","color":2,"born":"1999-12-31T23:59:58.1234567Z","photo":"AAECf4D/","number":9007199254740993}',
  "85a946697273744e616d65a45a6fc3aba5436f6c6f72a4426c7565a4426f726ed7ff1d6f32f0386d437ea550686f746fc4060001027f80ffa64e756d626572cf0020000000000001",
);

/** The members of `KindsOfValues.Example` but the last, as System.Text.Json and MessagePack-CSharp write them. */
const members: readonly (readonly [name: string, json: string, messagePackHex: string])[] = [
  ["True", "true", "c3"],
  ["Nothing", "null", "c0"],
  ["Zero", "0", "00"],
  ["Negative", "-33", "d0df"],
  ["LongMin", "-9223372036854775808", "d38000000000000000"],
  ["LongMax", "9223372036854775807", "cf7fffffffffffffff"],
  ["BeyondDouble", "9007199254740993", "cf0020000000000001"],
  ["UnsignedMax", "18446744073709551615", "cfffffffffffffffff"],
  ["Float", "0.1", "ca3dcccccd"],
  ["WholeDouble", "1", "cb3ff0000000000000"],
  ["LargeDouble", "1E+21", "cb444b1ae4d6e2ef50"],
  ["TinyDouble", "5E-324", "cb0000000000000001"],
  ["NegativeZero", "-0", "cb8000000000000000"],
  ["TrailingZero", "1.10", "a4312e3130"],
  ["DecimalMax", "79228162514264337593543950335", "bd3739323238313632353134323634333337353933353433393530333335"],
  ["Empty", '""', "a0"],
  ["Unicode", String.raw`"\u0000\u001Eé\uD83D\uDE00</script>+\"\\"`, "b4001ec3a9f09f98803c2f7363726970743e2b225c"],
  ["Letter", '"ß"', "ccdf"],
  ["Bytes", '"HgD/"', "c4031e00ff"],
  ["LongBytes", `"${"A".repeat(400)}"`, `c5012c${"00".repeat(300)}`],
  ["Epoch", '"1970-01-01T00:00:00Z"', "d6ff00000000"],
  ["WithTicks", '"2024-02-29T12:00:00.0000001Z"', "d7ff0000019065e071c0"],
  ["BeforeEpoch", '"1900-01-01T00:00:00Z"', "c70cff00000000ffffffff7c558180"],
  ["Offset", '"2024-07-01T08:30:00+05:30"', "92d6ff66826908cd014a"],
  ["Duration", '"00:00:01.5000000"', "ce00e4e1c0"],
  [
    "Id",
    '"0f8fad5b-d9cb-469f-a165-70867728950e"',
    "d92430663866616435622d643963622d343639662d613136352d373038363737323839353065",
  ],
  ["Color", "1", "a5477265656e"],
  [
    "Numbers",
    "[0,127,128,255,256,65535,65536,-1,-32,-33,-128,-129]",
    "9c007fcc80ccffcd0100cdffffce00010000ffe0d0dfd080d1ff7f",
  ],
  ["Mixed", '[1,"1",true,null,1.5,[2]]', "96d200000001a131c3c0cb3ff80000000000009102"],
  ["Map", '{"b":1,"A":2,"10":3,"2":4}', "84a16201a14102a2313003a13204"],
];

/** The example of the ASP.NET Core origin with a value of every kind. More members than `recordValue` takes. */
export const exampleKinds: RawValue = literalValue(
  `{${members.map(([name, json]) => `"${name.charAt(0).toLowerCase()}${name.slice(1)}":${json}`).join(",")},"nested":${jsonOf(examplePerson)}}`,
  `de${(members.length + 1).toString(16).padStart(4, "0")}${members.map(([name, , hex]) => textHex(name) + hex).join("")}${textHex("Nested")}${hexOf(examplePerson)}`,
);

/** `EventKinds`: the message that carries them. */
export function eventKinds(eventId: ProtocolValue, sequence: number, secret: string): ProtocolValue {
  return recordValue({ eventId, sequence, secret, kinds: exampleKinds });
}

/** A string of less than 32 bytes. */
function textHex(text: string): string {
  const bytes = Buffer.from(text);
  return Buffer.from([0xa0 | bytes.length, ...bytes]).toString("hex");
}

function jsonOf({ bytes }: RawValue): string {
  return Buffer.from(bytes.json ?? []).toString();
}

function hexOf({ bytes }: RawValue): string {
  return Buffer.from(bytes.messagepack ?? []).toString("hex");
}
