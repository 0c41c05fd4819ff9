/** How a stream went: its items, and whether it was completed, cancelled by the client, or the text of its error. */
export interface StreamRecord {
  readonly items: readonly unknown[];
  readonly end: string;
}

/** A hub connection of some official client, in this process or in a page, as far as the scripts use it. */
export interface ScriptConnection {
  start(): Promise<void>;
  stop(): Promise<void>;
  invoke(method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Reads a stream to its end, or cancels it after that many items. */
  stream(method: string, args: readonly unknown[], cancelAfter?: number): Promise<StreamRecord>;
  /** Invokes a hub method whose arguments are streams of these items. */
  upload(method: string, ...uploads: readonly (readonly unknown[])[]): Promise<unknown>;
  /** What the handler returns is the client result, if the hub asks for one. Before `start`, one handler to a target. */
  on(target: string, handler: (...args: readonly unknown[]) => unknown): void;
  /** Called for each event, with the text of its error if there is one. Before `start`. */
  onLifecycle(handler: (event: LifecycleEvent, error: string | undefined) => void): void;
}

export type LifecycleEvent = "closed" | "reconnecting" | "reconnected";

/** The text of whatever a client rejects with. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text that it rejects with, or what it resolved to. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { resolved: await promise };
  } catch (error) {
    return { rejected: textOf(error) };
  }
}
