import { onTestFinished } from "vitest";
import type { Origin } from "../../support/origin.ts";

/** An origin whose process stands still: its connections stay, and what it is sent waits. */
export interface HaltedOrigin {
  resume(): void;
}

/** Halts the origin until `resume`, or the end of the test. Its control waits, too. */
export function haltOrigin(origin: Origin): HaltedOrigin {
  const { pid } = origin;
  if (pid === undefined) throw new Error("the origin has no process of its own");
  process.kill(pid, "SIGSTOP");
  // A process that was killed meanwhile has nothing to go on with.
  const resume = (): void => {
    if (origin.pid === pid) process.kill(pid, "SIGCONT");
  };
  onTestFinished(resume);
  return { resume };
}
