import type { DeliveryCounts } from "./delivery-counts.ts";

/** More gaps than this in one subscription are still counted as lost, but a late message is then a duplicate. */
const maxRememberedGaps = 10_000;

interface Following {
  /** `joining` and `leaving`: the invocation is sent, its completion has not come. */
  readonly phase: "joining" | "following" | "leaving";
  /** The first sequence number received. */
  first: number | undefined;
  /** The sequence number received last, or of the snapshot; `undefined` before either. */
  last: number | undefined;
  /** Skipped numbers, counted as lost until they come late. */
  readonly missing: Set<number>;
}

/**
 * Checks every message that one connection receives against what it follows. Sequence numbers rise by one per event. A
 * snapshot names the last number before it, and messages that it includes may come ahead of it, never behind it.
 */
export class DeliveryChecker {
  readonly #counts: DeliveryCounts;
  readonly #followed = new Map<string, Following>();

  constructor(counts: DeliveryCounts) {
    this.#counts = counts;
  }

  joinStarted(key: string): void {
    this.#followed.set(key, { phase: "joining", first: undefined, last: undefined, missing: new Set() });
  }

  joinCompleted(key: string, snapshotSequence: number): void {
    const joining = this.#expect(key, "joining");
    const { first } = joining;
    if (first !== undefined && first > snapshotSequence + 1) this.#skip(joining, snapshotSequence + 1, first);
    const last = Math.max(joining.last ?? snapshotSequence, snapshotSequence);
    this.#followed.set(key, { ...joining, phase: "following", last });
  }

  joinFailed(key: string): void {
    this.#expect(key, "joining");
    this.#followed.delete(key);
  }

  leaveStarted(key: string): void {
    this.#followed.set(key, { ...this.#expect(key, "following"), phase: "leaving" });
  }

  leaveCompleted(key: string): void {
    this.#expect(key, "leaving");
    this.#followed.delete(key);
  }

  received(key: string, sequence: number): void {
    this.#counts.deliveries += 1;
    const following = this.#followed.get(key);
    if (following === undefined) {
      this.#counts.misrouted += 1;
      return;
    }
    const { last } = following;
    // Where a join begins in the stream is up to the server.
    following.first ??= sequence;
    if (last !== undefined && sequence <= last) {
      this.#late(following, sequence);
      return;
    }
    if (last !== undefined && sequence > last + 1) this.#skip(following, last + 1, sequence);
    following.last = sequence;
  }

  /** The last sequence number that was received for each event that is followed now. */
  *positions(): Generator<readonly [key: string, last: number]> {
    for (const [key, { phase, last }] of this.#followed) {
      if (phase === "following" && last !== undefined) yield [key, last];
    }
  }

  /** Counts what is missing at the end of a stream as lost. */
  finish(lastSequenceOf: (key: string) => number): void {
    for (const [key, last] of this.positions()) this.#counts.lost += Math.max(0, lastSequenceOf(key) - last);
  }

  /** The numbers from `from` up to, but not including, `to` have not come. */
  #skip({ missing }: Following, from: number, to: number): void {
    this.#counts.lost += to - from;
    for (let sequence = from; sequence < to && missing.size < maxRememberedGaps; sequence += 1) missing.add(sequence);
  }

  #late(following: Following, sequence: number): void {
    if (following.missing.delete(sequence)) {
      this.#counts.lost -= 1;
      this.#counts.reordered += 1;
    } else {
      this.#counts.duplicated += 1;
    }
  }

  #expect(key: string, phase: Following["phase"]): Following {
    const following = this.#followed.get(key);
    if (following?.phase !== phase) throw new Error(`${key} is ${following?.phase ?? "not followed"}, not ${phase}`);
    return following;
  }
}
