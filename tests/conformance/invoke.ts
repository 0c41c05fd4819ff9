import { randomUUID } from "node:crypto";
import type { HubMessage } from "@signalr-edge/protocol";
import { expect } from "vitest";
import type { RawConnection } from "../support/raw-connection.ts";

/** Invokes a hub method. Its completion must be the next message. */
export async function invoke(client: RawConnection, target: string, ...args: readonly unknown[]): Promise<HubMessage> {
  client.sendMessages({ type: 1, invocationId: "i", target, arguments: args });
  const message = await client.nextMessage();
  if (message.type !== 3 || message.invocationId !== "i") {
    throw new Error(`${target} was answered with ${JSON.stringify(message)}`);
  }
  return message;
}

/** As `invoke`; the result, `undefined` for an error. */
export async function resultOf(client: RawConnection, target: string, ...args: readonly unknown[]): Promise<unknown> {
  const completion = await invoke(client, target, ...args);
  return completion.type === 3 ? completion.result : undefined;
}

/** The id under which the origin's records have the client; behind shared upstreams it is not the negotiated one. */
export async function idAtOrigin(client: RawConnection): Promise<string> {
  return String(await resultOf(client, "WhoAmI"));
}

/** Asks the connection something to see that it lives. */
export async function expectAlive(client: RawConnection): Promise<void> {
  expect(await resultOf(client, "Add", 1, 2)).toBe(3);
}

/** A frame of `Add(1, 2)`. */
export function addFrame(client: RawConnection, invocationId: string): Buffer {
  return client.wire.encode({ type: 1, invocationId, target: "Add", arguments: [1, 2] });
}

/** A group or user that no other test has. */
export function uniqueName(): string {
  return randomUUID();
}
