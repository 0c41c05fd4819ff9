import type { HubConnection } from "@microsoft/signalr";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { onTestFinished, type TestFunction, test } from "vitest";
import { connectRaw } from "../support/connect-raw.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import type { RawConnection, RawConnectionOptions } from "../support/raw-connection.ts";
import { RawEventStreamClient } from "../support/raw-event-stream-client.ts";
import { RawPollingClient, type RawPollingOptions } from "../support/raw-polling-client.ts";
import { buildRealClient, type RealClientOptions } from "../support/real-client.ts";
import type { SuiteTarget, SuiteTraits } from "./suite-target.ts";

/** One way to connect: behaviour that does not depend on it is tested over each. */
export interface Leg {
  readonly transport: TransportName;
  readonly protocol: HubProtocolName;
}

type OnFinished = (close: () => Promise<void>) => void;

interface HubChoice {
  /** Default: the contract hub. */
  readonly hub?: HubPath;
  /** Query of the hub URL, without the question mark. */
  readonly query?: string;
  /** `context.onTestFinished` of a concurrent test. */
  readonly onFinished?: OnFinished;
}

export type SuiteClientOptions = Omit<RawConnectionOptions, "url"> & HubChoice;
export type SuiteRealClientOptions = Omit<RealClientOptions, "url" | "transport"> & HubChoice;

/** What the cases of a suite share: where to connect, and connections that end with the test that made them. */
export class SuiteContext {
  readonly traits: SuiteTraits;
  #target: SuiteTarget | undefined;

  constructor(traits: SuiteTraits) {
    this.traits = traits;
  }

  get target(): SuiteTarget {
    if (this.#target === undefined) throw new Error("the suite's target is not there yet: use it inside of tests only");
    return this.#target;
  }

  set target(target: SuiteTarget) {
    this.#target = target;
  }

  /** All pairs of transport and hub protocol under test. */
  get legs(): readonly Leg[] {
    const { transports, protocols } = this.traits;
    const all = transports.flatMap((transport) => protocols.map((protocol) => ({ transport, protocol })));
    return all.filter((leg) => leg.transport !== "ServerSentEvents" || leg.protocol === "json");
  }

  /** Vitest's `test`, for a name that begins with its number in the checklist; turned round for a known gap. */
  test(name: string, body: TestFunction, timeoutMs?: number): void {
    this.#testFor(name)(name, body, timeoutMs);
  }

  /** As `test`, for a target that has the transports that the test needs. */
  testOver(transports: readonly TransportName[], name: string, body: TestFunction, timeoutMs?: number): void {
    if (transports.every((transport) => this.traits.transports.includes(transport))) this.test(name, body, timeoutMs);
  }

  /** As `test`, at the same time as the others. The body must use its own context's `onTestFinished` and `expect`. */
  testConcurrently(name: string, body: TestFunction, timeoutMs: number): void {
    this.#testFor(name).concurrent(name, body, timeoutMs);
  }

  hubUrl(hub: HubPath = hubPaths.contract, query?: string): string {
    return withQuery(`${this.target.url}${hub}`, query);
  }

  /** A raw client of the target over the transport and in the hub protocol of the leg. */
  async connectOver({ transport, protocol }: Leg, options: SuiteClientOptions = {}): Promise<RawConnection> {
    const url = this.hubUrl(options.hub, options.query);
    return ending(await connectRaw(transport, { ...options, protocol, url }), options);
  }

  /** A raw client of the target over a WebSocket. */
  async connect(options: SuiteClientOptions = {}): Promise<RawClient> {
    return ending(await RawClient.connect({ ...options, url: this.hubUrl(options.hub, options.query) }), options);
  }

  async connectEventStream(options: SuiteClientOptions = {}): Promise<RawEventStreamClient> {
    const url = this.hubUrl(options.hub, options.query);
    return ending(await RawEventStreamClient.connect({ ...options, url }), options);
  }

  async connectPolling(options: SuiteClientOptions & Pick<RawPollingOptions, "polls"> = {}): Promise<RawPollingClient> {
    const url = this.hubUrl(options.hub, options.query);
    return ending(await RawPollingClient.connect({ ...options, url }), options);
  }

  /** A raw client of the origin itself, over a WebSocket, to compare answers with. */
  async connectToOrigin(options: SuiteClientOptions = {}): Promise<RawClient> {
    const url = withQuery(this.target.origin.hubUrl(options.hub ?? hubPaths.contract), options.query);
    return ending(await RawClient.connect({ ...options, url }), options);
  }

  /** An official client of the target, not started. */
  buildRealClient(leg: Leg, options: SuiteRealClientOptions = {}): HubConnection {
    const connection = buildRealClient({ ...options, ...leg, url: this.hubUrl(options.hub, options.query) });
    (options.onFinished ?? onTestFinished)(() => connection.stop());
    return connection;
  }

  async startRealClient(leg: Leg, options: SuiteRealClientOptions = {}): Promise<HubConnection> {
    const connection = this.buildRealClient(leg, options);
    await connection.start();
    return connection;
  }

  #testFor(name: string): typeof test {
    const gaps = this.traits.knownGaps ?? [];
    const isGap = gaps.includes(name.slice(0, 4)) || gaps.includes(name);
    return isGap ? (test.fails as typeof test) : test;
  }
}

function ending<Client extends RawConnection>(client: Client, { onFinished }: HubChoice): Client {
  (onFinished ?? onTestFinished)(() => client.close());
  return client;
}

function withQuery(url: string, query: string | undefined): string {
  return query === undefined ? url : `${url}?${query}`;
}
