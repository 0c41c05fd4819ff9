import type { Envelope } from "./hub-protocol.ts";

/** An envelope while `peek` fills it. */
export type EnvelopeDraft = { -readonly [Member in keyof Envelope]: Envelope[Member] };

const noStrings: readonly string[] = Object.freeze([]);
const noRanges: Envelope["argumentRanges"] = Object.freeze([]);

/** Both protocols start here, so that all envelopes have one hidden class and their readers stay monomorphic. */
export function draftEnvelope(): EnvelopeDraft {
  return {
    type: 0,
    target: undefined,
    invocationId: undefined,
    streamIds: noStrings,
    argumentsRange: undefined,
    argumentRanges: noRanges,
    item: undefined,
    result: undefined,
    error: undefined,
    allowReconnect: false,
    sequenceId: undefined,
  };
}
