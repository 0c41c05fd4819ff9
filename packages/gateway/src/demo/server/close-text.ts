import { ProtocolError } from "@signalr-edge/protocol";
import { InvalidData } from "./answer-handshake.ts";
import { errorText } from "./refuse-invocation.ts";
import { maxReceiveMessageBytes } from "./server-limits.ts";

/** A client that had pinged was silent for too long. */
export class ClientTimeout extends Error {
  override readonly name = "OperationCanceledException";

  constructor() {
    super("Client hasn't sent a message/ping within the configured ClientTimeoutInterval.");
  }
}

/** What a Close message says about the error that ends a connection (protocol.md 7.5). */
export function closeText(error: unknown, detailed: boolean): string {
  const shown = error instanceof ProtocolError ? new InvalidData(protocolErrorText(error)) : error;
  return errorText("Connection closed with an error.", shown, detailed);
}

/** ASP.NET Core's words for the size limit. */
function protocolErrorText(error: ProtocolError): string {
  if (error.code !== "tooLarge") return error.message;
  return `The maximum message size of ${maxReceiveMessageBytes}B was exceeded. The message size can be configured in AddHubOptions.`;
}
