import { jsonFrame } from "../../support/json-wire.ts";
import { lengthPrefixed } from "../../support/messagepack-wire.ts";
import { keyedMap, packedText } from "./packed-bytes.ts";

/** Bytes that a client sends after its handshake (or as one), and the words for them in the name of a test. */
export interface MalformedInput {
  readonly what: string;
  readonly bytes: Buffer;
}

export const maxMessageBytes = 32_768;

/** Records that are no handshake request. */
export const malformedHandshakes: readonly MalformedInput[] = [
  ...[
    '{"protocol":"nope","version":1}',
    '{"protocol":"","version":1}',
    '{"protocol":"json","version":99}',
    '{"protocol":"json","version":0}',
    '{"protocol":"json","version":-1}',
    '{"protocol":"messagepack","version":3}',
    "{}",
    "[]",
    "null",
    "",
    "not JSON",
    '{"protocol":"json"}',
    '{"version":1}',
    '{"protocol":1,"version":1}',
    '{"protocol":null,"version":1}',
    '{"protocol":"json","version":"1"}',
    '{"protocol":"json","version":1.5}',
    '{"protocol":"json","version":null}',
    '{"protocol":"json","version":99999999999}',
    '{"protocol":"json","version":1',
    '{"protocol":"json","version":1,}',
    '{"type":6}',
    '{"type":1,"target":"Void","arguments":[]}',
    `{"protocol":"json","version":1,"x":${"[".repeat(100)}${"]".repeat(100)}}`,
  ].map(jsonInput),
  { what: "a handshake with invalid UTF-8", bytes: withBytes('{"protocol":"', [0xc3, 0x28], '","version":1}') },
  { what: "a ping of MessagePack and a separator", bytes: Buffer.from("0291061e", "hex") },
  { what: "40,000 bytes without a separator", bytes: Buffer.alloc(40_000, "x") },
  { what: "32,769 bytes without a separator", bytes: Buffer.alloc(maxMessageBytes + 1, "x") },
];

