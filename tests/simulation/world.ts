import { type Frame, hubProtocols } from "@signalr-edge/protocol";
import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { type Partition, partitionOf } from "../../packages/gateway/src/aggregation/partition-key.ts";
import { closeReasons } from "../../packages/gateway/src/close-reasons.ts";
import type { HubRules } from "../../packages/gateway/src/config/hub-rules.ts";
import { silentLogger } from "../../packages/gateway/src/observe/log.ts";
import { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import type { Core } from "./core.ts";
import { contracts, joinRequests, leaveRequests, type RawCall, topics } from "./hub-contract.ts";
import { Oracle } from "./oracle.ts";
import type { Setup, Step } from "./schedule.ts";
import { Sightings } from "./sightings.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedLine } from "./simulated-line.ts";
import { Violation } from "./violation.ts";

/** More rounds than any backlog of a run needs. */
const maxSettlingRounds = 500;

/** One hub of the gateway between simulated clients and simulated connections to its origin. */
export class World {
  readonly sightings = new Sightings();
  readonly #clock = new SimulatedClock();
  readonly #hub: Hub;
  readonly #lines: readonly SimulatedLine[];
  /** By slot; a slot belongs to one line for good. */
  readonly #clients: (SimulatedClient | undefined)[] = [];
  /** Last message published of each topic. */
  readonly #sequences: number[] = topics.map(() => 0);
  #broadcastCount = 0;
  #clientCount = 0;

  constructor(core: Core, setup: Setup, rules: HubRules) {
    const metrics = new HubMetrics();
    const clock = this.#clock;
    this.#hub = new core.Hub({
      rules,
      metrics,
      limits: setup,
      clock,
      lineFor: (partition, protocol) => this.#lineFor(partition, protocol.name).line,
    });
    const gapCloser = new core.SpreadCloser(clock, closeReasons.gap, setup.gapSpreadMs);
    this.#lines = setup.lines.map((protocolName, index) => {
      const line = new SimulatedLine({
        partition: {
          ...partitionOf(rules, { query: () => undefined, header: () => undefined }),
          query: [["line", String(index)]],
        },
        contract: contracts[protocolName],
        setup,
        clock,
        hub: this.#hub,
        pending: new core.PendingInvocations(),
        oracle: new Oracle({ setup, clock, sightings: this.sightings, onClosed: (client) => this.#gone(client) }),
        sightings: this.sightings,
      });
      line.attach(
        new core.SharedLine(hubProtocols[protocolName], {
          source: line,
          clock,
          metrics,
          log: silentLogger,
          gapCloser,
          maxJoinsInFlight: setup.maxJoinsInFlight,
          maxWaitingJoins: setup.maxWaitingJoins,
          broadcastRules: [...rules.broadcasts.values()],
          maxCalls: 100,
          maxStreams: 100,
        }),
      );
      return line;
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
        return this.#applyToLine(step, this.#lineAt(step.line));
    }
  }

  /** The faults end: everything that was asked for comes true within bounded work (INV-7, INV-22). */
  settle(): void {
    for (let round = 0; round < maxSettlingRounds; round += 1) {
      for (const line of this.#lines) line.settle(this.#sequences);
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

  #applyToLine(step: Step & { readonly line: number }, line: SimulatedLine): void {
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
    const line = this.#lineAt(slot);
    const { protocol, partition, oracle } = line;
    const client = new SimulatedClient(`client ${slot}.${this.#clientCount}`, protocol, partition, oracle.watch);
    this.#clients[slot] = client;
    oracle.broadcasts.arrives(client);
    this.#hub.connect(client, () => {
      oracle.broadcasts.proceeds(client, line.isOpen);
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
    this.#lineAt(slot).oracle.gone(client);
    this.#hub.clientGone(client);
  }

  #join(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = joinRequests[index];
    if (client === undefined || request === undefined) return;
    const invocationId = answered ? client.nextInvocationId() : undefined;
    const { oracle } = this.#lineAt(slot);
    oracle.groups.asks(client, request, invocationId, oracle.isFull(client, request.topics.length));
    this.#invoke(slot, client, contracts[client.protocol.name].joins[index], invocationId);
  }

  #leave(slot: number, index: number, answered: boolean): void {
    const client = this.#connected(slot);
    const request = leaveRequests[index];
    if (client === undefined || request === undefined) return;
    const invocationId = answered ? client.nextInvocationId() : undefined;
    this.#lineAt(slot).oracle.groups.leaves(client, request.topics, invocationId);
    this.#invoke(slot, client, contracts[client.protocol.name].leaves[index], invocationId);
  }

  #query(slot: number, query: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const invocationId = client.nextInvocationId();
    const { oracle } = this.#lineAt(slot);
    oracle.queries.asks(client, query, invocationId, oracle.isFull(client, 1));
    this.#invoke(slot, client, contracts[client.protocol.name].queries[query], invocationId);
  }

  #stream(slot: number, stream: number): void {
    const client = this.#connected(slot);
    const call = client === undefined ? undefined : contracts[client.protocol.name].streams[stream];
    if (client === undefined || call === undefined) return;
    const invocationId = client.nextInvocationId();
    const { oracle } = this.#lineAt(slot);
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
    const { streams } = this.#lineAt(slot).oracle;
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
    this.#lineAt(slot).oracle.checkStep();
  }

  /** a copy on the client's own upstream is news exactly if the client is no member, or gets no other copy. */
  #private(slot: number, topic: number): void {
    const client = this.#connected(slot);
    if (client === undefined) return;
    const { protocol } = client;
    const line = this.#lineAt(slot);
    const { groups, broadcasts } = line.oracle;
    const contract = contracts[protocol.name];
    const isBroadcast = topic >= topics.length;
    const frame = protocol.writeInvocation({
      target: isBroadcast ? contract.broadcastTarget : contract.target(topic, "target"),
      arguments: [contract.values[topic] ?? protocol.nullValue],
    });
    const isNews = this.#hub.receiveFromPrivateUpstream(client, protocol.peek(frame), frame);
    const isMember = isBroadcast ? line.isOpen && broadcasts.isFollower(client) : groups.isMember(client, topic);
    if (isMember) this.sightings.privateCopies += 1;
    if (isNews === isMember) {
      throw new Violation("R-13", `${client.name} is ${isMember ? "a" : "no"} member of topic ${topic}`);
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
    for (const { oracle } of this.#lines) oracle.checkStep();
  }

  #checkSettled(): void {
    for (const line of this.#lines) line.checkSettled();
  }

  #checkEmpty(): void {
    for (const line of this.#lines) line.checkEmpty();
    if (this.#clock.timerCount > 0) throw new Violation("INV-17", `${this.#clock.timerCount} timers are left`);
  }

  #lineAt(index: number): SimulatedLine {
    const line = this.#lines[index % this.#lines.length];
    if (line === undefined) throw new Error("a hub has at least one line");
    return line;
  }

  #lineFor(partition: Partition, protocolName: string): SimulatedLine {
    const line = this.#lines.find((one) => one.partition === partition && one.protocol.name === protocolName);
    if (line === undefined) throw new Error("a client asks for a line of another partition");
    return line;
  }
}
