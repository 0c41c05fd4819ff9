import { hubProtocols } from "@signalr-edge/protocol";
import { declared } from "../declared.ts";
import { type Cut, cutInvariantly, expectSameCut, maxFrameBytes } from "../split-frames.ts";
import { type Target, texts } from "../target.ts";

/** Length prefixes, against a reader that sees the whole stream at once. */
export const framingTarget: Target = {
  name: "framing",
  maxBytes: 5000,
  maxBatch: 64_000,
  isAsync: false,
  seeds: texts("\u0002\u0091\u0006", "\u0001a\u0002bc\u0000\u0003def", `\u0080\u0001${"x".repeat(128)}\u0001y`),
  dictionary: texts(
    "\u0080",
    "\u00ff",
    "\u007f",
    "\u0080\u0000",
    "\u0080\u0020",
    "\u0081\u0020",
    "\u00ff\u00ff\u00ff\u00ff\u0007",
    "\u00ff\u00ff\u00ff\u00ff\u0008",
  ),
  run(input) {
    expectSameCut(cutNaively(input), cutInvariantly(hubProtocols.messagepack, input));
  },
  work: (input) => {
    declared(() => hubProtocols.messagepack.createSplitter(maxFrameBytes).push(input, () => {}));
  },
  plain: (byteCount) => Buffer.alloc(byteCount, "\u0001a"),
};

function cutNaively(input: Buffer): Cut {
  const frames: Buffer[] = [];
  for (let start = 0; start < input.length; ) {
    const prefix = input.subarray(start, start + 5).findIndex((byte) => byte < 0x80);
    if (prefix < 0) return { frames, refusal: input.length - start >= 5 ? "malformed" : undefined };
    const digits = [...input.subarray(start, start + prefix + 1)];
    const length = digits.reduceRight((sum, digit) => sum * 128n + BigInt(digit & 0x7f), 0n);
    if (length > 0x7fffffffn) return { frames, refusal: "malformed" };
    const frameBytes = prefix + 1 + Number(length);
    if (frameBytes > maxFrameBytes) return { frames, refusal: "tooLarge" };
    if (start + frameBytes > input.length) break;
    frames.push(input.subarray(start, start + frameBytes));
    start += frameBytes;
  }
  return { frames, refusal: undefined };
}
