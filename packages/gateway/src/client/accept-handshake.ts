import { findHubProtocol, type HubProtocol, readHandshakeRequest, type TransferFormat } from "@signalr-edge/protocol";

/** The origin's own words (protocol.md 3.3). */
export const handshakeErrors = {
  canceled: "Handshake was canceled.",
  unexpected: "An unexpected error occurred during connection handshake.",
} as const;

const newestVersion = 2;

export type HandshakeVerdict =
  | { readonly kind: "accepted"; readonly protocol: HubProtocol; readonly version: number }
  | { readonly kind: "refused"; readonly error: string };

/**
 * Judges a handshake request as a server since 8.0 does: every version up to 2, of both hub protocols, as far as the
 * transport can carry them. Throws `ProtocolError` for what is no handshake request.
 */
export function acceptHandshake(record: Buffer, transferFormats: readonly TransferFormat[]): HandshakeVerdict {
  const request = readHandshakeRequest(record);
  const protocol = findHubProtocol(request.protocol);
  if (protocol === undefined) {
    return { kind: "refused", error: `The protocol '${request.protocol}' is not supported.` };
  }
  if (request.version > newestVersion) {
    const error = `The server does not support version ${request.version} of the '${protocol.name}' protocol.`;
    return { kind: "refused", error };
  }
  const { name, transferFormat } = protocol;
  if (!transferFormats.includes(transferFormat)) {
    const error = `Cannot use the '${name}' protocol on the current transport. The transport does not support '${transferFormat}' transfer format.`;
    return { kind: "refused", error };
  }
  return { kind: "accepted", protocol, version: request.version };
}
