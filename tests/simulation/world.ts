import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { SimulatedTurn } from "./simulated-turn.ts";
import type { Step } from "./steps.ts";
import { Violation } from "./violation.ts";
import { WorldClients } from "./world-clients.ts";
import { WorldLines } from "./world-lines.ts";
import type { WorldParts } from "./world-parts.ts";

/** More rounds than any backlog of a run needs. */
const maxSettlingRounds = 500;

/** One hub of the gateway between simulated clients and simulated connections to its origin. */
export class World {
  readonly #parts: WorldParts;
  readonly #turn = new SimulatedTurn();
  readonly #lines: WorldLines;
  readonly #clients: WorldClients;

  constructor(parts: WorldParts) {
    const { core, setup, compiled, metrics, clock } = parts;
    this.#parts = parts;
    this.#lines = new WorldLines({
      ...parts,
      hub: () => hub,
      onClosed: (client) => this.#clients.gone(client),
    });
    const hub: Hub = new core.Hub({
      rules: compiled.rules,
      metrics,
      // Schedules have more joins in less time than anybody but an attacker.
      limits: {
        ...setup,
        maxJoinsPerSecond: 1_000_000,
        maxGroups: 1_000_000,
        maxGroupsPerAddress: 1_000_000,
      },
      groupCount: () => 0,
      clock,
      lines: this.#lines.table,
      deflate: undefined,
    });
    this.#clients = new WorldClients(parts, hub, this.#lines, this.#turn);
  }

  /** One step, and the end of the turn in which it happens. */
  run(step: Step): void {
    this.#apply(step);
    this.#turn.end();
  }

  /** The faults end: everything that was asked for comes true within bounded work (INV-7, INV-22). */
  settle(): void {
    const { clock, setup } = this.#parts;
    for (let round = 0; round < maxSettlingRounds; round += 1) {
      this.#lines.settle();
      if (setup.slow !== undefined) this.#clients.letRead();
      const dueMs = clock.nextDueMs;
      if (dueMs === undefined && this.#lines.areQuiet) {
        this.#lines.checkSettled();
        return this.#clients.checkSettled();
      }
      if (dueMs !== undefined) this.#advance(Math.max(0, dueMs - clock.now()));
    }
    throw new Violation("INV-22", "the gateway never comes to rest");
  }

  /** Everybody goes, and nothing stays (INV-17). */
  end(): void {
    this.#clients.vanishAll();
    this.settle();
    this.#checkEmpty();
  }

  /** The same while the origin is away: nothing may wait for it, for there may be no end to that. */
  endWithoutOrigin(): void {
    this.#lines.down();
    this.#clients.vanishAll();
    while (this.#parts.clock.timerCount > 0) this.#advance(1000);
    this.#checkEmpty();
  }

  #apply(step: Step): void {
    switch (step.do) {
      case "broadcast":
        return this.#lines.broadcast();
      case "publish":
        return this.#lines.publish(step.topic);
      case "advance":
        return this.#advance(step.ms);
      case "sweep":
        this.#advance(step.ms);
        return this.#clients.sweep();
      case "begin":
      case "finish":
      case "serve":
      case "deliver":
      case "item":
      case "endStream":
      case "up":
      case "down":
      case "refuse":
      case "late":
      case "stray":
        return this.#lines.apply(step);
      default:
        return this.#clients.apply(step);
    }
  }

  #advance(ms: number): void {
    this.#parts.clock.advance(ms);
    this.#lines.sweep();
  }

  #checkEmpty(): void {
    const { timerCount } = this.#parts.clock;
    if (timerCount > 0) throw new Violation("INV-17", `${timerCount} timers are left`);
    this.#lines.checkEmpty();
  }
}
