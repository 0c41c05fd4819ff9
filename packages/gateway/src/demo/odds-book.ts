/** One outcome that can be bet on. */
export interface Selection {
  readonly name: string;
  /** Decimal odds, 1.01 to 101. */
  readonly odds: number;
}

export interface Market {
  readonly name: string;
  /** No bets are taken while the market is suspended. */
  readonly suspended: boolean;
  readonly selections: readonly Selection[];
}

/** The one argument of `OddsChanged`: the markets of one event that changed. */
export interface OddsUpdate {
  readonly eventId: string;
  /** Rises by one with every update of the event. */
  readonly sequence: number;
  /** Microseconds since the Unix epoch. */
  readonly sentAt: number;
  readonly minute: number;
  readonly score: string;
  readonly markets: readonly Market[];
}

/** What `SubscribeToEvent` returns: everything, as of `sequence`. */
export interface OddsSnapshot extends Omit<OddsUpdate, "sentAt"> {
  readonly home: string;
  readonly away: string;
}

const marketTemplates: readonly (readonly [name: string, ...selections: string[]])[] = [
  ["Full time result", "Home", "Draw", "Away"],
  ["Total goals 2.5", "Over", "Under"],
  ["Both teams to score", "Yes", "No"],
  ["Next goal", "Home", "None", "Away"],
  ["Corners 9.5", "Over", "Under"],
];

const [minOdds, maxOdds] = [1.01, 101];

/** The prices of one football match, moving at random. */
export class OddsBook {
  readonly eventId: string;
  readonly #home: string;
  readonly #away: string;
  readonly #goals: [home: number, away: number] = [0, 0];
  readonly #markets: Market[];
  #sequence = 0;
  #minute = Math.floor(Math.random() * 60);

  constructor(eventId: string, home: string, away: string) {
    this.eventId = eventId;
    this.#home = home;
    this.#away = away;
    this.#markets = marketTemplates.map(([name, ...selections]) => ({
      name,
      suspended: false,
      selections: selections.map((selection) => ({ name: selection, odds: round(1.4 + Math.random() * 4) })),
    }));
  }

  /** The number of the newest update. */
  get sequence(): number {
    return this.#sequence;
  }

  snapshot(): OddsSnapshot {
    return {
      eventId: this.eventId,
      sequence: this.#sequence,
      home: this.#home,
      away: this.#away,
      minute: this.#minute,
      score: this.#score,
      markets: this.#markets,
    };
  }

  /** The usual step: prices of two markets drift, now and then one is suspended or opened again. */
  drift(sentAt: number): OddsUpdate {
    const first = Math.floor(Math.random() * this.#markets.length);
    const second = (first + 1) % this.#markets.length;
    if (Math.random() < 0.02) this.#minute = Math.min(90, this.#minute + 1);
    return this.#update(sentAt, [first, second], Math.random() < 0.03, 0.03);
  }

  /** A step right after a goal: everything moves far, and nothing is for sale in the first moments. */
  jump(sentAt: number, suspended: boolean): OddsUpdate {
    const first = Math.floor(Math.random() * this.#markets.length);
    return this.#update(sentAt, [first, (first + 2) % this.#markets.length], suspended, 0.25);
  }

  scoreGoal(): void {
    this.#goals[Math.random() < 0.55 ? 0 : 1] += 1;
  }

  get #score(): string {
    return this.#goals.join("-");
  }

  #update(sentAt: number, indexes: readonly number[], suspended: boolean, spread: number): OddsUpdate {
    const markets = indexes.flatMap((index) => {
      const market = this.#markets[index];
      if (market === undefined) return [];
      const moved = { ...market, suspended, selections: market.selections.map((selection) => move(selection, spread)) };
      this.#markets[index] = moved;
      return [moved];
    });
    this.#sequence += 1;
    const { eventId, sequence } = this;
    return { eventId, sequence, sentAt, minute: this.#minute, score: this.#score, markets };
  }
}

function move({ name, odds }: Selection, spread: number): Selection {
  const factor = 1 + (Math.random() * 2 - 1) * spread;
  return { name, odds: round(Math.min(maxOdds, Math.max(minOdds, odds * factor))) };
}

function round(odds: number): number {
  return Math.round(odds * 100) / 100;
}
