import type { CompletionPayload, Envelope, Frame } from "@signalr-edge/protocol";

/** What a completion frame carries; a result is a view of the frame. */
export function completionPayload({ error, result }: Envelope, frame: Frame): CompletionPayload {
  if (error !== undefined) return { kind: "error", error };
  if (result === undefined) return { kind: "void" };
  return { kind: "result", raw: frame.subarray(result.start, result.end) };
}
