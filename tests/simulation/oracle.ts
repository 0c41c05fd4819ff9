import type { Frame } from "@signalr-edge/protocol";
import { BroadcastOracle } from "./broadcast-oracle.ts";
import { ClientWatch, type ClientWatchParts } from "./client-watch.ts";
import { GroupOracle } from "./group-oracle.ts";
import { type JoinRequest, topicAt, topics } from "./hub-contract.ts";
import { QueryOracle } from "./query-oracle.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { StreamOracle } from "./stream-oracle.ts";

export interface OracleParts extends ClientWatchParts {
  /** The name of the upstream to which each topic belongs. */
  readonly lineOf: (topic: number) => string;
  /** The upstream of broadcasts, shared calls and shared streams. */
  readonly primary: string;
}

/** Everything that must happen to the clients of one partition and hub protocol, and on their shared upstreams. */
export class Oracle {
  readonly watch: ClientWatch;
  readonly broadcasts: BroadcastOracle;
  readonly queries: QueryOracle;
  readonly streams: StreamOracle;
  readonly #lineOf: OracleParts["lineOf"];
  readonly #primary: string;
  /** By upstream. */
  readonly #groups = new Map<string, GroupOracle>();

  constructor(parts: OracleParts) {
    this.watch = new ClientWatch(parts);
    this.#lineOf = parts.lineOf;
    this.#primary = parts.primary;
    this.broadcasts = new BroadcastOracle(this.watch);
    this.queries = new QueryOracle(this.watch);
    this.streams = new StreamOracle(this.watch);
  }

  /** What must happen to the groups of one upstream. */
  groupsOn(line: string): GroupOracle {
    let groups = this.#groups.get(line);
    if (groups === undefined) {
      const own = topics.filter(({ index }) => this.#lineOf(index) === line);
      groups = new GroupOracle(this.watch, own);
      this.#groups.set(line, groups);
    }
    return groups;
  }

  asks(client: SimulatedClient, request: JoinRequest, invocationId: string | undefined): void {
    const isFull = this.isFull(client, request.topics.length);
    this.#groupsOf(request.topics[0]).asks(client, request, invocationId, isFull);
  }

  leaves(client: SimulatedClient, left: readonly number[], invocationId: string | undefined): void {
    for (const topic of left) this.#groupsOf(topic).leaves(client, topic);
    this.watch.due.owe(client, invocationId, { kind: "result", raw: client.protocol.nullValue });
  }

  isMember(client: SimulatedClient, topic: number): boolean {
    return this.#groupsOf(topic).isMember(client, topic);
  }

  gone(client: SimulatedClient): void {
    const held = [...this.#groups.values()].filter((groups) => groups.loadOf(client) > 0);
    if (held.length > 1) this.watch.sightings.spreadMembers += 1;
    this.watch.gone(client);
    for (const groups of this.#groups.values()) groups.gone(client);
    this.broadcasts.gone(client);
    this.queries.gone(client);
    this.streams.gone(client);
  }

  /** Whether the gateway refuses to let the client take part in `count` more. */
  isFull(client: SimulatedClient, count: number): boolean {
    let taken = this.queries.loadOf(client) + this.streams.loadOf(client);
    for (const groups of this.#groups.values()) taken += groups.loadOf(client);
    return taken + count > this.watch.setup.maxGroupsPerClient;
  }

  /** `act` tells the gateway. */
  up(line: string, act: () => void): void {
    const isPrimary = line === this.#primary;
    this.groupsOn(line).up();
    if (isPrimary) this.broadcasts.up();
    act();
    if (isPrimary) this.broadcasts.checkLetIn();
    this.checkStep();
  }

  down(line: string, act: () => void): void {
    this.groupsOn(line).down();
    if (line === this.#primary) {
      this.queries.down();
      this.streams.down();
    }
    act();
    this.checkStep();
  }

  refused(line: string, act: () => void): void {
    this.groupsOn(line).refused();
    if (line === this.#primary) {
      this.queries.refused();
      this.streams.refused();
      this.broadcasts.refused();
    }
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
    for (const groups of this.#groups.values()) groups.checkSettled();
    this.watch.checkSettled();
  }

  #groupsOf(topic: number | undefined): GroupOracle {
    return this.groupsOn(this.#lineOf(topicAt(topic ?? -1).index));
  }
}
