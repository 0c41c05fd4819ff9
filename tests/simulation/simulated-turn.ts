import type { Flushable } from "../../packages/gateway/src/client/turn.ts";
import { Violation } from "./violation.ts";

/** More turns in a row than any backlog needs. */
const maxTurns = 50;

/** The end of a turn, which comes when the schedule says so. */
export class SimulatedTurn {
  #flushables: Flushable[] = [];
  #spare: Flushable[] = [];

  flushAtEnd(flushable: Flushable): void {
    this.#flushables.push(flushable);
  }

  /** And of the turns after it, until nothing is written any more (INV-13). */
  end(): void {
    for (let turns = 0; this.#flushables.length > 0; turns += 1) {
      if (turns === maxTurns) throw new Violation("INV-13", "the gateway is busy turn after turn, and nothing happens");
      const flushables = this.#flushables;
      this.#flushables = this.#spare;
      for (const flushable of flushables) flushable.flush();
      flushables.length = 0;
      this.#spare = flushables;
    }
  }
}
