import { type HubMessage, MessageType } from "@signalr-edge/protocol";
import type { RawConnection } from "../../support/raw-connection.ts";
import { patienceMs } from "./updates.ts";

/** Invokes a hub method and returns its completion, whatever else comes before. The id must be new to the client. */
export function invoke(
  client: RawConnection,
  invocationId: string,
  target: string,
  ...args: readonly unknown[]
): Promise<HubMessage> {
  client.sendMessages({ type: MessageType.Invocation, invocationId, target, arguments: args });
  return client.completionOf(invocationId, patienceMs);
}

/** As `invoke`, for the result; rejects if there is none. */
export async function resultOf(
  client: RawConnection,
  invocationId: string,
  target: string,
  ...args: readonly unknown[]
): Promise<unknown> {
  const completion = await invoke(client, invocationId, target, ...args);
  if (completion.type !== MessageType.Completion || completion.error !== undefined) {
    throw new Error(`${target} was completed with ${JSON.stringify(completion)}`);
  }
  return completion.result;
}

/** Invokes without an id: nothing comes back. */
export function send(client: RawConnection, target: string, ...args: readonly unknown[]): void {
  client.sendMessages({ type: MessageType.Invocation, target, arguments: args });
}
