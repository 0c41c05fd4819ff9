import type { ProtocolValue } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { longValue, recordValue } from "./dot-net-values.ts";

export function eventGroup(eventId: bigint): string {
  return `event:${eventId}`;
}

export function textGroup(key: string): string {
  return `text:${key}`;
}

/** Where the stream of one group stands. */
export interface EventPosition {
  /** The number published last; 0 before the first. */
  readonly sequence: number;
  /** The same in all messages of one group, different between groups. */
  readonly secret: string;
}

/** The sequence numbers of every group, kept until the origin is reset. */
export class LiveEvents {
  readonly #sequences = new Map<string, number>();
  readonly #closed = new Set<string>();

  position(hub: string, group: string): EventPosition {
    return { sequence: this.#sequences.get(groupKey(hub, group)) ?? 0, secret: `secret of ${group}` };
  }

  /** Takes the next number. To be sent in the same turn, so that snapshots have no hole behind them. */
  next(hub: string, group: string): EventPosition {
    const { sequence, secret } = this.position(hub, group);
    this.#sequences.set(groupKey(hub, group), sequence + 1);
    return { sequence: sequence + 1, secret };
  }

  /** It takes no new members. */
  close(hub: string, group: string): void {
    this.#closed.add(groupKey(hub, group));
  }

  isClosed(hub: string, group: string): boolean {
    return this.#closed.has(groupKey(hub, group));
  }

  clear(): void {
    this.#sequences.clear();
    this.#closed.clear();
  }
}

export function eventSnapshot(eventId: bigint, { sequence, secret }: EventPosition): ProtocolValue {
  return recordValue({ eventId: longValue(eventId), sequence, secret });
}

export function textSnapshot(key: string, { sequence, secret }: EventPosition): ProtocolValue {
  return recordValue({ key, sequence, secret });
}

function groupKey(hub: string, group: string): string {
  return `${hub} ${group}`;
}
