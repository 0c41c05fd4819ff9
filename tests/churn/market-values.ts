import type { HubMessage } from "@signalr-edge/protocol";

/** What the market's messages and snapshots say, the same for both hub protocols. */
export interface MarketValue {
  readonly topic: number;
  /** Which life of the origin process; a later one is larger. */
  readonly epoch: number;
  /** Of a message, its own; of a snapshot, the last one before it. */
  readonly sequence: number;
  readonly secret: string;
}

/** `undefined` for anything that is no market value. */
export function readMarketValue(value: unknown): MarketValue | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Members are in camelCase in JSON and in PascalCase in MessagePack.
  const members = value as Readonly<Record<string, unknown>>;
  const secret = members.secret ?? members.Secret;
  if (typeof secret !== "string") return undefined;
  return {
    topic: Number(members.topic ?? members.Topic),
    epoch: Number(members.epoch ?? members.Epoch),
    sequence: Number(members.sequence ?? members.Sequence),
    secret,
  };
}

/** How a topic is joined and left, and which targets belong to it. Even topics are followed, odd ones watched. */
export interface TopicMethods {
  readonly join: "Follow" | "Watch";
  readonly leave: "Unfollow" | "Unwatch";
  /** The snapshot is the result of the join, or a message to the caller of this target. */
  readonly snapshotTarget: "BoardSnapshot" | undefined;
}

const followed: TopicMethods = { join: "Follow", leave: "Unfollow", snapshotTarget: undefined };
const watched: TopicMethods = { join: "Watch", leave: "Unwatch", snapshotTarget: "BoardSnapshot" };

export function methodsOf(topic: number): TopicMethods {
  return topic % 2 === 0 ? followed : watched;
}

/** The two groups of the market, one for each way in which hubs give a snapshot and each way to treat a gap. */
export function marketGroups(overrides: Readonly<Record<string, unknown>> = {}): readonly object[] {
  return [
    {
      name: "followed",
      access: "public",
      join: { method: followed.join, key: "{0}" },
      leave: { method: followed.leave, key: "{0}" },
      messages: [{ target: "Tick", key: "{0.topic}" }],
      onGap: "close",
      ...overrides,
    },
    {
      name: "watched",
      access: "public",
      join: { method: watched.join, key: "{0}" },
      leave: { method: watched.leave, key: "{0}" },
      messages: [
        { target: "Board", key: "{0.topic}" },
        { target: "BoardSnapshot", key: "{0.topic}", to: "joiner" },
      ],
      onGap: "rejoin",
      ...overrides,
    },
  ];
}

/** A message about a topic; `undefined` for every other one. */
export function readTopicMessage(message: HubMessage): (MarketValue & { readonly isSnapshot: boolean }) | undefined {
  if (message.type !== 1) return undefined;
  const value = readMarketValue(message.arguments[0]);
  return value === undefined ? undefined : { ...value, isSnapshot: message.target === "BoardSnapshot" };
}
