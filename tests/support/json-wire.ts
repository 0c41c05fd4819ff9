import type { HubMessage } from "@signalr-edge/protocol";
import type { Wire } from "./wire.ts";

/** A frame out of a JSON text. */
export function jsonFrame(text: string): Buffer {
  return Buffer.from(`${text}\u001e`);
}

/** The text of a frame, without its separator. */
export function jsonText(frame: Buffer): string {
  if (frame.at(-1) !== 0x1e) throw new Error(`no separator at the end of ${frame.toString()}`);
  return frame.toString("utf8", 0, frame.length - 1);
}

export const jsonWire: Wire = {
  protocol: "json",
  encode: (message) => jsonFrame(JSON.stringify(message)),
  decode: (frame) => JSON.parse(jsonText(frame)) as HubMessage,
  describe: (frame) => frame.toString(),
  ping: jsonFrame('{"type":6}'),
};
