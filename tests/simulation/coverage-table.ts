import { type Coverage, type KeyEvent, type KeyState, keyEvents, keyStates } from "./coverage.ts";

/**
 * What may happen to a key in which state. Everything else cannot be: only an operation in flight is answered, a
 * connection that is open is not opened, and what came of an earlier one is taken back when it is lost.
 */
const legalEvents: Readonly<Record<KeyState, readonly KeyEvent[]>> = {
  absent: ["ask", "leave", "message", "up", "down", "sourceRefused"],
  waiting: ["ask", "leave", "gone", "message", "up", "down", "sourceRefused"],
  joining: ["ask", "leave", "gone", "accepted", "refused", "message", "down"],
  joiningAgain: ["ask", "leave", "gone", "accepted", "refused", "message", "down"],
  restoring: ["ask", "leave", "gone", "accepted", "refused", "message", "down"],
  stale: ["ask", "leave", "gone", "up", "down", "sourceRefused"],
  joined: ["ask", "leave", "gone", "message", "down"],
  lingering: ["ask", "leave", "gone", "lingerOver", "message", "down"],
  kept: ["ask", "leave", "gone", "message", "down"],
  leaving: ["ask", "leave", "gone", "left", "leaveRefused", "message", "down"],
};

export interface CoverageGaps {
  /** Legal, and never tried. */
  readonly missed: readonly string[];
  /** Tried, and not legal: the table is wrong, or the gateway is. */
  readonly illegal: readonly string[];
}

export function findCoverageGaps(coverage: Coverage): CoverageGaps {
  const missed: string[] = [];
  const illegal: string[] = [];
  for (const state of keyStates) {
    for (const event of keyEvents) {
      const isLegal = legalEvents[state].includes(event);
      const isHit = coverage.timesOf(state, event) > 0;
      if (isLegal !== isHit) (isLegal ? missed : illegal).push(`${state} x ${event}`);
    }
  }
  return { missed, illegal };
}

/** How often each event met each state, and how much of the legal table that is: for people. */
export function describeCoverage(coverage: Coverage): string {
  const cells = (state: KeyState): readonly string[] =>
    keyEvents.map((event) => (legalEvents[state].includes(event) ? String(coverage.timesOf(state, event)) : "-"));
  const rows = [["", ...keyEvents], ...keyStates.map((state) => [state, ...cells(state)])];
  const widths = keyEvents.map((_, column) => Math.max(...rows.map((row) => row[column + 1]?.length ?? 0)));
  const lines = rows.map(([name = "", ...row]) => {
    return [name.padEnd(12), ...row.map((cell, column) => cell.padStart(widths[column] ?? 0))].join(" ");
  });
  const legalCount = Object.values(legalEvents).flat().length;
  const { missed } = findCoverageGaps(coverage);
  return [...lines, `${legalCount - missed.length} of ${legalCount} legal cells of (state of a key x event)`].join(
    "\n",
  );
}
