import type { GapPolicy } from "../../packages/gateway/src/config/hub-rules.ts";
import type { Bits } from "./bits.ts";
import type { JoinRequest, Topic } from "./hub-contract.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

/** A client's join that is not answered yet. */
export interface PendingJoin {
  readonly client: SimulatedClient;
  readonly request: JoinRequest;
  /** `undefined`: fire-and-forget. */
  readonly invocationId: string | undefined;
  /** Topics that the client has not left again meanwhile. */
  wanted: Bits;
  /** Topics that this join made it a member of. */
  added: Bits;
  /** The invocation that serves it; `undefined` while it waits. */
  call: JoinCall | undefined;
  /** Joins of its group (by index) that were served first, although everybody who waited for them had come later. */
  overtakenBy: Bits;
  /** The client is gone, or has its answer. */
  isOver: boolean;
}

export interface JoinCall {
  readonly kind: "join";
  readonly request: JoinRequest;
  readonly batch: readonly PendingJoin[];
  /** Topics whose members come from the epoch before. */
  readonly restores: Bits;
  /** The last sequence number of each topic of the request when the hub read its state; empty before. */
  readonly snapshots: number[];
}

export interface LeaveCall {
  readonly kind: "leave";
  readonly topic: number;
}

/** A shared call. The object is the identity of one invocation. */
export interface QueryCall {
  readonly kind: "query";
  readonly query: number;
}

/** A shared stream. The object is the identity of one invocation. */
export interface StreamCall {
  readonly kind: "stream";
  readonly stream: number;
}

export type Call = JoinCall | LeaveCall | QueryCall | StreamCall;

/** How far a member has come in a topic: it has received `first` to `last` without a hole. */
export interface Position {
  first: number;
  last: number;
  /** It has been told the state up to `last` and must miss nothing from now on. */
  isWhole: boolean;
}

/** One topic as it must look through one shared upstream. */
export class TopicView {
  readonly topic: Topic;
  readonly onGap: GapPolicy;
  readonly members = new Map<SimulatedClient, Position>();
  call: JoinCall | LeaveCall | undefined;
  /** The members come from the epoch before and wait for the rejoin. */
  isStale = false;
  /** Last sequence number that the gateway received in this epoch. */
  consumed = 0;
  emptySinceMs = 0;

  constructor(topic: Topic, onGap: GapPolicy) {
    this.topic = topic;
    this.onGap = onGap;
  }

  /** INV-8. */
  startCall(call: JoinCall | LeaveCall): void {
    if (this.call !== undefined) {
      throw new Violation("INV-8", `topic ${this.topic.index}: ${call.kind} while ${this.call.kind} is in flight`);
    }
    this.call = call;
  }

  /** True if it was no member before. */
  add(client: SimulatedClient): boolean {
    if (this.members.has(client)) return false;
    this.members.set(client, { first: 1, last: 0, isWhole: false });
    client.load += 1;
    return true;
  }

  remove(client: SimulatedClient, nowMs: number): void {
    if (!this.members.delete(client)) return;
    client.load -= 1;
    if (this.members.size === 0) this.emptySinceMs = nowMs;
  }

  /** INV-2, INV-3, INV-5 as each member sees them. */
  received(sequence: number): void {
    this.consumed = sequence;
    for (const [client, position] of this.members) {
      const { last, isWhole } = position;
      if (sequence <= last)
        throw new Violation("INV-2", `${client.name} gets ${sequence} of topic ${this.topic.index} after ${last}`);
      if (sequence > last + 1) {
        if (isWhole) throw new Violation("INV-3", `${client.name} misses ${last + 1} of topic ${this.topic.index}`);
        position.first = sequence;
      }
      position.last = sequence;
    }
  }

  /** The join is answered: together with its snapshot the client has everything (INV-3). */
  makeWhole(client: SimulatedClient, call: JoinCall): void {
    const position = this.members.get(client);
    const snapshot = call.snapshots[call.request.topics.indexOf(this.topic.index)];
    if (position === undefined || snapshot === undefined) return;
    const isCovered = this.consumed <= snapshot || (position.last === this.consumed && position.first <= snapshot + 1);
    if (!isCovered) {
      const what = `${client.name} joined topic ${this.topic.index} at ${snapshot}`;
      throw new Violation("INV-3", `${what} and lacks messages up to ${this.consumed}`);
    }
    position.last = Math.max(position.last, snapshot);
    position.isWhole = true;
  }

  /** The epoch ends. */
  lose(): void {
    this.call = undefined;
    this.consumed = 0;
    this.isStale = false;
    for (const position of this.members.values()) position.isWhole = false;
  }

  checkSettled(): void {
    for (const [client, { isWhole }] of this.members) {
      if (!isWhole)
        throw new Violation("INV-4", `${client.name} has a hole in topic ${this.topic.index} and is not told`);
    }
  }
}
