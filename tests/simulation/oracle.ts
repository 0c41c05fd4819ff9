import type { Frame } from "@signalr-edge/protocol";
import { BroadcastOracle } from "./broadcast-oracle.ts";
import { ClientWatch, type ClientWatchParts } from "./client-watch.ts";
import { GroupOracle } from "./group-oracle.ts";
import { type JoinRequest, topics } from "./hub-contract.ts";
import { QueryOracle } from "./query-oracle.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { StreamOracle } from "./stream-oracle.ts";

export interface OracleParts extends ClientWatchParts {
  /** The name of the upstream to which each topic belongs, by topic. */
  readonly lineNames: readonly string[];
  /** The upstream of broadcasts, shared calls and shared streams. */
  readonly primary: string;
}

/** Everything that must happen to the clients of one partition and hub protocol, and on their shared upstreams. */
export class Oracle {
  readonly watch: ClientWatch;
  readonly broadcasts: BroadcastOracle;
  readonly queries: QueryOracle;
  readonly streams: StreamOracle;
  readonly #primary: string;
  /** One for each upstream, and the same by name and by topic. */
  readonly #groups: readonly GroupOracle[];
  readonly #groupsByLine = new Map<string, GroupOracle>();
  readonly #groupsByTopic: readonly GroupOracle[];

  constructor(parts: OracleParts) {
    const { lineNames, primary } = parts;
    this.watch = new ClientWatch(parts);
    this.#primary = primary;
    this.broadcasts = new BroadcastOracle(this.watch);
    this.queries = new QueryOracle(this.watch);
    this.streams = new StreamOracle(this.watch);
    this.#groupsByTopic = lineNames.map((line) => this.#addGroups(line, lineNames));
    this.#addGroups(primary, lineNames);
    this.#groups = [...this.#groupsByLine.values()];
  }

  /** What must happen to the groups of one upstream; of one without topics, nothing. */
  groupsOn(line: string): GroupOracle {
    return this.#groupsByLine.get(line) ?? new GroupOracle(this.watch, []);
  }

  asks(client: SimulatedClient, request: JoinRequest, invocationId: string | undefined): void {
    const isFull = this.isFull(client, request.topics.length);
    this.groupsOf(request.topics[0]).asks(client, request, invocationId, isFull);
  }

  leaves(client: SimulatedClient, left: readonly number[], invocationId: string | undefined): void {
    for (const topic of left) this.groupsOf(topic).leaves(client, topic);
    this.watch.due.owe(client, invocationId, { kind: "result", raw: client.protocol.nullValue });
  }

  isMember(client: SimulatedClient, topic: number): boolean {
    return this.groupsOf(topic).isMember(client, topic);
  }

  gone(client: SimulatedClient): void {
    if (this.#groups.length > 1 && this.#groups.filter((groups) => groups.holds(client)).length > 1) {
      this.watch.sightings.spreadMembers += 1;
    }
    this.watch.gone(client);
    for (const groups of this.#groups) groups.gone(client);
    this.broadcasts.gone(client);
    this.queries.gone(client);
    this.streams.gone(client);
  }

  /** Whether the gateway refuses to let the client take part in `count` more. */
  isFull(client: SimulatedClient, count: number): boolean {
    return client.load + count > this.watch.setup.maxGroupsPerClient;
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
    this.watch.passFrame(frame, undefined, act);
  }

  checkStep(): void {
    this.watch.checkStep();
    this.streams.checkStep();
  }

  checkSettled(): void {
    for (const groups of this.#groups) groups.checkSettled();
    this.watch.checkSettled();
  }

  #addGroups(line: string, lineNames: readonly string[]): GroupOracle {
    let groups = this.#groupsByLine.get(line);
    if (groups === undefined) {
      groups = new GroupOracle(
        this.watch,
        topics.filter(({ index }) => lineNames[index] === line),
      );
      this.#groupsByLine.set(line, groups);
    }
    return groups;
  }

  /** What must happen to the groups of the upstream of one topic. */
  groupsOf(topic: number | undefined): GroupOracle {
    const groups = this.#groupsByTopic[topic ?? -1];
    if (groups === undefined) throw new Error(`there is no topic ${topic}`);
    return groups;
  }
}
