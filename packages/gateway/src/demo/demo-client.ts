/** What a client of the demo reports. Called from its socket's events. */
export interface DemoClientEvents {
  /** One `OddsChanged`. `sentAt` in microseconds since the Unix epoch. */
  readonly oddsChanged: (eventId: string, sequence: number, sentAt: number) => void;
  /** The connection ended without a call of `stop`. Called once. */
  readonly ended: (reason: string) => void;
}

/** One hub connection of the demo, for one start and one stop. Promises reject with what the hub or the network says. */
export interface DemoClient {
  /** Resolves when invocations are possible. */
  start(): Promise<void>;
  /** Follows an event. `completed` gets the sequence number of the snapshot, before any later message is reported. */
  subscribe(eventId: string, completed: (sequence: number) => void): Promise<void>;
  /** `completed` is called before any later message is reported. */
  unsubscribe(eventId: string, completed: () => void): Promise<void>;
  /** To be called every 15 s. */
  ping(): void;
  /** Resolves when the connection is closed. */
  stop(): Promise<void>;
}

export type CreateDemoClient = (events: DemoClientEvents) => DemoClient;