/** JSON records that no hub message is. */
export const malformedJson: readonly MalformedInput[] = [
  ...[
    "",
    " ",
    "{not JSON}",
    "null",
    "1",
    '"x"',
    "[]",
    "{}",
    '{"type":1,"target":"Void","arguments":[]',
    '{"type":1,"target":"Void","arguments":[],}',
    '{"type":1,"target":"Void","arguments":[,]}',
    '{"type":1,"target":"Void","arguments":[01]}',
    '{"type":1,"target":"Void","arguments":[.5]}',
    '{"type":1,"target":"Void","arguments":[NaN]}',
    '{"type":1,"target":"Void","arguments":["\t"]}',
    '{"type":1,"target":"Void","arguments":["\\x"]}',
    '{"type":1,"target":"Void",/* comment */"arguments":[]}',
    "{'type':1,'target':'Void','arguments':[]}",
    '{"type":"1","target":"Void","arguments":[]}',
    '{"type":null,"target":"Void","arguments":[]}',
    '{"type":1.5,"target":"Void","arguments":[]}',
    '{"type":true,"target":"Void","arguments":[]}',
    '{"type":99999999999,"target":"Void","arguments":[]}',
    '{"TYPE":1,"target":"Void","arguments":[]}',
    '{"type":1,"arguments":[]}',
    '{"type":1,"target":null,"arguments":[]}',
    '{"type":1,"target":7,"arguments":[]}',
    '{"type":1,"target":"Void"}',
    '{"type":1,"target":"Void","arguments":null}',
    '{"type":1,"target":"Void","arguments":{}}',
    '{"type":1,"target":"Void","arguments":"x"}',
    '{"type":1,"invocationId":null,"target":"Void","arguments":[]}',
    '{"type":1,"invocationId":1,"target":"Void","arguments":[]}',
    '{"type":1,"headers":null,"target":"Void","arguments":[]}',
    '{"type":1,"headers":[],"target":"Void","arguments":[]}',
    '{"type":1,"headers":{"a":1},"target":"Void","arguments":[]}',
    '{"type":1,"streamIds":{},"target":"Void","arguments":[]}',
    '{"type":1,"streamIds":[1],"target":"Void","arguments":[]}',
    '{"type":2,"invocationId":"1"}',
    '{"type":2,"item":1}',
    '{"type":3}',
    '{"type":3,"invocationId":""}',
    '{"type":3,"invocationId":"1","error":1}',
    '{"type":3,"invocationId":"1","error":null}',
    '{"type":3,"invocationId":"1","error":"x","result":1}',
    '{"type":4,"target":"Counter","arguments":[1,0]}',
    '{"type":5}',
    '{"type":8}',
    '{"type":9,"sequenceId":"x"}',
  ].map(jsonInput),
  {
    what: "10,000 nested arrays",
    bytes: jsonFrame(`{"type":1,"target":"Echo","arguments":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
  },
  {
    what: "100 nested objects in a member that means nothing",
    bytes: jsonFrame(`{"type":1,"target":"Echo","x":${'{"a":'.repeat(100)}1${"}".repeat(100)},"arguments":[1]}`),
  },
  { what: "invalid UTF-8 in the target", bytes: withBytes('{"type":1,"target":"', [0xc3, 0x28], '","arguments":[]}') },
  { what: "a byte order mark", bytes: withBytes("", [0xef, 0xbb, 0xbf], '{"type":6}') },
  { what: "a NUL byte", bytes: withBytes('{"type":6', [0], "}") },
  { what: "33 KB without an end", bytes: Buffer.alloc(33_000, '{"type":1,') },
  { what: "a message one byte over the limit", bytes: jsonEchoOfSize(maxMessageBytes + 1) },
  { what: "a message of 900 KB", bytes: jsonEchoOfSize(900_000) },
];

/**
 * What the origin lets pass, refuses as one invocation, or waits for the rest of. The gateway has to find its way around
 * in a frame before it can relay it, and takes what it cannot follow for a broken peer.
 */
export const strictlyRefusedJson: readonly MalformedInput[] = [
  '{"type":1,"invocationId":"1","target":"Echo","arguments":[1,]}',
  '{"type":1,"invocationId":"1","target":"Add","arguments":[1,2],"arguments":[3,4]}',
  '{"type":2,"invocationId":"1","item":1,"item":2}',
  '{"type":6}x',
  '{"type":6}{"type":6}',
].map(jsonInput);

/** Bodies of MessagePack frames, in hex without the length prefix. */
const malformedBodies = [
  { what: "an empty message", hex: "" },
  { what: "nil", hex: "c0" },
  { what: "an integer", hex: "06" },
  { what: "a string", hex: "a178" },
  { what: "a map", hex: "80" },
  { what: "an empty array", hex: "90" },
  { what: "a byte that begins nothing", hex: "c1" },
  { what: "a type that is a string", hex: "91a136" },
  { what: "a type that is nil", hex: "91c0" },
  { what: "a type that is a fraction", hex: "91cb4018000000000000" },
  { what: "a type of 64 bits", hex: "91cf0000000100000006" },
  { what: "an invocation of 2 elements", hex: "920180" },
  { what: "an invocation that ends in the headers", hex: "950181" },
  { what: "an invocation that ends in the target", hex: "950180c0a4566f" },
  { what: "headers that are nil", hex: "9501c0c0a4566f696490" },
  { what: "headers that are an array", hex: "950190c0a4566f696490" },
  { what: "headers with a number", hex: "950181a16101c0a4566f696490" },
  { what: "an id that is an integer", hex: "95018001a4566f696490" },
  { what: "a target that is nil", hex: "950180c0c090" },
  { what: "a target that is empty", hex: "950180c0a090" },
  { what: "a target that is an integer", hex: "950180c00790" },
  { what: "a string of four gigabytes", hex: "950180c0dbffffffff90" },
  { what: "stream ids that are integers", hex: "960180c0a4566f6964909101" },
  { what: "a stream item with an id that is nil", hex: "940280c001" },
  { what: "a completion of an unknown kind", hex: "950380a1310901" },
  { what: "a completion without its result", hex: "940380a13103" },
  { what: "a completion with an error that is an integer", hex: "950380a1310101" },
  { what: "a cancel of 2 elements", hex: "920580" },
  { what: "an array of arrays", hex: "9191919106" },
];

export const malformedMessagePack: readonly MalformedInput[] = [
  ...malformedBodies.map(({ what, hex }) => ({ what, bytes: lengthPrefixed(Buffer.from(hex, "hex")) })),
  { what: "a length of 6 bytes", bytes: Buffer.from("ffffffffff0100", "hex") },
  { what: "JSON", bytes: jsonFrame(`{"type":6,"x":"${"x".repeat(200)}"}`) },
  { what: "a message one byte over the limit", bytes: packedEchoOfSize(maxMessageBytes + 1) },
];

const strictlyRefusedBodies = [
  { what: "arguments that are nil", hex: "950180a131a4566f6964c0" },
  { what: "arguments that are a map", hex: "950180a131a4566f696480" },
  { what: "an invocation that ends in the arguments", hex: "950180a131a4566f69649201" },
  { what: "four billion arguments", hex: "950180a131a4566f6964ddffffffff" },
  { what: "four billion headers", hex: "9501dfffffffffa131a4566f696490" },
  { what: "a target with invalid UTF-8", hex: "950180a131a2c32890" },
  { what: "a stream item of 3 elements", hex: "930280a131" },
  { what: "100 nested arrays", hex: `950180a131a44563686f91${"91".repeat(100)}c0` },
  { what: "10,000 nested arrays", hex: `950180a131a44563686f${"91".repeat(10_000)}` },
  { what: "a ping with a byte behind it", hex: "9106c0" },
];

export const strictlyRefusedMessagePack: readonly MalformedInput[] = [
  ...strictlyRefusedBodies.map(({ what, hex }) => ({ what, bytes: lengthPrefixed(Buffer.from(hex, "hex")) })),
  { what: "a length of 2 gigabytes and nothing of it", bytes: Buffer.from("ffffffff07", "hex") },
  { what: "a length over the limit and nothing of it", bytes: Buffer.from("818002", "hex") },
];

/** `Echo` with the id "1" in a frame of this many bytes, separator included. */
export function jsonEchoOfSize(size: number): Buffer {
  const around = jsonFrame('{"type":1,"invocationId":"1","target":"Echo","arguments":[""]}').length;
  return jsonFrame(`{"type":1,"invocationId":"1","target":"Echo","arguments":["${"x".repeat(size - around)}"]}`);
}

/** `Echo` with the id "1" in a frame of this many bytes, length prefix of 3 bytes included. */
export function packedEchoOfSize(size: number): Buffer {
  const start = Buffer.concat([
    Buffer.from([0x95, 1]),
    keyedMap([]),
    packedText("1"),
    packedText("Echo"),
    Buffer.from([0x91]),
  ]);
  const header = Buffer.from([0xda, 0, 0]);
  const text = Buffer.alloc(size - 3 - start.length - header.length, "x");
  header.writeUInt16BE(text.length, 1);
  return lengthPrefixed(Buffer.concat([start, header, text]));
}

function jsonInput(json: string): MalformedInput {
  const shown = json.length > 80 ? `${json.slice(0, 60)}...` : json;
  return { what: json.trim() === "" ? `an empty record of ${json.length} bytes` : shown, bytes: jsonFrame(json) };
}

function withBytes(before: string, bytes: readonly number[], after: string): Buffer {
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), jsonFrame(after)]);
}
