import { NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { type Envelope, hubProtocols } from "@signalr-edge/protocol";
import { declared } from "../declared.ts";
import { cutInvariantly, maxFrameBytes } from "../split-frames.ts";
import { Finding, type Target, texts } from "../target.ts";

const { messagepack } = hubProtocols;
const official = new MessagePackHubProtocol();

/** Streams of MessagePack hub messages: scanner, decoder and the official client agree on what they accept. */
export const messagePackTarget: Target = {
  name: "messagepack",
  maxBytes: 4096,
  maxBatch: 64_000,
  isAsync: false,
  seeds: [
    messagepack.write({
      type: 1,
      target: "Subscribe",
      invocationId: "1",
      arguments: [42, { id: "a" }, [true, null, -1.5]],
      streamIds: ["s"],
    }),
    messagepack.write({ type: 2, invocationId: "1", item: { a: 2 ** 40 } }),
    messagepack.write({ type: 3, invocationId: "1", result: [Buffer.from("bytes"), new Date(0)] }),
    messagepack.write({ type: 3, invocationId: "1", error: "no" }),
    messagepack.write({ type: 4, invocationId: "2", target: "T", headers: { a: "b" }, arguments: [] }),
    Buffer.concat([
      messagepack.writeCancelInvocation("2"),
      messagepack.pingFrame,
      messagepack.writeClose({ error: "x" }),
    ]),
    Buffer.concat([messagepack.writeAck(9), messagepack.writeSequence(1)]),
  ],
  dictionary: texts(
    ...[
      "\u00c0",
      "\u00c1",
      "\u00c2",
      "\u00c3",
      "\u0080",
      "\u0090",
      "\u00a0",
      "\u0091\u0006",
      "\u0095\u0001\u0080\u00c0",
      "\u0093\u0007",
    ],
    ...[
      "\u00d9\u00ff",
      "\u00da\u00ff\u00ff",
      "\u00db\u007f\u00ff\u00ff\u00ff",
      "\u00dc\u00ff\u00ff",
      "\u00dd\u007f\u00ff\u00ff\u00ff",
    ],
    ...[
      "\u00de\u00ff\u00ff",
      "\u00df\u00ff\u00ff\u00ff\u00ff",
      "\u00c4\u0001",
      "\u00c6\u00ff\u00ff\u00ff\u00ff",
      "\u00d6\u00ff",
      "\u00d7\u00ff",
    ],
    ...[
      "\u00c7\u000c\u00ff",
      "\u00c7\u0001\u0063",
      "\u00d4\u0062\u0000",
      "\u00cf\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff",
      "\u00cb\u007f\u00f8",
    ],
    ...[
      "\u00ff\u00ff\u00ff\u00ff\u0007",
      "\u0080\u0080\u0080\u0080\u0000",
      "\u00a9__proto__",
      "\u00ed\u00a0\u0080",
      "\u00c0\u0080",
    ],
  ),
  run(input) {
    for (const frame of cutInvariantly(messagepack, input).frames) checkFrame(frame);
    // The bytes as one message, so that a length that is not true does not hide what is behind it.
    checkFrame(framed(input.subarray(0, 4000)));
  },
  work: (input) => {
    declared(() => messagepack.createSplitter(maxFrameBytes).push(input, (frame) => void messagepack.peek(frame)));
    declared(() => messagepack.parse(framed(input.subarray(0, 4000))));
  },
  plain: (byteCount) =>
    messagepack.write({ type: 1, target: "T", arguments: Array.from({ length: 1 + byteCount / 4 }, () => "abc") }),
};

function framed(message: Uint8Array): Buffer {
  const { length } = message;
  const prefix = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from(prefix), message]);
}

function checkFrame(frame: Buffer): void {
  const envelope = declared(() => messagepack.peek(frame));
  const message = declared(() => messagepack.parse(frame));
  if (envelope === undefined) {
    if (message !== undefined) throw new Finding("parse accepts what peek refuses");
    return;
  }
  if (message !== undefined && message.type !== envelope.type) throw new Finding("peek and parse differ in the type");
  for (const range of [...envelope.argumentRanges, envelope.item, envelope.result]) {
    // What peek accepted is read without an error.
    if (range === undefined) continue;
    if (range.start >= range.end || range.end > frame.length) throw new Finding("a range outside of the frame");
    messagepack.readScalar(frame, range, ["a"]);
    messagepack.readScalars(frame, range, []);
    messagepack.elementRanges(frame, range, [0]);
  }
  compareWithOfficial(frame, envelope);
}

/** What both accept, both read alike. */
function compareWithOfficial(frame: Buffer, envelope: Envelope): void {
  let messages: readonly unknown[];
  try {
    messages = official.parseMessages(Uint8Array.from(frame).buffer, NullLogger.instance);
  } catch {
    // The client's decoder has limits of its own, such as keys of maps.
    return;
  }
  for (const message of messages) {
    if (typeof message !== "object" || message === null) continue;
    const { type, target } = message as { type?: unknown; target?: unknown };
    if (type !== envelope.type) throw new Finding("another type than the official client finds");
    if (envelope.target !== undefined && target !== envelope.target) throw new Finding("another target");
  }
}
