import { type Frame, hubProtocols } from "@signalr-edge/protocol";
import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { type LinePlace, primaryPlace } from "../../packages/gateway/src/aggregation/line-place.ts";
import type { LineClient, LineTable, RunningLine } from "../../packages/gateway/src/aggregation/line-table.ts";
import type { Partition, PartitionKey } from "../../packages/gateway/src/aggregation/partition-key.ts";
import { closeReasons } from "../../packages/gateway/src/close-reasons.ts";
import type { HubRules } from "../../packages/gateway/src/config/hub-rules.ts";
import { silentLogger } from "../../packages/gateway/src/observe/log.ts";
import { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import type { Core } from "./core.ts";
import { contracts, joinRequests, leaveRequests, type RawCall, topicAt, topics } from "./hub-contract.ts";
import { Oracle } from "./oracle.ts";
import type { Setup, Step } from "./schedule.ts";
import { Sightings } from "./sightings.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedLine } from "./simulated-line.ts";
import { lineName, lineOfTopic } from "./topic-lines.ts";
import { Violation } from "./violation.ts";

/** More rounds than any backlog of a run needs. */
const maxSettlingRounds = 500;
/** How long the gateway keeps an upstream that nobody needs. */
const idleMs = 700;

/** A partition with one hub protocol: what must happen to its clients. */
interface Ground {
  readonly client: LineClient;
  readonly oracle: Oracle;
}

/** One hub of the gateway between simulated clients and simulated connections to its origin. */
export class World {
  readonly sightings = new Sightings();
  readonly #clock = new SimulatedClock();
  readonly #hub: Hub;
  readonly #core: Core;
  readonly #setup: Setup;
  readonly #rules: HubRules;
  readonly #metrics = new HubMetrics();
  readonly #gapCloser: InstanceType<Core["SpreadCloser"]>;
  readonly #grounds: readonly Ground[];
  readonly #table: LineTable;
  /** Those that the gateway has made and not retired. */
  readonly #lines: SimulatedLine[] = [];
  /** Names of all that were made. */
  readonly #made = new Set<string>();
  /** By slot; a slot belongs to one ground for good. */
  readonly #clients: (SimulatedClient | undefined)[] = [];
  /** Last message published of each topic. */
  readonly #sequences: number[] = topics.map(() => 0);
  #broadcastCount = 0;
  #clientCount = 0;

  constructor(core: Core, setup: Setup, rules: HubRules) {
    this.#core = core;
    this.#setup = setup;
    this.#rules = rules;
    this.#gapCloser = new core.SpreadCloser(this.#clock, closeReasons.gap, setup.gapSpreadMs);
    this.#grounds = setup.lines.map((protocolName, index) => {
      const protocol = hubProtocols[protocolName];
      const partition: Partition = { key: String(index) as PartitionKey, query: [], headers: [] };
      const lineNames = topics.map((topic) => lineOfTopic(rules, protocol, topic.index));
      const oracle = new Oracle({
        setup,
        clock: this.#clock,
        sightings: this.sightings,
        onClosed: (client) => this.#gone(client),
        lineOf: (topic) => lineNames[topic] ?? "",
        primary: lineName(primaryPlace),
      });
      return { client: { partition, protocol }, oracle };
    });
    this.#table = new core.LineTable({
      metrics: this.#metrics,
      log: silentLogger,
      hub: "/hub",
      limits: { maxPerKeyUpstreams: 100 },
      idleMs,
      create: (client, place) => this.#createLine(client, place),
    });
    this.#hub = new core.Hub({
      rules,
      metrics: this.#metrics,
      // Schedules have more joins in less time than anybody but an attacker.
      limits: {
        ...setup,
        maxJoinsPerSecond: 1_000_000,
        maxGroups: 1_000_000,
        maxGroupsPerAddress: 1_000_000,
      },
      groupCount: () => 0,
      clock: this.#clock,
      lines: this.#table,
      deflate: undefined,
    });
  }

  apply(step: Step): void {
    switch (step.do) {
      case "connect":
        return this.#connect(step.client, step.request);
      case "vanish":
        return this.#vanish(step.client);
      case "query":
        return this.#query(step.client, step.query);
      case "stream":
        return this.#stream(step.client, step.stream);
      case "cancel":
        return this.#cancel(step.client, step.pick);
      case "broadcast":
        return this.#broadcast();
      case "join":
        return this.#join(step.client, step.request, step.answered);
      case "leave":
        return this.#leave(step.client, step.request, step.answered);
      case "private":
        return this.#private(step.client, step.topic);
      case "publish":
        return this.#publish(step.topic);
      case "advance":
        return this.#advance(step.ms);
      default:
        return this.#applyToLine(step, this.#lines[step.line % Math.max(1, this.#lines.length)]);
    }
  }

  /** The faults end: everything that was asked for comes true within bounded work (INV-7, INV-22). */
  settle(): void {
    for (let round = 0; round < maxSettlingRounds; round += 1) {
      for (const line of [...this.#lines]) line.settle(this.#sequences);
      const dueMs = this.#clock.nextDueMs;
      if (dueMs === undefined && this.#lines.every((line) => line.isQuiet)) return this.#checkSettled();
      if (dueMs !== undefined) this.#advance(Math.max(0, dueMs - this.#clock.now()));
    }
    throw new Violation("INV-22", "the gateway never comes to rest");
  }

  /** Everybody goes, and nothing stays (INV-17). */
  end(): void {
    for (const slot of this.#clients.keys()) this.#vanish(slot);
    this.settle();
    this.#checkEmpty();
  }

  /** The same while the origin is away: nothing may wait for it, for there may be no end to that. */
  endWithoutOrigin(): void {
    for (const line of this.#lines) line.down();
    for (const slot of this.#clients.keys()) this.#vanish(slot);
    while (this.#clock.timerCount > 0) this.#advance(1000);
    this.#checkEmpty();
  }

  #applyToLine(step: Step & { readonly line: number }, line: SimulatedLine | undefined): void {
    if (line === undefined) return;
    switch (step.do) {
      case "begin":
        return line.origin?.begin(step.pick, step.refused, this.#sequences);
      case "finish":
        return line.origin?.finish(step.pick, this.#sequences);
      case "item":
        return line.origin?.item(step.pick);
      case "endStream":
        return line.origin?.endStream(step.pick, step.failed);
      case "serve":
        return line.serve(step.refused, this.#sequences);
      case "deliver":
        return line.deliver(step.count);
      case "up":
        return line.up();
      case "down":
        return line.down();
      case "refuse":
        return line.refuse();
      case "late":
        return line.deliverLate(step.pick);
      case "stray":
        return line.stray(step.wantsResult);
    }
  }

  #connect(slot: number, request: number | undefined): void {
    if (this.#clients[slot] !== undefined) return;
    this.#clientCount += 1;
    const ground = this.#groundAt(slot);
    const { oracle } = ground;
    const { protocol, partition } = ground.client;
    const client = new SimulatedClient(`client ${slot}.${this.#clientCount}`, protocol, partition, oracle.watch);
    this.#clients[slot] = client;
    oracle.broadcasts.arrives(client);
    this.#hub.connect(client, () => {
      oracle.broadcasts.proceeds(client, this.#isPrimaryOpen(ground));
      client.isConnected = true;
      if (request === undefined) return;
      this.sightings.eagerJoins += 1;
      this.#join(slot, request, true);
    });
    oracle.checkStep();
  }

  #vanish(slot: number): void {
    const client = this.#clients[slot];
    if (client !== undefined) this.#gone(client);
  }

  /** Both for a client that goes and for one that is closed: a closed connection tells the hub the same. */
  #gone(client: SimulatedClient): void {
    const slot = this.#clients.indexOf(client);
    this.#clients[slot] = undefined;
    this.#groundAt(slot).oracle.gone(client);
    this.#hub.clientGone(client);
  }

  #join(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = joinRequests[index];
    if (client === undefined || request === undefined) return;
    const invocationId = answered ? client.nextInvocationId() : undefined;
    this.#groundAt(slot).oracle.asks(client, request, invocationId);
    this.#invoke(slot, client, contracts[client.protocol.name].joins[index], invocationId);
  }

  #leave(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = leaveRequests[index];
    if (client === undefined || request === undefined) return;
    const invocationId = answered ? client.nextInvocationId() : undefined;
    this.#groundAt(slot).oracle.leaves(client, request.topics, invocationId);
    this.#invoke(slot, client, contracts[client.protocol.name].leaves[index], invocationId);
  }

  #query(slot: number, query: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const invocationId = client.nextInvocationId();
    const { oracle } = this.#groundAt(slot);
    oracle.queries.asks(client, query, invocationId, oracle.isFull(client, 1));
    this.#invoke(slot, client, contracts[client.protocol.name].queries[query], invocationId);
  }

  #stream(slot: number, stream: number): void {
    const client = this.#connected(slot);
    const call = client === undefined ? undefined : contracts[client.protocol.name].streams[stream];
    if (client === undefined || call === undefined) return;
    const invocationId = client.nextInvocationId();
    const { oracle } = this.#groundAt(slot);
    oracle.streams.opens(client, stream, invocationId, oracle.isFull(client, 1));
    const { method: target, arguments: rawArguments } = call;
    this.#receive(
      slot,
      client,
      client.protocol.writeStreamInvocation({ target, invocationId, arguments: rawArguments }),
    );
  }

  #cancel(slot: number, pick: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const { streams } = this.#groundAt(slot).oracle;
    const invocationId = streams.readBy(client, pick);
    if (invocationId === undefined) return;
    streams.cancels(client, invocationId);
    this.#receive(slot, client, client.protocol.writeCancelInvocation(invocationId));
  }

  #connected(slot: number): SimulatedClient | undefined {
    const client = this.#clients[slot];
    return client?.isConnected === true ? client : undefined;
  }

  #invoke(slot: number, client: SimulatedClient, call: RawCall | undefined, invocationId: string | undefined): void {
    if (call === undefined) return;
    const { method: target, arguments: rawArguments } = call;
    const id = invocationId === undefined ? {} : { invocationId };
    this.#receive(slot, client, client.protocol.writeInvocation({ target, arguments: rawArguments, ...id }));
  }

  #receive(slot: number, client: SimulatedClient, frame: Frame): void {
    this.#hub.receiveFromClient(client, client.protocol.peek(frame), frame);
    // The chunk that it lay in is used again.
    frame.fill(0);
    this.#groundAt(slot).oracle.checkStep();
  }

  /** a copy on the client's own upstream is news exactly if the client is no member, or gets no other copy. */
  #private(slot: number, topic: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const { protocol } = client;
    const ground = this.#groundAt(slot);
    const { oracle } = ground;
    const contract = contracts[protocol.name];
    const isBroadcast = topic >= topics.length;
    const frame = protocol.writeInvocation({
      target: isBroadcast ? contract.broadcastTarget : contract.target(topic, "target"),
      arguments: [contract.values[topic] ?? protocol.nullValue],
    });
    const isNews = this.#hub.receiveFromPrivateUpstream(client, protocol.peek(frame), frame);
    const isCopy = isBroadcast
      ? this.#isPrimaryOpen(ground) && oracle.broadcasts.isFollower(client)
      : // Without a key nothing tells it from a message for this client alone.
        !this.#setup.perKey.includes(topicAt(topic).rule) && oracle.isMember(client, topic);
    if (isCopy) this.sightings.privateCopies += 1;
    if (isNews === isCopy) {
      throw new Violation("R-13", `${client.name} ${isCopy ? "has" : "lacks"} what came of topic ${topic}`);
    }
  }

  #broadcast(): void {
    this.#broadcastCount += 1;
    for (const line of this.#lines) line.origin?.broadcast(this.#broadcastCount);
  }

  #publish(topic: number): void {
    const sequence = (this.#sequences[topic] ?? 0) + 1;
    this.#sequences[topic] = sequence;
    for (const line of this.#lines) line.origin?.publish(topic, sequence);
  }

  #advance(ms: number): void {
    this.#clock.advance(ms);
    for (const { oracle } of this.#grounds) oracle.checkStep();
    this.#table.sweep(this.#clock.now());
  }

  #checkSettled(): void {
    for (const { oracle } of this.#grounds) oracle.checkSettled();
    for (const line of this.#lines) line.checkSettled();
  }

  #checkEmpty(): void {
    for (const line of this.#lines) line.checkEmpty();
    if (this.#clock.timerCount > 0) throw new Violation("INV-17", `${this.#clock.timerCount} timers are left`);
    this.#table.sweep(this.#clock.now());
    this.#table.sweep(this.#clock.now() + idleMs);
    if (this.#lines.length > 0) throw new Violation("INV-17", `${this.#lines.length} upstreams are left`);
  }

  #groundAt(slot: number): Ground {
    const ground = this.#grounds[slot % this.#grounds.length];
    if (ground === undefined) throw new Error("a hub has at least one ground");
    return ground;
  }

  #isPrimaryOpen({ oracle }: Ground): boolean {
    return this.#lines.some((line) => line.oracle === oracle && line.isPrimary && line.isOpen);
  }

  #createLine(client: LineClient, place: LinePlace): RunningLine {
    const ground = this.#grounds.find((one) => one.client.partition.key === client.partition.key);
    if (ground === undefined) throw new Error("a client asks for a line of another partition");
    const { protocol } = ground.client;
    const name = `${ground.client.partition.key} ${lineName(place)}`;
    if (this.#made.has(name)) this.sightings.reopenedLines += 1;
    this.#made.add(name);
    const source = new SimulatedLine({
      place,
      metrics: this.#metrics,
      contract: contracts[protocol.name],
      setup: this.#setup,
      clock: this.#clock,
      hub: this.#hub,
      pending: new this.#core.PendingInvocations(),
      oracle: ground.oracle,
      sightings: this.sightings,
    });
    const { maxJoinsInFlight, maxWaitingJoins } = this.#setup;
    const line = new this.#core.SharedLine(protocol, {
      place,
      source,
      clock: this.#clock,
      metrics: this.#metrics,
      log: silentLogger,
      gapCloser: this.#gapCloser,
      maxJoinsInFlight,
      maxWaitingJoins,
      broadcastRules: [...this.#rules.broadcasts.values()],
      maxCalls: 100,
      maxStreams: 100,
    });
    source.attach(line);
    this.#lines.push(source);
    const close = (): void => {
      this.#lines.splice(this.#lines.indexOf(source), 1);
      source.close();
    };
    return { client: ground.client, line, upstream: { stateName: "", sweep() {}, close } };
  }
}
