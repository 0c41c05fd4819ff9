import type { Clock, Timer } from "../../packages/gateway/src/clock.ts";

class PendingTimer implements Timer {
  readonly dueMs: number;
  readonly action: () => void;
  readonly #timers: PendingTimer[];

  constructor(dueMs: number, action: () => void, timers: PendingTimer[]) {
    this.dueMs = dueMs;
    this.action = action;
    this.#timers = timers;
  }

  cancel(): void {
    const index = this.#timers.indexOf(this);
    if (index >= 0) this.#timers.splice(index, 1);
  }
}

/** Time that moves only when told to. Timers run in the order of their due times, then of their making. */
export class SimulatedClock implements Clock {
  #nowMs = 0;
  /** Running timers, oldest first. Never more than a few. */
  readonly #timers: PendingTimer[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const timer = new PendingTimer(this.#nowMs + delayMs, action, this.#timers);
    this.#timers.push(timer);
    return timer;
  }

  /** Nothing in the aggregation layer draws lots. */
  random(): number {
    throw new Error("the aggregation layer asked for chance");
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Due time of the next timer; `undefined` if none runs. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= untilMs; timer = this.#next()) {
      timer.cancel();
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
