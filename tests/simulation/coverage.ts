import type { Group } from "../../packages/gateway/src/aggregation/group.ts";
import type { SharedLine } from "../../packages/gateway/src/aggregation/shared-line.ts";
import { keyOfTopic } from "./topic-lines.ts";

/** What a key is to the reconciler, seen from outside. */
export const keyStates = [
  /** Nothing is known of it. */
  "absent",
  /** Clients wait for a join that is not sent; nobody is a member. */
  "waiting",
  /** Its join is in flight, */
  "joining",
  /** although it is joined: for a new state, */
  "joiningAgain",
  /** or to bring back members of the epoch before. */
  "restoring",
  /** Members of the epoch before wait for that. */
  "stale",
  "joined",
  /** Joined without members, and its leave is a matter of time. */
  "lingering",
  /** Joined without members, and not left: there is no leave, or a join waits for it. */
  "kept",
  "leaving",
] as const;

/** What happens to a key. */
export const keyEvents = [
  "ask",
  "leave",
  "gone",
  "accepted",
  "refused",
  "left",
  "leaveRefused",
  "lingerOver",
  "message",
  "up",
  "down",
  "sourceRefused",
] as const;

export type KeyState = (typeof keyStates)[number];
export type KeyEvent = (typeof keyEvents)[number];

/** How often each event met each state of a key. */
export class Coverage {
  readonly #counts: Readonly<Record<KeyState, Record<KeyEvent, number>>> = {
    absent: noEvents(),
    waiting: noEvents(),
    joining: noEvents(),
    joiningAgain: noEvents(),
    restoring: noEvents(),
    stale: noEvents(),
    joined: noEvents(),
    lingering: noEvents(),
    kept: noEvents(),
    leaving: noEvents(),
  };

  /** Before the event. Without a line, nothing is known of the key. */
  see(line: SharedLine | undefined, topic: number, event: KeyEvent): void {
    this.count(stateOf(line?.groups.groups.get(keyOfTopic(topic))), event);
  }

  count(state: KeyState, event: KeyEvent): void {
    this.#counts[state][event] += 1;
  }

  timesOf(state: KeyState, event: KeyEvent): number {
    return this.#counts[state][event];
  }
}

function noEvents(): Record<KeyEvent, number> {
  return {
    ask: 0,
    leave: 0,
    gone: 0,
    accepted: 0,
    refused: 0,
    left: 0,
    leaveRefused: 0,
    lingerOver: 0,
    message: 0,
    up: 0,
    down: 0,
    sourceRefused: 0,
  };
}

function stateOf(group: Group | undefined): KeyState {
  if (group === undefined) return "absent";
  const { operation, joined, members, linger } = group;
  if (operation?.kind === "leave") return "leaving";
  if (operation !== undefined) {
    if (operation.restores.has(group)) return "restoring";
    return joined ? "joiningAgain" : "joining";
  }
  if (members.size > 0) return joined ? "joined" : "stale";
  if (!joined) return "waiting";
  return linger === undefined ? "kept" : "lingering";
}
