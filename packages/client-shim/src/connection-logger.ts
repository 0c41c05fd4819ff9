import { type ILogger, LogLevel, NullLogger } from "@microsoft/signalr";

/** What applications give to `configureLogging`, and as `logger` in the connection's options. */
export type Logging = ILogger | LogLevel | string | null | undefined;

/** Names that `configureLogging` takes for levels above warnings. */
const quietNames: readonly string[] = ["error", "critical", "none"];

/**
 * A logger for warnings that goes where the application's own logging goes. Nothing configured is the console, as in the
 * official client, whose own console logger is not exported.
 */
export function connectionLogger(logging: Logging): ILogger {
  if (typeof logging === "object" && logging !== null) return logging;
  return takesWarnings(logging) ? { log: warnOnConsole } : NullLogger.instance;
}

function takesWarnings(logging: LogLevel | string | null | undefined): boolean {
  if (typeof logging === "number") return logging <= LogLevel.Warning;
  if (typeof logging === "string") return !quietNames.includes(logging.toLowerCase());
  return logging !== null;
}

function warnOnConsole(level: LogLevel, message: string): void {
  if (level >= LogLevel.Warning) console.warn(`[${new Date().toISOString()}] ${LogLevel[level]}: ${message}`);
}

/** Calls what the application gave to `configureEdge`. Its errors must not end a connection. */
export function tellListener<T>(listener: (event: T) => void, event: T, logger: ILogger): void {
  try {
    listener(event);
  } catch (error) {
    logger.log(LogLevel.Error, `A callback given to configureEdge threw error '${error}'.`);
  }
}
