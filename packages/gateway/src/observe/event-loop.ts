import { type EventLoopUtilization, performance } from "node:perf_hooks";

const intervalMs = 20;

/** How busy the event loop is: the lateness of a timer that is due every 20 ms, and the share of time it was not idle. */
export class EventLoop {
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = 0;
  #delayMs = 0;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  start(): void {
    this.#dueAtMs = performance.now() + intervalMs;
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Longest delay in milliseconds and busy share (0 to 1) since the last call. */
  take(): { readonly delayMs: number; readonly busy: number } {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    const delayMs = this.#delayMs;
    this.#delayMs = 0;
    return { delayMs, busy: utilization };
  }

  #check(): void {
    const nowMs = performance.now();
    this.#delayMs = Math.max(this.#delayMs, nowMs - this.#dueAtMs);
    this.#dueAtMs = nowMs + intervalMs;
  }
}
