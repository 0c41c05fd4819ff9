/** What all clients of a demo saw together. */
export class DeliveryCounts {
  /** Messages received, good or bad. */
  deliveries = 0;
  /** Sequence numbers that never came although a later one did, or that were still missing at the end. */
  lost = 0;
  /** Messages that came although they, or a snapshot that includes them, had come before. */
  duplicated = 0;
  /** Messages that came after a later one. */
  reordered = 0;
  /** Messages of an event that the client did not follow. */
  misrouted = 0;
  /** Connects, joins and leaves that ended with an error. */
  failures = 0;
  /** Connections that ended although the client wanted to stay. */
  unexpectedEnds = 0;
  /** What went wrong first, for people. */
  firstFailure: string | undefined;

  failed(error: unknown): void {
    this.failures += 1;
    this.firstFailure ??= error instanceof Error ? error.message : String(error);
  }

  endedUnexpectedly(reason: string): void {
    this.unexpectedEnds += 1;
    this.firstFailure ??= reason;
  }

  /** Everything that must be zero. */
  get errors(): number {
    const { lost, duplicated, reordered, misrouted, failures, unexpectedEnds } = this;
    return lost + duplicated + reordered + misrouted + failures + unexpectedEnds;
  }
}
