import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { jsonWire } from "./json-wire.ts";
import { messagePackWire } from "./messagepack-wire.ts";

/**
 * The frames of one hub protocol as a client writes and reads them, so that one test can speak both. Written apart from
 * `packages/protocol`: a client of the tests must not share the mistakes of what it tests.
 */
export interface Wire {
  readonly protocol: HubProtocolName;
  /** Frame of a message with the members that are given, in the order of the TypeScript client. */
  encode(message: HubMessage): Buffer;
  /** 64-bit integers beyond 2^53 come as bigint from MessagePack, as numbers from JSON. */
  decode(frame: Buffer): HubMessage;
  /** A frame in words, for failure messages. */
  describe(frame: Buffer): string;
  readonly ping: Buffer;
}

export const wires: Readonly<Record<HubProtocolName, Wire>> = { json: jsonWire, messagepack: messagePackWire };
