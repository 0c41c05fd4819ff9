import type { Logger } from "@signalr-edge/gateway";
import { patienceMs } from "./updates.ts";

type LogEvent = Parameters<Logger["info"]>[0];
type LogFields = NonNullable<Parameters<Logger["info"]>[1]>;

interface LogEntry {
  readonly event: LogEvent;
  readonly fields: LogFields;
}

interface Waiter {
  readonly isSatisfied: () => boolean;
  readonly resolve: () => void;
}

/** A gateway's log as something to wait for: lifecycle that no client can see, such as the loss of a shared upstream. */
export class GatewayLog implements Logger {
  readonly #entries: LogEntry[] = [];
  #waiters: Waiter[] = [];

  debug(event: LogEvent, fields?: LogFields): void {
    this.#add(event, fields);
  }

  info(event: LogEvent, fields?: LogFields): void {
    this.#add(event, fields);
  }

  warn(event: LogEvent, fields?: LogFields): void {
    this.#add(event, fields);
  }

  error(event: LogEvent, fields?: LogFields): void {
    this.#add(event, fields);
  }

  /** The fields of each entry with this event and all these fields. */
  entriesOf(event: LogEvent, fields: LogFields = {}): readonly LogFields[] {
    return this.#entries.filter((entry) => matches(entry, event, fields)).map((entry) => entry.fields);
  }

  count(event: LogEvent, fields: LogFields = {}): number {
    return this.entriesOf(event, fields).length;
  }

  /** Resolves when there are `count` such entries since the start, past or to come. */
  waitFor(event: LogEvent, fields: LogFields = {}, count = 1, timeoutMs = patienceMs): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const wanted = `${count} x ${event} ${JSON.stringify(fields)}`;
        reject(new Error(`waited ${timeoutMs} ms for ${wanted}; logged: ${JSON.stringify(this.#entries)}`));
      }, timeoutMs);
      this.#waiters.push({
        isSatisfied: () => this.count(event, fields) >= count,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
      this.#settle();
    });
  }

  #add(event: LogEvent, fields: LogFields = {}): void {
    this.#entries.push({ event, fields });
    this.#settle();
  }

  #settle(): void {
    const ready = this.#waiters.filter((waiter) => waiter.isSatisfied());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}

function matches(entry: LogEntry, event: LogEvent, fields: LogFields): boolean {
  return entry.event === event && Object.entries(fields).every(([name, value]) => entry.fields[name] === value);
}
