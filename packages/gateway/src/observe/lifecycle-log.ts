import type { LogEvent, LogFields, Logger, LogLevel } from "./log.ts";

export interface LifecycleEvent {
  /** Counts from 1, so that a reader can tell which ones it has. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  readonly event: LogEvent;
  readonly fields: Readonly<Record<string, string>>;
}

const capacity = 200;
const maxTextLength = 200;
/**
 * Fields that say nothing of clients, tokens or arguments. Left out on purpose: `partition` (values of queries and
 * headers), `key` (values of arguments), `error` (texts of hub methods, stacks), `source` (paths and URLs of keys).
 */
const shownFields = ["hub", "protocol", "shard", "reason", "host", "method", "clients", "changes", "version"] as const;

/** The newest lifecycle events from `info` on, for the dashboard; everything goes to the log as well. */
export class LifecycleLog implements Logger {
  readonly #log: Logger;
  readonly #events: LifecycleEvent[] = [];
  #lastNumber = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  debug(event: LogEvent, fields?: LogFields): void {
    this.#log.debug(event, fields);
  }

  info(event: LogEvent, fields?: LogFields): void {
    this.#log.info(event, fields);
    this.#keep("info", event, fields);
  }

  warn(event: LogEvent, fields?: LogFields): void {
    this.#log.warn(event, fields);
    this.#keep("warn", event, fields);
  }

  error(event: LogEvent, fields?: LogFields): void {
    this.#log.error(event, fields);
    this.#keep("error", event, fields);
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Those after `number`, as far as they are kept, oldest first. */
  since(number: number): readonly LifecycleEvent[] {
    return this.#events.filter((event) => event.number > number);
  }

  #keep(level: LogLevel, event: LogEvent, fields: LogFields = {}): void {
    this.#lastNumber += 1;
    this.#events.push({ number: this.#lastNumber, time: Date.now(), level, event, fields: shown(fields) });
    if (this.#events.length > capacity) this.#events.shift();
  }
}

function shown(fields: LogFields): Record<string, string> {
  const texts = shownFields.flatMap((name) => {
    const value = fields[name];
    return value === undefined ? [] : [[name, clipped(String(value))] as const];
  });
  return Object.fromEntries(texts);
}

/** For texts that peers have a hand in. */
export function clipped(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
