import { type HubProtocol, type HubProtocolName, hubProtocols, type Scalar } from "@signalr-edge/protocol";
import { compileHubRules, compileKeys } from "../../packages/gateway/src/config/compile.ts";
import type { GapPolicy, HubRules } from "../../packages/gateway/src/config/hub-rules.ts";
import { loadConfig } from "../../packages/gateway/src/config/load.ts";

/** The groups of the simulated hub: three rules, and values of which some differ in their kind only. */
const groupShapes = {
  event: { join: "Subscribe", leave: "Unsubscribe", target: "Changed", snapshot: "Snapshot", key: "{0}" },
  list: { join: "SubscribeMany", leave: "UnsubscribeMany", target: "ManyChanged", snapshot: "Many", key: "{0[]}" },
  forever: { join: "Follow", leave: undefined, target: "Followed", snapshot: "FollowSnapshot", key: "{0}" },
} as const;

export type RuleName = keyof typeof groupShapes;

const one: Scalar = { kind: "integer", text: "1" };
const oneAsText: Scalar = { kind: "string", text: "1" };
const two: Scalar = { kind: "integer", text: "2" };

/** A group at the origin. */
export interface Topic {
  readonly index: number;
  readonly rule: RuleName;
  readonly value: Scalar;
}

export const topics: readonly Topic[] = [
  { index: 0, rule: "event", value: one },
  { index: 1, rule: "event", value: oneAsText },
  { index: 2, rule: "event", value: two },
  { index: 3, rule: "list", value: one },
  { index: 4, rule: "list", value: oneAsText },
  { index: 5, rule: "list", value: two },
  { index: 6, rule: "forever", value: one },
];

/** A join as clients invoke it: the topics that it names, and perhaps an argument more, which makes it another one. */
export interface JoinRequest {
  readonly index: number;
  readonly rule: RuleName;
  readonly topics: readonly number[];
  readonly extra?: Scalar;
}

export const joinRequests: readonly JoinRequest[] = [
  { index: 0, rule: "event", topics: [0] },
  { index: 1, rule: "event", topics: [0], extra: two },
  { index: 2, rule: "event", topics: [1] },
  { index: 3, rule: "event", topics: [2] },
  { index: 4, rule: "list", topics: [3, 5] },
  { index: 5, rule: "list", topics: [5, 4] },
  { index: 6, rule: "list", topics: [3] },
  { index: 7, rule: "list", topics: [5, 3] },
  { index: 8, rule: "forever", topics: [6] },
];

/** A leave as clients invoke it. */
export interface LeaveRequest {
  readonly rule: RuleName;
  readonly topics: readonly number[];
}

export const leaveRequests: readonly LeaveRequest[] = [
  { rule: "event", topics: [0] },
  { rule: "event", topics: [1] },
  { rule: "event", topics: [2] },
  { rule: "list", topics: [3] },
  { rule: "list", topics: [5] },
  { rule: "list", topics: [4, 5] },
  { rule: "list", topics: [3, 5] },
];

/** Shared calls and shared streams: one method each, and these arguments. */
const queryMethod = "Query";
const streamMethod = "Watch";
export const queryValues: readonly Scalar[] = [one, two];
export const streamValues: readonly Scalar[] = [one, oneAsText];

/** What the hub sends to all clients. */
const broadcastTarget = "Everybody";

export interface RawCall {
  readonly method: string;
  readonly arguments: readonly Uint8Array[];
}

/** The contract in the bytes of one hub protocol. */
export class HubContract {
  readonly protocol: HubProtocol;
  readonly joins: readonly RawCall[];
  readonly leaves: readonly RawCall[];
  readonly queries: readonly RawCall[];
  readonly streams: readonly RawCall[];
  /** By topic. */
  readonly values: readonly Uint8Array[];
  readonly broadcastTarget = broadcastTarget;
  readonly #joinByBytes: ReadonlyMap<string, JoinRequest>;
  readonly #leaveByBytes: ReadonlyMap<string, Topic>;

