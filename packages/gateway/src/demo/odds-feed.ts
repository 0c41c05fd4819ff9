import { pickEventIndex } from "./fixtures.ts";
import type { OddsBook, OddsUpdate } from "./odds-book.ts";
import { dotNetValue, oddsGroup, oddsTarget } from "./odds-hub.ts";
import type { HubClients } from "./server/hub-definition.ts";

/** Updates per second of all events together, without goals. */
const updatesPerSecond = 390;
const goalsPerSecond = 0.7;
/** A goal changes many prices at once. */
const updatesPerGoal = 14;
const goalUpdateIntervalMs = 4;
const turnMs = 5;
/** After a stall, missed updates are made up for, but not more than these. */
const maxCatchUpMs = 500;

interface Goal {
  readonly book: OddsBook;
  updatesLeft: number;
  nextAt: number;
}

/** Sends price changes on a fixed schedule: a stall shows as latency, it does not thin out the traffic. */
export class OddsFeed {
  readonly #books: readonly OddsBook[];
  readonly #clients: HubClients;
  readonly #goals = new Set<Goal>();
  #timer: NodeJS.Timeout | undefined;
  #sentUntil = 0;
  /** Updates owed, with fraction. */
  #due = 0;

  constructor(books: readonly OddsBook[], clients: HubClients) {
    this.#books = books;
    this.#clients = clients;
  }

  start(): void {
    this.#sentUntil = performance.now();
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#goals.clear();
  }

  #turn(): void {
    const now = performance.now();
    const elapsedMs = Math.min(maxCatchUpMs, now - this.#sentUntil);
    this.#sentUntil = now;
    this.#due += (elapsedMs / 1000) * updatesPerSecond;
    for (; this.#due >= 1; this.#due -= 1) this.#publish(this.#pick().drift(sentAtNow()));
    if (Math.random() < (elapsedMs / 1000) * goalsPerSecond) this.#startGoal(now);
    for (const goal of this.#goals) this.#continueGoal(goal, now);
  }

  #startGoal(now: number): void {
    const book = this.#pick();
    book.scoreGoal();
    this.#goals.add({ book, updatesLeft: updatesPerGoal, nextAt: now });
  }

  #continueGoal(goal: Goal, now: number): void {
    for (; goal.updatesLeft > 0 && goal.nextAt <= now; goal.nextAt += goalUpdateIntervalMs) {
      goal.updatesLeft -= 1;
      this.#publish(goal.book.jump(sentAtNow(), goal.updatesLeft > updatesPerGoal / 2));
    }
    if (goal.updatesLeft === 0) this.#goals.delete(goal);
  }

  #publish(update: OddsUpdate): void {
    this.#clients.group(oddsGroup(update.eventId)).send(oddsTarget, dotNetValue(update));
  }

  #pick(): OddsBook {
    const book = this.#books[pickEventIndex()];
    if (book === undefined) throw new Error("a feed needs at least one event");
    return book;
  }
}

/** Microseconds since the Unix epoch, to the clock's full resolution. */
export function sentAtNow(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
