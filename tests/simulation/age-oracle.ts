import { Violation } from "./violation.ts";

/** When a client has read nothing of what waits for it for too long. Progress is what its socket shows of it. */
export class AgeOracle {
  readonly #maxAgeMs: number;
  /** When the socket showed progress for the last time, or got something to do. */
  #idleSinceMs = 0;
  #takenBytes = 0;
  #takenAtLastSweep = 0;
  /** The sweep at which the silence was seen first. */
  #stuckSinceMs: number | undefined;

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** The backlog has become smaller by so much, or began to exist (0). */
  progressed(takenBytes: number, nowMs: number): void {
    this.#takenBytes += takenBytes;
    this.#idleSinceMs = nowMs;
  }

  mayCut(backlogBytes: number, nowMs: number): boolean {
    return backlogBytes > 0 && nowMs - this.#idleSinceMs > this.#maxAgeMs;
  }

  /** INV-12: after a sweep, for a client that was not cut. `isExcused`: it asked for what it has to read. */
  swept(name: string, backlogBytes: number, isExcused: boolean, nowMs: number): void {
    const isStuck = backlogBytes > 0 && !isExcused && this.#takenBytes === this.#takenAtLastSweep;
    this.#takenAtLastSweep = this.#takenBytes;
    if (!isStuck) this.#stuckSinceMs = undefined;
    else this.#stuckSinceMs ??= nowMs;
    if (this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs > this.#maxAgeMs) {
      throw new Violation("INV-12", `${name} reads nothing for ${nowMs - this.#stuckSinceMs} ms and is not cut`);
    }
  }
}
