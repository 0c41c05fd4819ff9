import type { MarketValue } from "./market-values.ts";
import type { Verdicts } from "./verdicts.ts";

type Phase =
  /** Nothing has come yet. */
  | { readonly name: "empty" }
  /** Messages, and no snapshot yet that they can be compared with. */
  | { readonly name: "unanchored"; readonly epoch: number; readonly secret: string; readonly first: number }
  | { readonly name: "anchored"; readonly epoch: number; readonly secret: string };

/**
 * One client's membership of one topic, and the judge of what it receives: from the snapshot on every message, once, in
 * order, with the topic's own secret; and after a death of the origin nothing, unless a new snapshot comes with it.
 */
export class TopicStream {
  readonly topic: number;
  /** False until the join is answered. */
  isJoined = false;
  readonly #who: string;
  readonly #restores: boolean;
  readonly #verdicts: Verdicts;
  readonly #missing = new Set<number>();
  /** When something came last, and when it was last anchored or asked for; by `performance.now()`. */
  #heardAtMs = performance.now();
  #wholeAtMs = performance.now();
  #phase: Phase = { name: "empty" };
  #last = 0;

  /** `restores`: after a gap a new snapshot comes by itself. */
  constructor(topic: number, who: string, restores: boolean, verdicts: Verdicts) {
    this.topic = topic;
    this.#who = `${who} in topic ${topic}`;
    this.#restores = restores;
    this.#verdicts = verdicts;
  }

  message(value: MarketValue): void {
    this.#heardAtMs = performance.now();
    this.#verdicts.deliveries += 1;
    const phase = this.#phase;
    if (phase.name === "empty") return this.#begin(value);
    if (value.epoch !== phase.epoch) return this.#otherEpoch(phase.epoch, value);
    if (value.secret !== phase.secret) return this.#verdicts.fault("foreign", `${this.#who}: another secret`);
    this.#sequence(value.sequence);
  }

  snapshot({ epoch, sequence, secret }: MarketValue): void {
    this.#heardAtMs = performance.now();
    this.#verdicts.snapshots += 1;
    const phase = this.#phase;
    if (phase.name === "empty") this.#last = sequence;
    else if (epoch < phase.epoch) return this.#verdicts.fault("reordered", `${this.#who}: an old snapshot`);
    else if (epoch > phase.epoch) {
      if (this.isJoined) this.#verdicts.toldBySnapshot += 1;
      this.#last = sequence;
      this.#missing.clear();
    } else if (phase.name === "anchored") {
      if (this.isJoined) this.#verdicts.fault("unasked", `${this.#who}: a snapshot at ${sequence}`);
    } else {
      if (this.isJoined) this.#verdicts.toldBySnapshot += 1;
      if (secret !== phase.secret) this.#verdicts.fault("foreign", `${this.#who}: a snapshot with another secret`);
      const missed = phase.first - sequence - 1;
      if (missed > 0) this.#verdicts.fault("lost", `${this.#who}: ${missed} behind snapshot ${sequence}`, missed);
    }
    this.#phase = { name: "anchored", epoch, secret };
  }

  /** The join is answered with a result that says nothing of the state: what counts is the flow from now on. */
  joinedWithoutState(): void {
    this.isJoined = true;
    if (this.#phase.name === "unanchored") this.#phase = { ...this.#phase, name: "anchored" };
  }

  /** The join is answered; whoever gets a snapshot has it by now. */
  joined(): void {
    if (this.#phase.name !== "anchored") this.#verdicts.fault("lost", `${this.#who}: joined without a snapshot`);
    this.isJoined = true;
  }

  /** Whether it has everything up to this number of this epoch. */
  isComplete(epoch: number, last: number): boolean {
    if (this.#phase.name === "empty") return this.isJoined;
    return this.#phase.name === "anchored" && this.#phase.epoch === epoch && this.#last === last;
  }

  /** Whether it is a member that has heard nothing, or has had no snapshot, for this long. */
  isSilent(limitMs: number): boolean {
    if (!this.isJoined) return false;
    const nowMs = performance.now();
    if (this.#phase.name === "anchored") this.#wholeAtMs = nowMs;
    return nowMs - Math.min(this.#heardAtMs, this.#wholeAtMs) > limitMs;
  }

  describe(): string {
    const { name } = this.#phase;
    return `${this.#who}: ${name}, at ${this.#last}, heard ${Math.round(performance.now() - this.#heardAtMs)} ms ago`;
  }

  #begin({ epoch, secret, sequence }: MarketValue): void {
    const hasNoState = this.isJoined && this.#phase.name === "empty";
    this.#phase = hasNoState
      ? { name: "anchored", epoch, secret }
      : { name: "unanchored", epoch, secret, first: sequence };
    this.#last = sequence;
    this.#missing.clear();
  }

  #otherEpoch(epoch: number, value: MarketValue): void {
    if (value.epoch < epoch) this.#verdicts.fault("reordered", `${this.#who}: a message of an earlier epoch`);
    else if (this.isJoined && !this.#restores) {
      this.#verdicts.fault("silentHoles", `${this.#who}: ${value.sequence} of a new epoch`);
    }
    // A join that the death of the origin interrupted is asked again, and so starts again; and a new snapshot may follow.
    if (value.epoch > epoch) this.#begin(value);
  }

  #sequence(sequence: number): void {
    if (sequence === this.#last + 1) this.#last = sequence;
    else if (sequence > this.#last) {
      const missed = sequence - this.#last - 1;
      for (let number = this.#last + 1; number < sequence; number++) this.#missing.add(number);
      this.#verdicts.fault("lost", `${this.#who}: ${missed} before ${sequence}`, missed);
      this.#last = sequence;
    } else if (this.#missing.delete(sequence)) {
      this.#verdicts.faults.lost -= 1;
      this.#verdicts.fault("reordered", `${this.#who}: ${sequence} behind ${this.#last}`);
    } else this.#verdicts.fault("duplicated", `${this.#who}: ${sequence} again, at ${this.#last}`);
  }
}
