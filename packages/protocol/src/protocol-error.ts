/**
 * Why bytes of a peer were refused.
 * - `malformed`: not a valid hub message, handshake or negotiate answer
 * - `tooLarge`: longer than the limit that was given
 * - `tooDeep`: nested deeper than the limit that was given
 * - `unsupported`: well formed, but a protocol, version or redirect that nobody here speaks
 */
export type ProtocolErrorCode = "malformed" | "tooLarge" | "tooDeep" | "unsupported";

/** The only error that this package throws for input. Anything else that escapes is a bug here. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;

  /** `message` may be shown to the peer; `options.cause` says more for the log, such as the position of a bad byte. */
  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
