/** A client as the load generator sees it. */
export interface BenchClient {
  readonly number: number;
  /** Whether it has stopped reading on purpose. */
  readonly isSlow: boolean;
  /** Hub messages since the window began. */
  received: number;
  readonly hasEnded: boolean;
  /** Resolves when it has joined its groups. */
  start(): Promise<void>;
  ping(): void;
  stop(): void;
}
