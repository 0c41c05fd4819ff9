import type { HubProtocol } from "@signalr-edge/protocol";
import { findHubProtocol, ProtocolError, readHandshakeRequest } from "@signalr-edge/protocol";
import type { HubDefinition } from "./hub-definition.ts";
import { errorText } from "./refuse-invocation.ts";

export type HandshakeAnswer =
  | { readonly kind: "accepted"; readonly protocol: HubProtocol }
  | { readonly kind: "refused"; readonly error: string };

/** Versions 1 and 2 of each hub protocol are the same but for stateful reconnect, which nobody is offered here. */
const supportedVersions = [1, 2];

/** What the server answers to a complete handshake record (protocol.md 3.3). */
export function answerHandshake(record: Uint8Array, hub: HubDefinition): HandshakeAnswer {
  try {
    const request = readHandshakeRequest(record);
    const protocol = findHubProtocol(request.protocol);
    if (protocol === undefined || hub.protocols?.includes(protocol.name) === false) {
      return refused(`The protocol '${request.protocol}' is not supported.`);
    }
    if (!supportedVersions.includes(request.version)) {
      return refused(`The server does not support version ${request.version} of the '${protocol.name}' protocol.`);
    }
    return { kind: "accepted", protocol };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const text = "An unexpected error occurred during connection handshake.";
    return refused(errorText(text, new InvalidData(error.message), hub.detailedErrors === true));
  }
}

/** The name that .NET gives to bytes it cannot read. */
export class InvalidData extends Error {
  override readonly name = "InvalidDataException";
}

function refused(error: string): HandshakeAnswer {
  return { kind: "refused", error };
}
