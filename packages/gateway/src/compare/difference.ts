import type { HubProtocolName } from "@signalr-edge/protocol";
import type { InvocationView, MessageView, Place } from "./client-view.ts";
import type { FrameEntry } from "./recording.ts";
import type { ValuePath } from "./value-path.ts";

interface Where {
  readonly pair: number;
  readonly protocol: HubProtocolName;
  readonly atMs: number;
}

/** A message that only one side has, or that is not the same on both. */
export interface MessageDifference extends Where {
  readonly about: "message";
  readonly kind: "missing" | "extra" | "reordered" | "different";
  readonly place: Place;
  readonly target: string;
  readonly direct: MessageView | undefined;
  readonly gateway: MessageView | undefined;
  /** The two direct clients got different bytes in its place: the hub makes this message for each client. */
  readonly isPerClient: boolean;
  /** The gateway's client has the same message twice. */
  readonly isCopy: boolean;
}

/** What one invocation came to. */
export interface AnswerDifference extends Where {
  readonly about: "answer";
  /** `missing`, `extra`: an answer or stream items; `different`: another result; `error`: an error on one side, or another text. */
  readonly kind: "missing" | "extra" | "different" | "error";
  readonly method: string;
  readonly direct: InvocationView | undefined;
  readonly gateway: InvocationView | undefined;
  readonly directFrame: FrameEntry | undefined;
  readonly gatewayFrame: FrameEntry | undefined;
  /** Where the values differ; empty unless both frames have one. */
  readonly paths: readonly ValuePath[];
}

/** A connection that was refused, lost or ended on one side only, or in other words. */
export interface ConnectionDifference extends Where {
  readonly about: "connection";
  readonly kind: "refused" | "reconnected" | "ended";
  /** What happened on each side, or `undefined` for nothing. */
  readonly direct: string | undefined;
  readonly gateway: string | undefined;
}

export type Difference = MessageDifference | AnswerDifference | ConnectionDifference;

/** What was compared, and what could not be. */
export interface Findings {
  readonly differences: readonly Difference[];
  /** Messages that both have. */
  readonly messages: number;
  /** Of `messages`, those of a group rule or a broadcast. */
  readonly sharedMessages: number;
  /** Results and errors, refused connections among them. */
  readonly answers: number;
  readonly streamItems: number;
  /** One line each: what the two direct clients have no common answer to. */
  readonly notes: readonly string[];
}
