import type { Figures } from "../figures.ts";
import type { Session } from "../session.ts";
import type { Size } from "../sizes.ts";
import type { SystemName, SystemOptions } from "../systems/system.ts";

/** One thing to measure on one system. */
export interface Case extends SystemOptions {
  /** What sets it apart from other cases of the workload on the same system, such as `1000 clients`; mostly empty. */
  readonly variant: string;
  readonly system: SystemName;
  run(session: Session): Promise<Figures>;
}

export interface Workload {
  readonly name: string;
  /** In one line, for `--help` and the page. */
  about(size: Size): string;
  /** The systems that `--quick` runs it on; empty: `--quick` leaves it out. */
  readonly quickSystems: readonly SystemName[];
  /** Figures of `docs/benchmarks.md`, in the order of the columns. */
  readonly columns: readonly string[];
  cases(size: Size): Case[];
}
