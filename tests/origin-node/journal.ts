import type { JournalEntry, JournalKind, JournalQuery } from "../support/origin-control.ts";

/** Enough for any test that looks back; load tests run past it and only lose the oldest entries. */
const maxEntries = 20_000;
const maxLastDisconnects = 100;

interface Waiter {
  readonly query: JournalQuery;
  missing: number;
  readonly found: (entry: JournalEntry) => void;
}

/** What happened at the origin, in order, so that tests wait for events instead of time. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #waiters = new Set<Waiter>();
  #lastNumber = 0;

  add(
    kind: JournalKind,
    hub: string,
    connectionId: string,
    details: { readonly user?: string | undefined; readonly name?: string; readonly error?: string | undefined },
  ): void {
    this.#lastNumber += 1;
    const { user, name, error } = details;
    const entry: JournalEntry = {
      number: this.#lastNumber,
      ...{ kind, hub, connectionId },
      user: user ?? null,
      name: name ?? null,
      error: error ?? null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > maxEntries) this.#entries.shift();
    for (const waiter of this.#waiters) this.#offer(waiter, entry);
  }

  /** Resolves with the `count`th matching entry, past or to come. */
  waitFor(query: JournalQuery, count: number, timeoutMs: number): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        query,
        missing: count,
        found: (entry) => {
          clearTimeout(timer);
          resolve(entry);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`${JSON.stringify(query)} did not happen ${count} time(s) within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiters.add(waiter);
      for (const entry of this.#entries) this.#offer(waiter, entry);
    });
  }

  lastDisconnects(): readonly JournalEntry[] {
    return this.#entries.filter(({ kind }) => kind === "disconnected").slice(-maxLastDisconnects);
  }

  clear(): void {
    this.#entries.length = 0;
    this.#lastNumber = 0;
  }

  #offer(waiter: Waiter, entry: JournalEntry): void {
    if (waiter.missing === 0 || !matches(waiter.query, entry)) return;
    waiter.missing -= 1;
    if (waiter.missing > 0) return;
    this.#waiters.delete(waiter);
    waiter.found(entry);
  }
}

function matches({ kind, connectionId, user, name }: JournalQuery, entry: JournalEntry): boolean {
  return (
    kind === entry.kind &&
    (connectionId === undefined || connectionId === entry.connectionId) &&
    (user === undefined || user === entry.user) &&
    (name === undefined || name === entry.name)
  );
}
