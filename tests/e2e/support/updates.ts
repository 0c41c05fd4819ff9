import type { RawConnection } from "../../support/raw-connection.ts";

/** For what comes at once, unless the machine is busy with something else. */
export const patienceMs = 30_000;

/** What tests read of an `OddsChanged` or `EventSnapshot`, the same for both hub protocols. */
export interface Update {
  readonly eventId: number | bigint;
  readonly sequence: number;
  readonly secret: string;
}

/** The origin's messages, snapshots and results have PascalCase members in MessagePack, camelCase in JSON. */
export function readUpdate(value: unknown): Update {
  const members = new Map(Object.entries(value as object).map(([name, member]) => [name.toLowerCase(), member]));
  return {
    eventId: members.get("eventid") as number | bigint,
    sequence: Number(members.get("sequence")),
    secret: String(members.get("secret")),
  };
}

/** The updates among the frames that a client received so far, in order. */
export function updatesOf(client: RawConnection, target = "OddsChanged"): Update[] {
  return client.frames.flatMap((frame) => readUpdateFrame(client, frame, target) ?? []);
}

export function sequencesOf(client: RawConnection, target?: string): number[] {
  return updatesOf(client, target).map(({ sequence }) => sequence);
}

/** The first update with this number, past or to come. */
export async function waitForSequence(
  client: RawConnection,
  sequence: number,
  { target = "OddsChanged" }: { readonly target?: string } = {},
): Promise<void> {
  await client.waitFor((frame) => readUpdateFrame(client, frame, target)?.sequence === sequence, patienceMs);
}

/** Resolves when the client has received this many frames since its handshake, completions included. */
export async function waitForFrames(client: RawConnection, count: number): Promise<void> {
  await client.log.until(() => client.frames[count - 1], `frame ${count - 1}`, patienceMs);
}

/** `first`, `first + 1`, ... `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** `undefined` for any other message. */
export function readUpdateFrame(client: RawConnection, frame: Buffer, target = "OddsChanged"): Update | undefined {
  const message = client.wire.decode(frame);
  return message.type === 1 && message.target === target ? readUpdate(message.arguments[0]) : undefined;
}
