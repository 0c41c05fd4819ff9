import type { Frame } from "@signalr-edge/protocol";
import { BroadcastOracle } from "./broadcast-oracle.ts";
import { ClientWatch, type ClientWatchParts } from "./client-watch.ts";
import { GroupOracle } from "./group-oracle.ts";
import { QueryOracle } from "./query-oracle.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { StreamOracle } from "./stream-oracle.ts";

/** Everything that must happen on one shared upstream and to its clients. */
export class Oracle {
  readonly watch: ClientWatch;
  readonly groups: GroupOracle;
  readonly broadcasts: BroadcastOracle;
  readonly queries: QueryOracle;
  readonly streams: StreamOracle;

  constructor(parts: ClientWatchParts) {
    this.watch = new ClientWatch(parts);
    this.groups = new GroupOracle(this.watch);
    this.broadcasts = new BroadcastOracle(this.watch);
    this.queries = new QueryOracle(this.watch);
    this.streams = new StreamOracle(this.watch);
  }

  gone(client: SimulatedClient): void {
    this.watch.gone(client);
    this.groups.gone(client);
    this.broadcasts.gone(client);
    this.queries.gone(client);
    this.streams.gone(client);
  }

  /** Whether the gateway refuses to let the client take part in `count` more. */
  isFull(client: SimulatedClient, count: number): boolean {
    const taken = this.groups.loadOf(client) + this.queries.loadOf(client) + this.streams.loadOf(client);
    return taken + count > this.watch.setup.maxGroupsPerClient;
  }

  /** `act` tells the gateway. */
  up(act: () => void): void {
    this.groups.up();
    this.broadcasts.up();
    act();
    this.broadcasts.checkLetIn();
    this.checkStep();
  }

  down(act: () => void): void {
    this.groups.down();
    this.queries.down();
    this.streams.down();
    act();
    this.checkStep();
  }

  refused(act: () => void): void {
    this.groups.refused();
    this.queries.refused();
    this.streams.refused();
    this.broadcasts.refused();
    act();
    this.checkStep();
  }

  /** A message that nobody may get. */
  nobody(frame: Frame, act: () => void): void {
    this.watch.expectFrame(frame, [], "a stray message", act);
  }

  checkStep(): void {
    this.watch.checkStep();
    this.streams.checkStep();
  }

  checkSettled(): void {
    this.groups.checkSettled();
    this.watch.checkSettled();
  }
}
