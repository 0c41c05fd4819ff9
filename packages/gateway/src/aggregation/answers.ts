import type { Envelope } from "@signalr-edge/protocol";
import type { Member } from "./ports.ts";

/** As .NET completes a method without a result: with null. */
export function completeVoid(client: Member, { invocationId }: Envelope): void {
  if (invocationId !== undefined) client.complete(invocationId, { kind: "result", raw: client.protocol.nullValue });
}

/** In the origin's words for a method that the user may not invoke. */
export function completeUnauthorized(client: Member, envelope: Envelope, method: string): void {
  completeError(client, envelope, `Failed to invoke '${method}' because user is unauthorized`);
}

export function completeError(client: Member, { invocationId }: Envelope, error: string): void {
  if (invocationId !== undefined) client.complete(invocationId, { kind: "error", error });
}
