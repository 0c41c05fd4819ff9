import type { Envelope, Frame, HubProtocol } from "@signalr-edge/protocol";

/** A frame that is used many times, and what `peek` reads in it. Nobody may change either. */
export interface CannedFrame {
  readonly bytes: Frame;
  readonly envelope: Envelope;
}

export function can(protocol: HubProtocol, bytes: Frame): CannedFrame {
  return { bytes, envelope: Object.freeze(protocol.peek(bytes)) };
}
