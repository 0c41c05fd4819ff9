/** A running timer; `cancel` after it fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time and chance as the layers below see them, so that the aggregation core can be run in simulated time with a seed.
 * `now` is monotonic milliseconds.
 */
export interface Clock {
  now(): number;
  /** Runs `action` once after `delayMs`. Timers do not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
  /** Uniform in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, action) {
    const timeout = setTimeout(action, delayMs);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  random: () => Math.random(),
};
