import { ProtocolError } from "./protocol-error.ts";

/** In the origin's words. */
export function messageTooLarge(maxFrameBytes: number): ProtocolError {
  return new ProtocolError(
    "tooLarge",
    `The maximum message size of ${maxFrameBytes}B was exceeded. The message size can be configured in AddHubOptions.`,
  );
}
