import type { FrameSplitter, HandshakeSplitter } from "@signalr-edge/protocol";
import type { SharedFrame } from "../aggregation/shared-frame.ts";
import type { CloseReason } from "../close-reasons.ts";

/**
 * The life of a client.
 *
 *   handshaking -> accepting -> open -> (failing ->) ending -> closed        every state may go to ending or closed
 *                             open <-> detached                                 with stateful reconnect
 */
export type ClientState =
  /** Waits for the first record; `startedAtMs` is the begin of the connection. */
  | {
      readonly name: "handshaking";
      readonly splitter: HandshakeSplitter;
      readonly startedAtMs: number;
      /** Stateful reconnect was asked for and granted; it takes effect with version 2 of the handshake. */
      readonly isStateful: boolean;
    }
  /** The private upstream decides; `rest` is what followed the handshake in the same chunk. */
  | {
      readonly name: "accepting";
      readonly rest: Buffer;
      readonly startedAtMs: number;
      /** Group messages that have come already; they follow the handshake response. */
      readonly early: SharedFrame[];
    }
  | { readonly name: "open"; readonly splitter: FrameSplitter }
  /** Stateful reconnect: the socket is gone, everything else waits for a new one. */
  | { readonly name: "detached"; readonly untilMs: number }
  /** The client broke the protocol: no more is taken from it, but what it asked for before is still answered. */
  | { readonly name: "failing"; readonly reason: CloseReason; readonly untilMs: number }
  /** The last bytes are written; waits for the end of the transport. */
  | { readonly name: "ending" }
  | { readonly name: "closed" };

export const ending: ClientState = { name: "ending" };
export const closed: ClientState = { name: "closed" };
