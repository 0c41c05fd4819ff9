import { type HubProtocolName, hubProtocols } from "@signalr-edge/protocol";
import type { Hub } from "../../packages/gateway/src/aggregation/hub.ts";
import { type LinePlace, primaryPlace } from "../../packages/gateway/src/aggregation/line-place.ts";
import type { LineClient, LineTable, RunningLine } from "../../packages/gateway/src/aggregation/line-table.ts";
import type { PartitionKey } from "../../packages/gateway/src/aggregation/partition-key.ts";
import { closeReasons } from "../../packages/gateway/src/close-reasons.ts";
import { silentLogger } from "../../packages/gateway/src/observe/log.ts";
import type { Core } from "./core.ts";
import { topics } from "./hub-contract.ts";
import { hubFrames } from "./hub-frames.ts";
import { Oracle } from "./oracle.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { SimulatedLine } from "./simulated-line.ts";
import type { Step } from "./steps.ts";
import { lineName } from "./topic-lines.ts";
import { Violation } from "./violation.ts";
import type { WorldParts } from "./world-parts.ts";

/** How long the gateway keeps an upstream that nobody needs. */
const idleMs = 700;

/** A partition with one hub protocol: what must happen to its clients. */
export interface Ground {
  readonly client: LineClient;
  readonly oracle: Oracle;
}

export interface WorldLinesParts extends WorldParts {
  readonly hub: () => Hub;
  /** The gateway has closed this client, with cause. */
  readonly onClosed: (client: SimulatedClient) => void;
}

/** What is done to an upstream. */
export type LineStep = Extract<Step, { readonly line: number }>;

const primaryName = lineName(primaryPlace);

/** The shared upstreams of the simulated hub, and the origin behind them. */
export class WorldLines {
  readonly table: LineTable;
  readonly #parts: WorldLinesParts;
  readonly #gapCloser: InstanceType<Core["SpreadCloser"]>;
  readonly #grounds: readonly Ground[];
  /** Those that the gateway has made and not retired. */
  readonly #lines: SimulatedLine[] = [];
  /** Names of all that were made. */
  readonly #made = new Set<string>();
  /** Last message published of each topic. */
  readonly #sequences: number[] = topics.map(() => 0);
  #broadcastCount = 0;

  constructor(parts: WorldLinesParts) {
    const { core, setup, clock, metrics } = parts;
    this.#parts = parts;
    this.#gapCloser = new core.SpreadCloser(clock, closeReasons.gap, setup.gapSpreadMs);
    this.#grounds = setup.lines.map((protocolName, index) => this.#createGround(protocolName, index));
    this.table = new core.LineTable({
      metrics,
      log: silentLogger,
      hub: "/hub",
      limits: { maxPerKeyUpstreams: 100 },
      idleMs,
      create: (client, place) => this.#createLine(client, place),
    });
  }

  /** A slot belongs to one ground for good. */
  groundAt(slot: number): Ground {
    const ground = this.#grounds[slot % this.#grounds.length];
    if (ground === undefined) throw new Error("a hub has at least one ground");
    return ground;
  }

  isPrimaryOpen({ oracle }: Ground): boolean {
    return this.#lines.some((line) => line.oracle === oracle && line.isPrimary && line.isOpen);
  }

  apply(step: LineStep): void {
    const line = this.#lines[step.line % Math.max(1, this.#lines.length)];
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

  broadcast(): void {
    this.#broadcastCount += 1;
    for (const line of this.#lines) line.origin?.broadcast(this.#broadcastCount);
  }

  publish(topic: number): void {
    const sequence = (this.#sequences[topic] ?? 0) + 1;
    this.#sequences[topic] = sequence;
    for (const line of this.#lines) line.origin?.publish(topic, sequence);
  }

  /** Time has passed. */
  sweep(): void {
    for (const { oracle } of this.#grounds) oracle.checkStep();
    this.table.sweep(this.#parts.clock.now());
  }

  down(): void {
    for (const line of this.#lines) line.down();
  }

  settle(): void {
    for (const line of [...this.#lines]) line.settle(this.#sequences);
  }

  get areQuiet(): boolean {
    return this.#lines.every((line) => line.isQuiet);
  }

  checkSettled(): void {
    for (const { oracle } of this.#grounds) oracle.checkSettled();
    for (const line of this.#lines) line.checkSettled();
  }

  /** INV-17. */
  checkEmpty(): void {
    const nowMs = this.#parts.clock.now();
    for (const line of this.#lines) line.checkEmpty();
    this.table.sweep(nowMs);
    this.table.sweep(nowMs + idleMs);
    if (this.#lines.length > 0) throw new Violation("INV-17", `${this.#lines.length} upstreams are left`);
  }

  #createGround(protocolName: HubProtocolName, index: number): Ground {
    const { setup, compiled, clock, sightings, coverage, onClosed } = this.#parts;
    const oracle = new Oracle({
      setup,
      clock,
      sightings,
      coverage,
      frames: hubFrames[protocolName],
      onClosed,
      lineNames: compiled.lineNames[protocolName],
      primary: primaryName,
    });
    const partition = { key: String(index) as PartitionKey, query: [], headers: [] };
    return { client: { partition, protocol: hubProtocols[protocolName] }, oracle };
  }

  #createLine(client: LineClient, place: LinePlace): RunningLine {
    const { core, setup, compiled, sightings, coverage, chunks, clock, metrics, hub } = this.#parts;
    const ground = this.#grounds.find((one) => one.client.partition.key === client.partition.key);
    if (ground === undefined) throw new Error("a client asks for a line of another partition");
    const { protocol, partition } = ground.client;
    this.#countLine(`${partition.key} ${lineName(place)}`);
    const source = new SimulatedLine({
      place,
      metrics,
      frames: hubFrames[protocol.name],
      chunk: chunks.origin,
      setup,
      clock,
      hub: hub(),
      pending: new core.PendingInvocations(),
      oracle: ground.oracle,
      coverage,
      sightings,
    });
    const line = new core.SharedLine(protocol, {
      place,
      source,
      clock,
      metrics,
      log: silentLogger,
      gapCloser: this.#gapCloser,
      maxJoinsInFlight: setup.maxJoinsInFlight,
      maxWaitingJoins: setup.maxWaitingJoins,
      broadcastRules: [...compiled.rules.broadcasts.values()],
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

  #countLine(name: string): void {
    if (this.#made.has(name)) this.#parts.sightings.reopenedLines += 1;
    this.#made.add(name);
  }
}
