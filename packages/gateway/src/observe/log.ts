import { pino } from "pino";

/** Everything the gateway logs: lifecycle, never traffic, never arguments, tokens or query strings. */
export type LogEvent =
  | "gateway.started"
  | "gateway.draining"
  | "gateway.stopped"
  | "gateway.failed"
  | "config.warning"
  | "config.reloaded"
  | "config.unchanged"
  | "config.reload-refused"
  | "upstream.opened"
  | "upstream.lost"
  | "upstream.refused"
  | "upstream.retired"
  | "upstream.redirect-refused"
  | "address.refused"
  | "keys.unavailable"
  | "keys.loaded"
  | "join.refused"
  | "leave.refused"
  | "client.closed"
  | "connection.failed";

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  error(event: LogEvent, fields?: LogFields): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes to stderr: JSON lines, or readable lines if it is a terminal. stdout belongs to the command's own output. */
export function createLogger(level: LogLevel): Logger {
  const sink = process.stderr.isTTY
    ? pino({ level, base: null, transport: { target: "pino-pretty", options: { destination: 2 } } })
    : pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: "event" }, pino.destination(2));
  return {
    debug: (event, fields = {}) => sink.debug(fields, event),
    info: (event, fields = {}) => sink.info(fields, event),
    warn: (event, fields = {}) => sink.warn(fields, event),
    error: (event, fields = {}) => sink.error(fields, event),
  };
}

/** For embedding and tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
