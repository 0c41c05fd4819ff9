import type { Clock, Timer } from "../../packages/gateway/src/clock.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly action: () => void;
}

/** Time that moves only when told to. Timers run in the order of their due times, then of their making. */
export class SimulatedClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<PendingTimer>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.#nowMs + delayMs, action };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Nothing in the aggregation layer draws lots. */
  random(): number {
    throw new Error("the aggregation layer asked for chance");
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Due time of the next timer; `undefined` if none runs. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= untilMs; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.action();
    }
    this.#nowMs = untilMs;
  }

  #next(): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}
