/**
 * Messages on a fixed schedule. Message number n, counted from 0, goes to group `g{n % groups}`, so that everybody can
 * work out what a client has to get.
 */
export interface Publication {
  readonly groups: number;
  readonly messagesPerTick: number;
  readonly tickIntervalMs: number;
  readonly ticks: number;
  /** Bytes of text in each message, besides about 105 others. */
  readonly fillerBytes: number;
}

export interface Published {
  readonly messages: number;
  /** How late the latest tick was. */
  readonly latestMs: number;
}

/** Where the clients are: client number i is in `groupsPerClient` groups from `g{i % groups}` on, in a ring. */
export interface Seating {
  readonly groups: number;
  readonly groupsPerClient: number;
}

export function groupsOf(client: number, { groups, groupsPerClient }: Seating): number[] {
  return Array.from({ length: groupsPerClient }, (_, position) => (client + position) % groups);
}

export function groupKey(group: number): string {
  return `g${group}`;
}

export function messagesOf({ ticks, messagesPerTick }: Publication): number {
  return ticks * messagesPerTick;
}

/** How many of `messages` messages reach the client. */
export function expectedMessages(client: number, seating: Seating, messages: number): number {
  const perGroup = (group: number): number => Math.max(0, Math.ceil((messages - group) / seating.groups));
  return groupsOf(client, seating).reduce((sum, group) => sum + perGroup(group), 0);
}

/** A schedule of `durationMs` with one tick every `tickIntervalMs`, at least one. */
export function scheduleOf(shape: Omit<Publication, "ticks">, durationMs: number): Publication {
  return { ...shape, ticks: Math.max(1, Math.round(durationMs / shape.tickIntervalMs)) };
}
