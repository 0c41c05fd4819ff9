import { setTimeout as delay } from "node:timers/promises";
import { HttpTransportType } from "@microsoft/signalr";
import { DeliveryCounts } from "./delivery-counts.ts";
import type { CreateDemoClient } from "./demo-client.ts";
import { createFixtures, pickEventIndex } from "./fixtures.ts";
import type { Latency } from "./latency-recorder.ts";
import { LatencyRecorder } from "./latency-recorder.ts";
import { LightClient } from "./light-client.ts";
import type { OddsBook } from "./odds-book.ts";
import { OddsFeed } from "./odds-feed.ts";
import { createOddsHub, oddsHubPath } from "./odds-hub.ts";
import { OfficialClient } from "./official-client.ts";
import { HubServer } from "./server/hub-server.ts";
import { Viewer } from "./viewer.ts";

const officialClientCount = 10;
const [minEventsToFollow, maxEventsToFollow] = [3, 8];
const connectsAtOnce = 25;
const churnIntervalMs = 100;
/** Shares of all viewers that do this per second. */
const [switchesPerSecond, reconnectsPerSecond] = [0.02, 0.01];
const pingIntervalMs = 15_000;
/** How long the last messages may be on their way. */
const drainTimeoutMs = 10_000;
const drainPollMs = 20;

/** What the origin and the clients have seen so far. */
export interface DemoReport {
  readonly clients: number;
  readonly watching: number;
  readonly subscriptions: number;
  readonly groups: number;
  readonly originConnections: number;
  readonly originConnectionsPeak: number;
  /** Messages and hub protocol bytes that left the origin. */
  readonly originMessages: number;
  readonly originBytes: number;
  readonly deliveries: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly misrouted: number;
  readonly failures: number;
  readonly unexpectedEnds: number;
  readonly firstFailure: string | undefined;
  readonly latencyMs: Latency;
}

/** Everything of the demo but the gateway: an origin with live odds, and viewers who check what they get. */
export class DemoWorld {
  readonly #books = new Map<string, OddsBook>(createFixtures().map((book) => [book.eventId, book]));
  readonly #server = new HubServer({ hubs: { [oddsHubPath]: createOddsHub(this.#books) } });
  readonly #feed = new OddsFeed([...this.#books.values()], this.#server.clients(oddsHubPath));
  readonly #counts = new DeliveryCounts();
  readonly #latency = new LatencyRecorder();
  readonly #viewers: Viewer[] = [];
  readonly #changes = new Set<Promise<void>>();
  #timers: NodeJS.Timeout[] = [];

  /** Resolves with the base URL of the origin. */
  startOrigin(): Promise<string> {
    return this.#server.listen();
  }

  /** Connects the viewers to the hub behind this base URL, then lets prices move. */
  async start(baseUrl: string, clients: number): Promise<void> {
    for (let index = 0; index < clients; index += 1) this.#viewers.push(this.#createViewer(baseUrl, index));
    // Whoever is connected pings from then on: until the last one is, the first would be timed out on a slow machine.
    this.#timers = [setInterval(() => this.#pingAll(), pingIntervalMs)];
    const waiting = [...this.#viewers];
    const connectNext = async (): Promise<void> => {
      for (let viewer = waiting.pop(); viewer !== undefined; viewer = waiting.pop()) await viewer.connect();
    };
    await Promise.all(Array.from({ length: connectsAtOnce }, connectNext));
    this.#feed.start();
    this.#timers.push(setInterval(() => this.#churn(), churnIntervalMs));
  }

  report(): DemoReport {
    const { stats } = this.#server;
    const { deliveries, lost, duplicated, reordered, misrouted, failures, unexpectedEnds, firstFailure } = this.#counts;
    return {
      clients: this.#viewers.length,
      watching: this.#viewers.filter((viewer) => viewer.isWatching).length,
      subscriptions: this.#viewers.reduce((total, viewer) => total + viewer.eventCount, 0),
      groups: this.#books.size,
      originConnections: stats.connections,
      originConnectionsPeak: stats.connectionsPeak,
      originMessages: stats.messagesSent,
      originBytes: stats.bytesSent,
      ...{ deliveries, lost, duplicated, reordered, misrouted, failures, unexpectedEnds, firstFailure },
      latencyMs: this.#latency.read(),
    };
  }

  /** Stops the prices, waits for what is on its way, counts what is missing and resolves with the result. */
  async finish(): Promise<DemoReport> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#changes);
    this.#feed.stop();
    const deadline = Date.now() + drainTimeoutMs;
    while (Date.now() < deadline && !this.#viewers.every((viewer) => viewer.isUpToDate(this.#lastSequenceOf))) {
      await delay(drainPollMs);
    }
    for (const viewer of this.#viewers) viewer.finish(this.#lastSequenceOf);
    return this.report();
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#viewers.map((viewer) => viewer.stop()));
  }

  async stopOrigin(): Promise<void> {
    await this.#server.close();
  }

  readonly #lastSequenceOf = (eventId: string): number => this.#books.get(eventId)?.sequence ?? 0;

  #createViewer(baseUrl: string, index: number): Viewer {
    return new Viewer({
      createClient: clientFactory(`${baseUrl}${oddsHubPath}`, index),
      counts: this.#counts,
      pickEvent: () => [...this.#books.keys()][pickEventIndex()] ?? "",
      eventsToFollow: minEventsToFollow + (index % (maxEventsToFollow - minEventsToFollow + 1)),
      recordLatency: (sentAt) => this.#latency.record(sentAt),
    });
  }

  #churn(): void {
    const turns = churnIntervalMs / 1000;
    this.#change(switchesPerSecond * turns, (viewer) => viewer.switchEvent());
    this.#change(reconnectsPerSecond * turns, (viewer) => viewer.reconnect());
    for (const viewer of this.#viewers) if (viewer.isDisconnected) this.#track(viewer.connect());
  }

  #change(share: number, change: (viewer: Viewer) => Promise<void>): void {
    for (let due = this.#viewers.length * share; due > Math.random(); due -= 1) {
      const viewer = this.#viewers[Math.floor(Math.random() * this.#viewers.length)];
      if (viewer !== undefined) this.#track(change(viewer));
    }
  }

  /** Viewers count their own failures, so these promises do not reject. */
  #track(change: Promise<void>): void {
    const tracked = change.finally(() => this.#changes.delete(tracked));
    this.#changes.add(tracked);
  }

  #pingAll(): void {
    for (const viewer of this.#viewers) viewer.ping();
  }
}

/** Ten official clients, the rest light ones; hub protocols, and asked and skipped negotiations, in turn. */
function clientFactory(url: string, index: number): CreateDemoClient {
  const protocol = index % 2 === 0 ? "json" : "messagepack";
  if (index < officialClientCount) {
    return (events) => new OfficialClient({ url, protocol, transport: HttpTransportType.WebSockets }, events);
  }
  return (events) => new LightClient({ url, protocol, negotiate: index % 4 < 2 }, events);
}
