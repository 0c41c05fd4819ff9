import { expect } from "vitest";
import type { FrameSplitter } from "./hub-protocol.ts";
import { ProtocolError } from "./protocol-error.ts";

/** A JSON frame from the text in front of its separator. */
export function json(text: string): Buffer {
  return Buffer.from(`${text}\u001e`);
}

/** `hex("02 91 06")` */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** For comparisons in long loops, which are slow on buffers. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A MessagePack frame of fewer than 128 bytes, from the bytes behind its length prefix. */
export function packed(text: string): Buffer {
  const message = hex(text);
  return Buffer.concat([Buffer.from([message.length]), message]);
}

/** The error of a call that has to throw one; anything but a `ProtocolError` fails the test. */
export function refusal(call: () => unknown): ProtocolError {
  try {
    call();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

/** What a splitter yields for pieces, copied as a consumer has to that keeps frames. */
export function framesOf(splitter: FrameSplitter, pieces: readonly Uint8Array[]): Buffer[] {
  const frames: Buffer[] = [];
  for (const piece of pieces) {
    // A chunk belongs to the socket: its bytes change after the call.
    const chunk = Uint8Array.from(piece);
    splitter.push(chunk, (frame) => frames.push(Buffer.from(frame)));
    chunk.fill(0xaa);
  }
  return frames;
}
