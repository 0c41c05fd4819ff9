/** When a client is to be pinged, and when it counts as gone (protocol.md 7.1, 7.2). Milliseconds of a monotonic clock. */
export class PingClock {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #lastSentMs: number;
  /** `undefined` until the first ping of the client: clients that never ping are never timed out. */
  #lastReceivedMs: number | undefined;

  constructor(intervalMs: number, timeoutMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#lastSentMs = nowMs;
  }

  /** Any hub message shows that the client lives; only a ping shows that it means to go on doing so. */
  received(isPing: boolean, nowMs: number): void {
    if (isPing || this.#lastReceivedMs !== undefined) this.#lastReceivedMs = nowMs;
  }

  isSilent(nowMs: number): boolean {
    return this.#lastReceivedMs !== undefined && nowMs - this.#lastReceivedMs >= this.#timeoutMs;
  }

  /** True once an interval: the ping is to be sent now. */
  takePing(nowMs: number): boolean {
    if (nowMs - this.#lastSentMs < this.#intervalMs) return false;
    this.#lastSentMs = nowMs;
    return true;
  }
}
