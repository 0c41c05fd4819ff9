import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "../e2e/support/seeded-random.ts";
import { MarketRig, type MarketState } from "./market-rig.ts";
import { marketGroups } from "./market-values.ts";
import { Verdicts } from "./verdicts.ts";
import { Visitor } from "./visitor.ts";

export interface ChurnOptions {
  readonly seed: number;
  readonly seconds: number;
  /** How often the origin is killed and started again, evenly over the time. */
  readonly kills: number;
  readonly clients: number;
  readonly topics: number;
  /** Messages per second over all topics. */
  readonly perSecond: number;
  /** Rules for the topics; default: those of `marketGroups`. */
  readonly groups?: readonly object[];
  /** How long the end may take, until all is answered and everything has arrived; default 30,000. */
  readonly patienceMs?: number;
}

export interface ChurnReport {
  readonly verdicts: Verdicts;
  readonly published: number;
  /** Seconds in which there was an origin that published. */
  readonly publishedForSeconds: number;
  /** From the kill to the new process listening. */
  readonly downMs: readonly number[];
  /** From there to the gateway having its shared upstreams again. */
  readonly backMs: readonly number[];
  /** Shares of one core. */
  readonly crowdCpu: number;
  readonly gatewayCpu: number;
}

/** Longest silence of a topic after the gateway is back at the origin, before it is taken for a hole that nobody told of. */
const silentMs = 8_000;
const connectsMetric = "signalr_edge_shared_upstream_connects_total";
const usualPatienceMs = 30_000;

/** Clients that come and go in the flow of messages, while the origin dies and comes back. */
export async function runChurn(options: ChurnOptions): Promise<ChurnReport> {
  const { topics, perSecond, groups = marketGroups() } = options;
  const rig = await MarketRig.start({ market: { topics, perSecond: perSecond / topics }, groups });
  try {
    return await new Churn(rig, options).run();
  } finally {
    await rig.stop();
  }
}

class Churn {
  readonly #rig: MarketRig;
  readonly #options: ChurnOptions;
  readonly #verdicts = new Verdicts();
  readonly #visitors: readonly Visitor[];
  readonly #patienceMs: number;
  readonly #downMs: number[] = [];
  readonly #backMs: number[] = [];
  #published = 0;
  #publishedForMs = 0;
  /** The origin publishes, or will again, since then. */
  #upSinceMs = performance.now();
  /** The gateway has had its shared upstreams since then; `undefined` while it may not. */
  #connectedSinceMs: number | undefined = performance.now();

  constructor(rig: MarketRig, options: ChurnOptions) {
    this.#rig = rig;
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? usualPatienceMs;
    this.#visitors = Array.from({ length: options.clients }, (_, number) => {
      return new Visitor({
        name: `client ${number}`,
        url: rig.hubUrl,
        protocol: number % 2 === 0 ? "json" : "messagepack",
        topicCount: options.topics,
        maxTopics: 2,
        isPrivate: number % 5 === 0,
        // Half of the clients of each hub protocol go on as if nothing had happened.
        isStill: () => number % 4 < 2 && this.#connectedSinceMs === undefined,
        random: seededRandom(options.seed + 7919 * number),
        verdicts: this.#verdicts,
      });
    });
  }

  async run(): Promise<ChurnReport> {
    const cpuBefore = process.cpuUsage();
    const gatewayBefore = await this.#rig.metric("process_cpu_seconds_total");
    const startedAtMs = performance.now();
    for (const visitor of this.#visitors) visitor.start();
    const watch = setInterval(() => this.#watchForSilence(), 500);
    await this.#killOnSchedule();
    const { user, system } = process.cpuUsage(cpuBefore);
    const seconds = (performance.now() - startedAtMs) / 1000;
    const gatewaySeconds = (await this.#rig.metric("process_cpu_seconds_total")) - gatewayBefore;
    await this.#settle();
    clearInterval(watch);
    this.#count(await this.#rig.closeMarket().then((end) => this.#waitForCompleteness(end)));
    for (const visitor of this.#visitors) visitor.stop();
    return {
      verdicts: this.#verdicts,
      published: this.#published,
      publishedForSeconds: this.#publishedForMs / 1000,
      downMs: this.#downMs,
      backMs: this.#backMs,
      crowdCpu: (user + system) / 1e6 / seconds,
      gatewayCpu: gatewaySeconds / seconds,
    };
  }

  async #killOnSchedule(): Promise<void> {
    const { seconds, kills } = this.#options;
    const startedAtMs = performance.now();
    const until = (atMs: number): Promise<void> => pause(Math.max(0, startedAtMs + atMs - performance.now()));
    for (let kill = 0; kill < kills; kill++) {
      await until(((kill + 0.5) * seconds * 1000) / kills);
      this.#count(await this.#rig.market());
      const connectsBefore = await this.#rig.metric(connectsMetric);
      const killedAtMs = performance.now();
      this.#connectedSinceMs = undefined;
      await this.#rig.killOrigin();
      this.#upSinceMs = performance.now();
      this.#downMs.push(Math.round(this.#upSinceMs - killedAtMs));
      await this.#waitForGateway(connectsBefore);
      // However long that took: joins are answered before the next kill.
      await pause(1_000);
    }
    await until(seconds * 1000);
  }

  /** Both hub protocols have members at any time, so both shared upstreams come back. */
  async #waitForGateway(connectsBefore: number): Promise<void> {
    const deadlineMs = performance.now() + this.#patienceMs;
    while ((await this.#rig.metric(connectsMetric)) < connectsBefore + 2) {
      if (performance.now() > deadlineMs) throw new Error(`no shared upstreams ${this.#patienceMs} ms after a restart`);
      await pause(50);
    }
    this.#connectedSinceMs = performance.now();
    this.#backMs.push(Math.round(this.#connectedSinceMs - this.#upSinceMs));
  }

  #count({ sequences }: MarketState): void {
    this.#published += sequences.reduce((sum, sequence) => sum + sequence, 0);
    this.#publishedForMs += performance.now() - this.#upSinceMs;
  }

  #watchForSilence(): void {
    if (this.#connectedSinceMs === undefined || performance.now() - this.#connectedSinceMs < silentMs) return;
    for (const stream of this.#visitors.flatMap(({ streams }) => streams)) {
      if (stream.isSilent(silentMs)) this.#verdicts.fault("silentHoles", stream.describe());
    }
  }

  /** Nobody comes, goes, joins or leaves any more, and all that was asked is answered. */
  async #settle(): Promise<void> {
    for (const visitor of this.#visitors) visitor.settle();
    const deadlineMs = performance.now() + this.#patienceMs;
    while (!this.#visitors.every(({ isSettled }) => isSettled) && performance.now() < deadlineMs) await pause(50);
    for (const { isSettled, unansweredCount } of this.#visitors) {
      if (!isSettled) this.#verdicts.fault("unanswered", `${unansweredCount} after ${this.#patienceMs} ms`);
    }
  }

  async #waitForCompleteness(end: MarketState): Promise<MarketState> {
    const deadlineMs = performance.now() + this.#patienceMs;
    const incomplete = () =>
      this.#visitors
        .flatMap(({ streams }) => streams)
        .filter((stream) => !stream.isComplete(end.epoch, end.sequences[stream.topic] ?? -1));
    while (incomplete().length > 0 && performance.now() < deadlineMs) await pause(50);
    for (const stream of incomplete()) {
      const wanted = `${end.sequences[stream.topic]} of epoch ${end.epoch}`;
      this.#verdicts.fault("lost", `${stream.describe()}: never came to ${wanted}`);
    }
    return end;
  }
}
