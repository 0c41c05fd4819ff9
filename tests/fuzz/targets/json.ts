import { isDeepStrictEqual } from "node:util";
import { JsonHubProtocol, NullLogger } from "@microsoft/signalr";
import { type Envelope, hubProtocols, ProtocolError } from "@signalr-edge/protocol";
import { declared } from "../declared.ts";
import { cutInvariantly, maxFrameBytes } from "../split-frames.ts";
import { Finding, type Target, texts } from "../target.ts";

const { json } = hubProtocols;
const official = new JsonHubProtocol();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Streams of JSON hub messages: what is accepted is JSON and means what other readers read in it. */
export const jsonTarget: Target = {
  name: "json",
  maxBytes: 4096,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts(
    '{"type":1,"target":"Subscribe","invocationId":"1","arguments":[42,{"id":"a"},[true,null,-1.5e3]],"streamIds":["s"]}\u001e',
    '{"type":2,"invocationId":"1","item":{"a":"\\u00e4\\n"}}\u001e{"type":3,"invocationId":"1","result":[]}\u001e',
    '{"type":3,"invocationId":"1","error":"no"}\u001e{"type":6}\u001e{"type":7,"error":"x","allowReconnect":true}\u001e',
    '{"type":4,"target":"T","invocationId":"2","headers":{"a":"b"},"arguments":[]}\u001e{"type":5,"invocationId":"2"}\u001e',
    '{"type":8,"sequenceId":9}\u001e{"type":9,"sequenceId":1}\u001e',
  ),
  dictionary: texts(
    ...['"type":', '"target":', '"arguments":', '"invocationId":', '"streamIds":', '"item":', '"result":', '"error":'],
    ...[
      '"headers":',
      '"allowReconnect":',
      '"sequenceId":',
      '"\\u0074ype":',
      '"__proto__":',
      "\u001e",
      ",",
      ":",
      "[",
      "]",
    ],
    ...["{", "}", '"', "\\", "\\u0000", "\\ud800", "\\udc00", "null", "true", "false", "-0", "1e999", "1.", "00", "-"],
    ...[
      "\u00ef\u00bb\u00bf",
      "\u00ed\u00a0\u0080",
      "\u00c0\u0080",
      "\u00f4\u0090\u0080\u0080",
      "\u0000",
      " ",
      "\t",
      "\n",
      "9007199254740993",
    ],
  ),
  run(input) {
    for (const frame of cutInvariantly(json, input).frames) checkFrame(frame);
  },
  work: (input) => {
    declared(() => json.createSplitter(maxFrameBytes).push(input, (frame) => void json.peek(frame)));
  },
  plain: (byteCount) => Buffer.from('{"type":1,"target":"T","arguments":[1]}\u001e'.repeat(1 + byteCount / 40)),
};

function checkFrame(frame: Buffer): void {
  let envelope: Envelope;
  try {
    envelope = json.peek(frame);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const isSyntax = error.code === "malformed" && error.message === "Error reading JSON.";
    if (isSyntax && decode(frame) !== undefined) throw new Finding("refused as JSON, but is JSON", { cause: error });
    return;
  }
  const decoded = decode(frame);
  if (decoded === undefined) throw new Finding("accepted, but is no JSON");
  expectSameMembers(envelope, decoded.value);
  const slices = envelope.argumentRanges.map(({ start, end }): unknown =>
    JSON.parse(frame.toString("utf8", start, end)),
  );
  if (envelope.argumentsRange !== undefined && !isDeepStrictEqual(slices, member(decoded.value, "arguments"))) {
    throw new Finding("arguments differ from those that JSON.parse finds");
  }
  if (json.parse(frame)?.type !== (envelope.type >= 1 && envelope.type <= 9 ? envelope.type : undefined)) {
    throw new Finding("peek and parse differ in the type");
  }
  compareWithOfficial(frame, envelope);
}

function decode(frame: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(strictUtf8.decode(frame.subarray(0, -1))) };
  } catch {
    return undefined;
  }
}

function expectSameMembers(envelope: Envelope, value: unknown): void {
  if (envelope.type !== member(value, "type")) throw new Finding("another type than JSON.parse finds");
  if (envelope.type !== 1 && envelope.type !== 4) return;
  if (envelope.target !== member(value, "target")) throw new Finding("another target than JSON.parse finds");
  if (envelope.invocationId !== (member(value, "invocationId") || undefined)) {
    throw new Finding("another invocation id than JSON.parse finds");
  }
}

/** What both accept, both read alike. */
function compareWithOfficial(frame: Buffer, envelope: Envelope): void {
  let messages: readonly unknown[];
  try {
    messages = official.parseMessages(frame.toString("utf8"), NullLogger.instance);
  } catch {
    // The client is stricter about members that a server never omits.
    return;
  }
  for (const message of messages) expectSameMembers(envelope, message);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
