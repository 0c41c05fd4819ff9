/** What must not happen, by name. */
export const faults = {
  lost: "messages missing between two others, or between a snapshot and the first message",
  duplicated: "messages that came twice, or that the snapshot already had in it",
  reordered: "messages that came behind later ones, or from an earlier life of the origin",
  foreign: "messages of a topic that the client is not in, or with the secret of another topic",
  silentHoles: "memberships that went on, or fell silent, after the origin died, without a word to the client",
  badAnswers: "completions that nobody waited for, that came twice, or that were for somebody else",
  unanswered: "invocations without an answer on a connection that stayed",
  cutOff: "connections that ended without a Close message",
  unasked: "snapshots that nobody asked for",
} as const;

export type Fault = keyof typeof faults;

/** Counts what clients saw. One object for all of them. */
export class Verdicts {
  readonly faults: Record<Fault, number> = {
    lost: 0,
    duplicated: 0,
    reordered: 0,
    foreign: 0,
    silentHoles: 0,
    badAnswers: 0,
    unanswered: 0,
    cutOff: 0,
    unasked: 0,
  };
  /** The first faults in words. */
  readonly examples: string[] = [];
  deliveries = 0;
  snapshots = 0;
  joins = 0;
  joinErrors = 0;
  leaves = 0;
  connects = 0;
  refusedConnects = 0;
  departures = 0;
  privateAnswers = 0;
  /** Private invocations whose connection ended first. */
  privateEnds = 0;
  /** Connections that were told to come back. */
  toldByClose = 0;
  /** Memberships that were given a new snapshot. */
  toldBySnapshot = 0;

  fault(fault: Fault, what: string, count = 1): void {
    this.faults[fault] += count;
    if (this.examples.length < 20) this.examples.push(`${fault}: ${what}`);
  }

  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0);
  }
}
