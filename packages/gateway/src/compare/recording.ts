import type { Envelope, Frame, HubProtocolName } from "@signalr-edge/protocol";

/**
 * The three clients that do the same: `gateway` is compared with `direct`. `control` is direct as well, and does each
 * step after the other two: what differs between the two direct clients the hub makes anew, and nobody can compare it.
 */
export type Role = "direct" | "gateway" | "control";

/** In the order in which they take each step. */
export const roles = ["direct", "gateway", "control"] as const satisfies readonly Role[];

export interface FrameEntry {
  readonly kind: "received" | "sent";
  readonly atMs: number;
  /** A copy. */
  readonly frame: Frame;
  readonly envelope: Envelope;
}

/** One thing that a client saw. Times are milliseconds since the run began. */
export type Entry =
  | FrameEntry
  | { readonly kind: "step"; readonly atMs: number; readonly isWait: boolean }
  | { readonly kind: "connected"; readonly atMs: number; readonly connectionId: string | undefined }
  | { readonly kind: "refused"; readonly atMs: number; readonly error: string }
  /** The connection is gone and the client tries to get it back. */
  | { readonly kind: "lost"; readonly atMs: number; readonly error: string }
  /** It has it back, and has joined its groups again. */
  | { readonly kind: "returned"; readonly atMs: number; readonly connectionId: string | undefined }
  /** The connection ended for good, and not because the scenario says so. */
  | { readonly kind: "ended"; readonly atMs: number; readonly error: string };

export interface Recording {
  readonly role: Role;
  readonly protocol: HubProtocolName;
  /** In the order in which they happened. */
  readonly entries: readonly Entry[];
}

export interface Interval {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the clients of one pair saw in one pass through the steps. */
export interface PairRecording {
  /** From 1. */
  readonly pair: number;
  readonly pass: number;
  readonly protocol: HubProtocolName;
  readonly clients: Readonly<Record<Role, Recording>>;
  /** Times in which no step was under way, margins left out: what one client gets then, the others get as well. */
  readonly quiet: readonly Interval[];
}
