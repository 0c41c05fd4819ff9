export interface AllowanceBounds {
  readonly atOnce: number;
  readonly perSecond: number;
}

/** A token bucket: so much at once, and so much per second from then on. The bounds may change between two uses. */
export class Allowance {
  #spent = 0;
  #countedAtMs = 0;

  /** False, and nothing is taken, if less than that is left. */
  take(count: number, { atOnce, perSecond }: AllowanceBounds, nowMs: number): boolean {
    this.#regain(perSecond, nowMs);
    if (this.#spent + count > atOnce) return false;
    this.#spent += count;
    return true;
  }

  /** Takes it in any case: what has come has come. How much has been spent of what there is at once, now. */
  spend(count: number, perSecond: number, nowMs: number): number {
    this.#regain(perSecond, nowMs);
    this.#spent += count;
    return this.#spent;
  }

  #regain(perSecond: number, nowMs: number): void {
    const regained = ((nowMs - this.#countedAtMs) / 1000) * perSecond;
    this.#spent = Math.max(0, this.#spent - regained);
    this.#countedAtMs = nowMs;
  }
}
