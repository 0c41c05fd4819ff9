import type { HubProtocolName, PathStep } from "@signalr-edge/protocol";

/** One `{N.path}` of a key template. */
export interface KeyReference {
  readonly argument: number;
  readonly path: readonly PathStep[];
  /**
   * `{N[]}`: one key per element of the array found there. At most one such reference per template, and none in the
   * template of a message.
   */
  readonly expand: boolean;
}

/** Literal text and references, in order: `"{0.eventId}/{1}"` is [ref, "/", ref]. No two literals stand side by side. */
export interface KeyTemplate {
  /** As configured, for messages to people. */
  readonly source: string;
  readonly parts: readonly (string | KeyReference)[];
}

/** A template per hub protocol: `keyMessagePack` may replace the one for MessagePack. */
export type KeyTemplates = Readonly<Record<HubProtocolName, KeyTemplate>>;

/** Who may use a shared rule (aggregation.md 5). */
export type Access =
  | { readonly kind: "public" }
  /** A verified user. */
  | { readonly kind: "authenticated" }
  /** A verified user with one of the values for each of the claims. */
  | { readonly kind: "claims"; readonly claims: Readonly<Record<string, readonly string[]>> }
  /** The origin decides, asked on the client's own connection; its yes holds for `ttlMs`. */
  | { readonly kind: "probe"; readonly ttlMs: number };

export type SlowPolicy = "close" | "drop" | "conflate";
export type GapPolicy = "close" | "rejoin" | "ignore";

export interface HubMethodRule {
  /** As configured. */
  readonly method: string;
  readonly keys: KeyTemplates;
}

export interface TargetRule {
  readonly group: GroupRule;
  readonly target: string;
  /** `undefined`: every such message belongs to the key of the upstream that it comes on (`upstream: perKey` only). */
  readonly keys: KeyTemplates | undefined;
  /** `joiner`: the hub sends it with Clients.Caller during a join. */
  readonly to: "members" | "joiner";
  readonly onSlow: SlowPolicy;
  /** `deliver`: the hub sends this target to single users too, so private copies are not second copies. */
  readonly privateCopies: "drop" | "deliver";
}

export interface GroupRule {
  /** Unique within the hub; first part of every key. */
  readonly name: string;
  readonly access: Access;
  readonly join: HubMethodRule;
  /**
   * Its n-th reference names a whole argument (no path), arguments 0 to n-1 each once, and takes the value of the n-th
   * reference of `join`: so the gateway can invoke it for a member that is gone.
   * Absent: clients cannot leave but by disconnecting, and the origin-side membership ends with the shared upstream.
   */
  readonly leave: HubMethodRule | undefined;
  readonly messages: readonly TargetRule[];
  /** `perKey`: each key has a shared upstream to itself; its join then yields one key. */
  readonly upstream: "shared" | "perKey";
  /** `text`: 42 and "42" are one key, for hubs whose join takes a string where their messages carry a number. */
  readonly keyKind: "exact" | "text";
  /** How long the result of a join answers further joins of a key that is joined; `undefined`: never (`fresh`). */
  readonly cacheMs: number | undefined;
  readonly onGap: GapPolicy;
  readonly lingerMs: number;
}

/** A stateless query whose identical calls share one invocation (aggregation.md 1). */
export interface CallRule extends HubMethodRule {
  readonly access: Access;
  /** How long a result answers further calls; 0: only calls that are in flight at the same time share. */
  readonly ttlMs: number;
}

/** A server stream whose identical invocations share one at the origin. */
export interface StreamRule extends HubMethodRule {
  readonly access: Access;
}

/** A target that the hub sends to all its clients. */
export interface BroadcastRule {
  readonly target: string;
  readonly onGap: "close" | "ignore";
}

/** Where one part of the partition key comes from. The names of headers are lower case, those of queries as configured. */
export interface PartitionSource {
  readonly kind: "query" | "header";
  readonly name: string;
}

/**
 * The compiled rules of one hub: lookup maps for the data path. Immutable; a reload compiles new ones.
 * Hub methods are looked up in lower case (the origin is case-insensitive), targets exactly.
 */
export interface HubRules {
  readonly path: string;
  readonly groups: readonly GroupRule[];
  readonly joins: ReadonlyMap<string, GroupRule>;
  readonly leaves: ReadonlyMap<string, GroupRule>;
  /** More than one rule may claim a target if their keys differ. */
  readonly targets: ReadonlyMap<string, readonly TargetRule[]>;
  readonly calls: ReadonlyMap<string, CallRule>;
  readonly streams: ReadonlyMap<string, StreamRule>;
  /** By target. */
  readonly broadcasts: ReadonlyMap<string, BroadcastRule>;
  readonly partitionBy: readonly PartitionSource[];
  /** Over how many shared upstreams the keys of a partition and hub protocol are spread, from 1. */
  readonly shards: number;
}
