import { setTimeout as pause } from "node:timers/promises";
import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { LightClient } from "./light-client.ts";
import { MarketRig } from "./market-rig.ts";
import { marketGroups, methodsOf, readMarketValue, readTopicMessage } from "./market-values.ts";
import { TopicStream } from "./topic-stream.ts";
import { Verdicts } from "./verdicts.ts";

export interface StormOptions {
  readonly clients: number;
  readonly topics: number;
  /** In this time every client joins every topic. */
  readonly withinMs: number;
  /** `fresh`: every batch of joins asks the origin. `cached`: its last result answers later ones, too. */
  readonly joinResult: "fresh" | "cached";
  /** How long the origin takes for one join; it runs those of one connection one after another. Default: no time. */
  readonly originJoinMs?: number;
}

export interface StormReport {
  readonly verdicts: Verdicts;
  /** Calls of join methods at the origin. */
  readonly originJoins: Readonly<Record<HubProtocolName, number>>;
  readonly connectMs: number;
  /** From the first join sent to the last join answered. */
  readonly joinMs: number;
  readonly gatewayMegabytes: number;
}

const connectsAtOnce = 100;
const patienceMs = 120_000;
/** Seconds between two messages of a topic: the flow is there to be checked, not to be the load. */
const secondsBetweenMessages = 20;

/** Clients of both hub protocols that connect first, and then all join the same topics within a moment. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const rig = await MarketRig.start({
    market: { topics: options.topics, perSecond: 1 / secondsBetweenMessages, joinMs: options.originJoinMs ?? 0 },
    groups: marketGroups(options.joinResult === "cached" ? { joinResult: "cached", cacheMs: 60_000 } : {}),
    limits: { maxWaitingJoins: 1_000_000 },
  });
  try {
    return await storm(rig, options);
  } finally {
    await rig.stop();
  }
}

async function storm(
  rig: MarketRig,
  { clients: count, topics, withinMs, joinResult }: StormOptions,
): Promise<StormReport> {
  const verdicts = new Verdicts();
  const startedAtMs = performance.now();
  const joiners = Array.from({ length: count }, (_, number) => new Joiner(number, joinResult === "fresh", verdicts));
  for (let from = 0; from < count; from += connectsAtOnce) {
    await Promise.all(joiners.slice(from, from + connectsAtOnce).map((joiner) => joiner.connect(rig.hubUrl)));
  }
  const connectMs = performance.now() - startedAtMs;
  const stormedAtMs = performance.now();
  await Promise.all(
    joiners.map(async (joiner, number) => {
      await pause((number * withinMs) / count);
      joiner.joinAll(topics);
    }),
  );
  await until(() => joiners.every(({ isAnswered }) => isAnswered));
  const joinMs = performance.now() - stormedAtMs;
  const { joins } = await rig.market();
  const gatewayMegabytes = (await rig.metric("process_resident_memory_bytes")) / 2 ** 20;
  const end = await rig.closeMarket();
  const incomplete = (): TopicStream[] => joiners.flatMap((joiner) => joiner.incomplete(end.epoch, end.sequences));
  await until(() => incomplete().length === 0);
  for (const stream of incomplete()) verdicts.fault("lost", stream.describe());
  for (const joiner of joiners) joiner.stop();
  return {
    verdicts,
    originJoins: { json: joins.json ?? 0, messagepack: joins.messagepack ?? 0 },
    connectMs: Math.round(connectMs),
    joinMs: Math.round(joinMs),
    gatewayMegabytes: Math.round(gatewayMegabytes),
  };
}

async function until(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (!isDone() && performance.now() < deadlineMs) await pause(50);
}

/** Joins everything once and judges what it gets. */
class Joiner {
  readonly #name: string;
  readonly #protocol: HubProtocolName;
  /** Whether the answer of a join is a snapshot of this moment. */
  readonly #getsState: boolean;
  readonly #verdicts: Verdicts;
  readonly #streams = new Map<number, TopicStream>();
  #client: LightClient | undefined;
  #unanswered = 0;
  #isStopped = false;

  constructor(number: number, getsState: boolean, verdicts: Verdicts) {
    this.#name = `client ${number}`;
    this.#protocol = number % 2 === 0 ? "json" : "messagepack";
    this.#getsState = getsState;
    this.#verdicts = verdicts;
  }

  async connect(url: string): Promise<void> {
    this.#client = await LightClient.connect(url, this.#protocol, {
      received: (message) => this.#received(message),
      ended: () => {
        if (!this.#isStopped) this.#verdicts.fault("cutOff", this.#name);
      },
    });
    this.#verdicts.connects += 1;
  }

  /** In one piece, as a page that is opened does. */
  joinAll(topics: number): void {
    const joins = Array.from({ length: topics }, (_, topic): HubMessage => {
      this.#streams.set(topic, new TopicStream(topic, this.#name, false, this.#verdicts));
      return { type: 1, invocationId: String(topic), target: methodsOf(topic).join, arguments: [topic] };
    });
    this.#unanswered = topics;
    this.#client?.send(...joins);
  }

  get isAnswered(): boolean {
    return this.#unanswered === 0;
  }

  incomplete(epoch: number, sequences: readonly number[]): TopicStream[] {
    return [...this.#streams.values()].filter((stream) => !stream.isComplete(epoch, sequences[stream.topic] ?? -1));
  }

  stop(): void {
    this.#isStopped = true;
    this.#client?.terminate();
  }

  #received(message: HubMessage): void {
    if (message.type === 3) return this.#completed(message);
    const value = readTopicMessage(message);
    const stream = value === undefined ? undefined : this.#streams.get(value.topic);
    if (value === undefined || stream === undefined)
      this.#verdicts.fault("foreign", `${this.#name}: type ${message.type}`);
    else if (!value.isSnapshot) stream.message(value);
    else if (this.#getsState) stream.snapshot(value);
  }

  #completed({ invocationId, error, result }: HubMessage & { readonly type: 3 }): void {
    const stream = this.#streams.get(Number(invocationId));
    if (stream === undefined || stream.isJoined)
      return this.#verdicts.fault("badAnswers", `${this.#name}: ${invocationId}`);
    this.#unanswered -= 1;
    if (error !== undefined) return this.#verdicts.fault("badAnswers", `${this.#name}: ${error}`);
    this.#verdicts.joins += 1;
    if (!this.#getsState) return stream.joinedWithoutState();
    const snapshot = readMarketValue(result);
    if (snapshot !== undefined) stream.snapshot(snapshot);
    stream.joined();
  }
}