  constructor(protocol: HubProtocol) {
    this.protocol = protocol;
    this.values = topics.map(({ value }) => protocol.writeScalar(value));
    this.joins = joinRequests.map(({ rule, topics, extra }) => ({
      method: groupShapes[rule].join,
      arguments: [this.#keyArgument(rule, topics), ...(extra === undefined ? [] : [protocol.writeScalar(extra)])],
    }));
    this.leaves = leaveRequests.map(({ rule, topics }) => ({
      method: groupShapes[rule].leave ?? "",
      arguments: [this.#keyArgument(rule, topics)],
    }));
    this.queries = queryValues.map((value) => ({ method: queryMethod, arguments: [protocol.writeScalar(value)] }));
    this.streams = streamValues.map((value) => ({ method: streamMethod, arguments: [protocol.writeScalar(value)] }));
    this.#joinByBytes = new Map(joinRequests.map((request, index) => [bytesOf(this.joins[index]), request]));
    this.#leaveByBytes = new Map(topics.map((topic) => [bytesOf(this.#leaveOf(topic)), topic]));
  }

  /** What the gateway asks for; `undefined` if no client could have meant it. */
  findJoin(method: string, rawArguments: readonly Uint8Array[]): JoinRequest | undefined {
    return this.#joinByBytes.get(bytesOf({ method, arguments: rawArguments }));
  }

  findLeave(method: string, rawArguments: readonly Uint8Array[]): Topic | undefined {
    return this.#leaveByBytes.get(bytesOf({ method, arguments: rawArguments }));
  }

  /** The number of a shared call, or -1. */
  findQuery(method: string, rawArguments: readonly Uint8Array[]): number {
    const bytes = bytesOf({ method, arguments: rawArguments });
    return this.queries.findIndex((query) => bytesOf(query) === bytes);
  }

  /** The number of a shared stream, or -1. */
  findStream(method: string, rawArguments: readonly Uint8Array[]): number {
    const bytes = bytesOf({ method, arguments: rawArguments });
    return this.streams.findIndex((stream) => bytesOf(stream) === bytes);
  }

  /** Target of updates, or of what the hub tells the caller during a join. */
  target(topic: number, to: "target" | "snapshot"): string {
    return groupShapes[topicAt(topic).rule][to];
  }

  #leaveOf({ rule, index }: Topic): RawCall {
    return { method: groupShapes[rule].leave ?? "", arguments: [this.#keyArgument(rule, [index])] };
  }

  #keyArgument(rule: RuleName, indexes: readonly number[]): Uint8Array {
    const elements = indexes.map((index) => this.values[index] ?? this.protocol.nullValue);
    return rule === "list" ? this.protocol.writeArray(elements) : (elements[0] ?? this.protocol.nullValue);
  }
}

function bytesOf(call: RawCall | undefined): string {
  const parts = call?.arguments.map((raw) => Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("latin1"));
  return JSON.stringify([call?.method, ...(parts ?? [])]);
}

export function topicAt(index: number): Topic {
  const topic = topics[index];
  if (topic === undefined) throw new Error(`there is no topic ${index}`);
  return topic;
}

export const contracts: Readonly<Record<HubProtocolName, HubContract>> = {
  json: new HubContract(hubProtocols.json),
  messagepack: new HubContract(hubProtocols.messagepack),
};

export type GapPolicies = Readonly<Record<RuleName, GapPolicy>>;

export interface RuleSettings {
  readonly shards: number;
  readonly perKey: readonly RuleName[];
  readonly onGap: GapPolicies;
  readonly lingerMs: number;
  readonly queryTtlMs: number;
  /** What clients are told after a gap in the broadcasts; `undefined`: the hub has no broadcast rule. */
  readonly broadcast: "close" | "ignore" | undefined;
}

/** The rules of this hub; its groups as a user would write them, loaded and compiled by the gateway's own code. */
export function compileRules({ shards, perKey, onGap, lingerMs, queryTtlMs, broadcast }: RuleSettings): HubRules {
  const groups = Object.entries(groupShapes).map(([name, shape]) => ({
    name,
    access: "public",
    join: { method: shape.join, key: shape.key },
    ...(shape.leave === undefined ? {} : { leave: { method: shape.leave, key: shape.key } }),
    messages: [{ target: shape.target }, { target: shape.snapshot, to: "joiner" }].map((message) =>
      perKey.includes(name as RuleName) ? message : { ...message, key: "{0}" },
    ),
    upstream: perKey.includes(name as RuleName) ? "perKey" : "shared",
    onGap: onGap[name as RuleName],
    lingerMs,
  }));
  const settings = { path: "/hub", origin: "http://127.0.0.1:5000/hub", sharedUpstream: { shards }, groups };
  const text = JSON.stringify({ hubs: [settings] });
  const loaded = loadConfig(text, { format: "json", environment: {}, fileName: "simulation" });
  const hub = loaded.ok ? loaded.config.hubs[0] : undefined;
  if (hub === undefined) throw new Error(`the simulated hub is not configured: ${text}`);
  const shared = { access: { kind: "public" }, keys: compileKeys({ key: "{0}" }) } as const;
  const broadcasts =
    broadcast === undefined ? [] : [[broadcastTarget, { target: broadcastTarget, onGap: broadcast }] as const];
  return {
    ...compileHubRules(hub),
    calls: new Map([[queryMethod.toLowerCase(), { ...shared, method: queryMethod, ttlMs: queryTtlMs }]]),
    streams: new Map([[streamMethod.toLowerCase(), { ...shared, method: streamMethod }]]),
    broadcasts: new Map(broadcasts),
  };
}
