import type { Scalar } from "@signalr-edge/protocol";

/** The groups of the simulated hub: three rules, and values of which some differ in their kind only. */
export const groupShapes = {
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
export const queryMethod = "Query";
export const streamMethod = "Watch";
export const queryValues: readonly Scalar[] = [one, two];
export const streamValues: readonly Scalar[] = [one, oneAsText];

/** What the hub sends to all clients. */
export const broadcastTarget = "Everybody";

export function topicAt(index: number): Topic {
  const topic = topics[index];
  if (topic === undefined) throw new Error(`there is no topic ${index}`);
  return topic;
}
