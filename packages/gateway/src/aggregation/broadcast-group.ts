import { type Envelope, MessageType } from "@signalr-edge/protocol";
import { closeReasons } from "../close-reasons.ts";
import type { BroadcastRule, HubRules } from "../config/hub-rules.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import type { GroupSource, Member } from "./ports.ts";
import type { SharedFrame } from "./shared-frame.ts";
import type { SpreadCloser } from "./spread-closer.ts";

export interface BroadcastGroupParts {
  readonly source: GroupSource;
  readonly rules: readonly BroadcastRule[];
  readonly metrics: HubMetrics;
  readonly gapCloser: SpreadCloser;
}

/**
 * Everybody who gets what the hub sends to all its clients. A client is let in when the shared upstream is open, because
 * from the end of its handshake on it must not miss anything.
 */
export class BroadcastGroup {
  readonly #parts: BroadcastGroupParts;
  readonly #members = new Set<Member>();
  /** Clients that wait for the upstream, each with what happens then. */
  readonly #arriving = new Map<Member, () => void>();

  constructor(parts: BroadcastGroupParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#members.size + this.#arriving.size;
  }

  /** Whether the client gets each broadcast from here: what else brings one brings a second copy. */
  reaches(client: Member): boolean {
    return this.#parts.source.isOpen && this.#members.has(client);
  }

  follow(client: Member, proceed: () => void): void {
    if (this.#parts.source.isOpen) {
      this.#members.add(client);
      return proceed();
    }
    this.#arriving.set(client, proceed);
    this.#parts.source.open();
  }

  unfollow(client: Member): void {
    this.#members.delete(client);
    this.#arriving.delete(client);
  }

  fanOut(frame: SharedFrame): number {
    for (const member of this.#members) member.write(frame);
    return this.#members.size;
  }

  /** Whoever is a member by now was one in an earlier epoch and has missed what was sent between. */
  sourceUp(): void {
    if (this.#members.size > 0 && this.#parts.rules.some(({ onGap }) => onGap === "close")) this.#closeMembers();
    const arriving = [...this.#arriving];
    this.#arriving.clear();
    for (const [client, proceed] of arriving) {
      this.#members.add(client);
      proceed();
    }
  }

  /** The origin does not take the connection, so nobody can be let in. */
  sourceRefused(): void {
    const arriving = [...this.#arriving.keys()];
    this.#arriving.clear();
    for (const client of arriving) client.close(closeReasons.upstreamLost);
  }

  #closeMembers(): void {
    this.#parts.metrics.gaps += 1;
    for (const member of this.#members) this.#parts.gapCloser.close(member);
    this.#members.clear();
  }
}

/** Pure: whether the hub sends this to all its clients. */
export function isBroadcast({ broadcasts }: HubRules, { type, target }: Envelope): boolean {
  return type === MessageType.Invocation && target !== undefined && broadcasts.has(target);
}
