import { type HubProtocol, ProtocolError } from "@signalr-edge/protocol";
import { Finding } from "./target.ts";

export const maxFrameBytes = 4096;

export interface Cut {
  readonly frames: readonly Buffer[];
  /** Code of the refusal that ended it. */
  readonly refusal: string | undefined;
}

/** The frames of a stream that arrives in these pieces. */
export function cutFrames(protocol: HubProtocol, pieces: readonly Uint8Array[]): Cut {
  const splitter = protocol.createSplitter(maxFrameBytes);
  const frames: Buffer[] = [];
  try {
    for (const piece of pieces) splitter.push(piece, (frame) => frames.push(Buffer.from(frame)));
  } catch (error) {
    if (error instanceof ProtocolError) return { frames, refusal: error.code };
    throw error;
  }
  if (splitter.bufferedBytes > maxFrameBytes) throw new Finding(`${splitter.bufferedBytes} bytes are held back`);
  return { frames, refusal: undefined };
}

/** Where a stream is cut must not matter: whole, in two at a place that the bytes decide, and byte by byte if short. */
export function cutInvariantly(protocol: HubProtocol, input: Buffer): Cut {
  const whole = cutFrames(protocol, [input]);
  const at = input.length === 0 ? 0 : ((input[0] ?? 0) * 31 + (input.at(-1) ?? 0)) % input.length;
  expectSameCut(whole, cutFrames(protocol, [input.subarray(0, at), input.subarray(at)]));
  if (input.length <= 24)
    expectSameCut(
      whole,
      cutFrames(
        protocol,
        Array.from(input, (byte) => Buffer.from([byte])),
      ),
    );
  return whole;
}

export function expectSameCut(expected: Cut, actual: Cut): void {
  const isSame =
    expected.refusal === actual.refusal &&
    expected.frames.length === actual.frames.length &&
    expected.frames.every((frame, index) => frame.equals(actual.frames[index] ?? Buffer.alloc(0)));
  if (!isSame) throw new Finding(`cut otherwise: ${describe(expected)} and ${describe(actual)}`);
}

function describe({ frames, refusal }: Cut): string {
  return `${frames.map((frame) => frame.toString("hex")).join(" ")} ${refusal ?? "accepted"}`;
}
