import { DeliveryChecker } from "./delivery-checker.ts";
import type { DeliveryCounts } from "./delivery-counts.ts";
import type { CreateDemoClient, DemoClient } from "./demo-client.ts";

export interface ViewerParts {
  readonly createClient: CreateDemoClient;
  readonly counts: DeliveryCounts;
  /** An event that a new viewer may want. */
  readonly pickEvent: () => string;
  readonly eventsToFollow: number;
  /** Called with the age of each message in microseconds. */
  readonly recordLatency: (sentAt: number) => void;
}

interface Connection {
  readonly client: DemoClient;
  readonly checker: DeliveryChecker;
}

type State =
  | { readonly name: "disconnected" }
  /** Something is under way; no other change may begin. */
  | { readonly name: "busy"; readonly connection: Connection }
  | { readonly name: "watching"; readonly connection: Connection };

/** Somebody who watches a few events, changes their mind, loses the network and comes back. */
export class Viewer {
  readonly #parts: ViewerParts;
  readonly #events = new Set<string>();
  #state: State = { name: "disconnected" };

  constructor(parts: ViewerParts) {
    this.#parts = parts;
    while (this.#events.size < parts.eventsToFollow) this.#events.add(parts.pickEvent());
  }

  get isWatching(): boolean {
    return this.#state.name === "watching";
  }

  get isDisconnected(): boolean {
    return this.#state.name === "disconnected";
  }

  get eventCount(): number {
    return this.#events.size;
  }

  /** Connects and follows all its events. */
  async connect(): Promise<void> {
    if (this.#state.name === "disconnected") await this.#attempt(() => this.#connect());
  }

  /** Leaves one event and follows another. Does nothing while something else is under way. */
  async switchEvent(): Promise<void> {
    const connection = this.#begin();
    if (connection === undefined) return;
    await this.#attempt(async () => {
      const [old] = this.#events;
      const next = this.#parts.pickEvent();
      if (old !== undefined && !this.#events.has(next)) {
        await this.#unfollow(connection, old);
        this.#events.add(next);
        await this.#follow(connection, next);
      }
      this.#rest(connection);
    });
  }

  /** Disconnects and connects again. Does nothing while something else is under way. */
  async reconnect(): Promise<void> {
    const connection = this.#begin();
    if (connection === undefined) return;
    await this.#attempt(async () => {
      await connection.client.stop();
      await this.#connect();
    });
  }

  /** To be called every 15 s. */
  ping(): void {
    if (this.#state.name === "watching") this.#state.connection.client.ping();
  }

  async stop(): Promise<void> {
    if (this.#state.name === "disconnected") return;
    const { client } = this.#state.connection;
    this.#state = { name: "disconnected" };
    await client.stop();
  }

  /** Whether it has everything that was sent for the events it follows. */
  isUpToDate(lastSequenceOf: (eventId: string) => number): boolean {
    if (this.#state.name === "disconnected") return true;
    const positions = [...this.#state.connection.checker.positions()];
    return positions.every(([eventId, last]) => last >= lastSequenceOf(eventId));
  }

  /** Counts what is missing at the end as lost. */
  finish(lastSequenceOf: (eventId: string) => number): void {
    if (this.#state.name !== "disconnected") this.#state.connection.checker.finish(lastSequenceOf);
  }

  async #connect(): Promise<void> {
    const checker = new DeliveryChecker(this.#parts.counts);
    const client = this.#parts.createClient({
      oddsChanged: (eventId, sequence, sentAt) => {
        this.#parts.recordLatency(sentAt);
        checker.received(eventId, sequence);
      },
      ended: (reason) => this.#ended(client, reason),
    });
    const connection = { client, checker };
    this.#state = { name: "busy", connection };
    await client.start();
    await Promise.all([...this.#events].map((eventId) => this.#follow(connection, eventId)));
    this.#rest(connection);
  }

  /** Counts an error, unless the connection is gone, which is counted by itself. */
  async #attempt(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (this.#state.name === "disconnected") return;
      this.#parts.counts.failed(error);
      await this.stop();
    }
  }

  #begin(): Connection | undefined {
    if (this.#state.name !== "watching") return undefined;
    const { connection } = this.#state;
    this.#state = { name: "busy", connection };
    return connection;
  }

  #rest(connection: Connection): void {
    // It may have been stopped, or have ended, in the meantime.
    if (this.#state.name === "busy" && this.#state.connection === connection) {
      this.#state = { name: "watching", connection };
    }
  }

  async #follow({ client, checker }: Connection, eventId: string): Promise<void> {
    checker.joinStarted(eventId);
    await client.subscribe(eventId, (sequence) => checker.joinCompleted(eventId, sequence));
  }

  async #unfollow({ client, checker }: Connection, eventId: string): Promise<void> {
    this.#events.delete(eventId);
    checker.leaveStarted(eventId);
    await client.unsubscribe(eventId, () => checker.leaveCompleted(eventId));
  }

  #ended(client: DemoClient, reason: string): void {
    if (this.#state.name === "disconnected" || this.#state.connection.client !== client) return;
    this.#state = { name: "disconnected" };
    this.#parts.counts.endedUnexpectedly(reason);
  }
}
