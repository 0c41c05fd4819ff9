import type { HubProtocolName } from "@signalr-edge/protocol";
import type { Seating } from "../publication.ts";

/** `official` is @microsoft/signalr, the check on all others; `socket` opens a bare WebSocket and says nothing. */
export type ClientKind = "websocket" | "events" | "polling" | "official" | "socket";

/** What one load generator process connects. */
export interface ClientPlan {
  /** Of the hub, with `http:`. */
  readonly url: string;
  readonly kind: ClientKind;
  readonly protocol: HubProtocolName;
  readonly negotiate: boolean;
  /** Numbers of the clients: `first` to `first + count - 1`. */
  readonly first: number;
  readonly count: number;
  readonly seating: Seating;
  /** One of so many clients reads sequence and time of what it gets; the others only count. */
  readonly sampleEvery: number;
  /** One of so many clients stops reading when it has joined; 0 for none. */
  readonly slowEvery: number;
  /** How many connect at a time. */
  readonly concurrency: number;
  /** 127.0.0.x: each source address has ephemeral ports of its own. */
  readonly localAddress: string;
}

export interface Connected {
  readonly elapsedMs: number;
  /** From the first byte of negotiate to the answer of the join, for each client, milliseconds, ascending. */
  readonly connectMs: readonly number[];
}

/** Since the last `beginWindow`. Slow clients are left out but for `slowEnded`. */
export interface Counts {
  readonly expected: number;
  readonly delivered: number;
  /** Summed over clients that got less than they had to, or more. */
  readonly lost: number;
  readonly excess: number;
  /** Messages that sampling clients got out of turn. */
  readonly outOfOrder: number;
  /** Clients whose connection has ended. */
  readonly ended: number;
  readonly slow: number;
  readonly slowEnded: number;
  /** From the origin's stamp, milliseconds, ascending. */
  readonly latenciesMs: readonly number[];
  /** Unix times of the last message: when it was sent, and when the last client had it. Milliseconds. */
  readonly lastSentAtMs: number;
  readonly lastAtMs: number;
}
