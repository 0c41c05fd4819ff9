import type { Clock } from "../clock.ts";
import type { CloseReason } from "../close-reasons.ts";

/** Whatever can be closed for a reason. */
export interface Closable {
  close(reason: CloseReason): void;
}

const sliceMs = 50;

/**
 * Closes clients one slice after another over a period, so that they do not all come back in the same moment: stock
 * clients reconnect with no delay the first time (protocol.md 7.6).
 */
export class SpreadCloser {
  readonly #clock: Clock;
  readonly #reason: CloseReason;
  readonly #spreadMs: number;
  readonly #closables = new Set<Closable>();
  #endsAtMs = 0;

  constructor(clock: Clock, reason: CloseReason, spreadMs: number) {
    this.#clock = clock;
    this.#reason = reason;
    this.#spreadMs = spreadMs;
  }

  close(closable: Closable): void {
    if (this.#closables.size === 0) {
      this.#endsAtMs = this.#clock.now() + this.#spreadMs;
      this.#clock.after(0, () => this.#closeSlice());
    }
    this.#closables.add(closable);
  }

  #closeSlice(): void {
    const slicesLeft = Math.max(1, Math.ceil((this.#endsAtMs - this.#clock.now()) / sliceMs));
    const sliceSize = Math.ceil(this.#closables.size / slicesLeft);
    for (const closable of [...this.#closables].slice(0, sliceSize)) {
      this.#closables.delete(closable);
      closable.close(this.#reason);
    }
    if (this.#closables.size > 0) this.#clock.after(sliceMs, () => this.#closeSlice());
  }
}
