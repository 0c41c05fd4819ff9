import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { LightClient } from "./light-client.ts";
import { methodsOf, readMarketValue, readTopicMessage } from "./market-values.ts";
import { TopicStream } from "./topic-stream.ts";
import type { Verdicts } from "./verdicts.ts";

export interface VisitorOptions {
  readonly name: string;
  readonly url: string;
  readonly protocol: HubProtocolName;
  readonly topicCount: number;
  readonly maxTopics: number;
  /** Whether it also asks questions on a private upstream of its own. */
  readonly isPrivate: boolean;
  /** While true it stays as it is: whoever leaves in an outage of the origin has no gap to be told of. */
  readonly isStill: () => boolean;
  readonly random: (below: number) => number;
  readonly verdicts: Verdicts;
}

type Pending =
  | { readonly kind: "join"; readonly stream: TopicStream }
  | { readonly kind: "leave"; readonly stream: TopicStream }
  | { readonly kind: "ask"; readonly question: string };

/** One connection's life. */
interface Visit {
  readonly client: LightClient;
  readonly streams: Map<number, TopicStream>;
  readonly pending: Map<string, Pending>;
  /** The part of private answers that names the connection. */
  privateName: string | undefined;
  end: "open" | "told" | "departing";
}

const meanPauseMs = 1_000;

/** A client that joins, leaves, goes and comes back at random, and judges all that it receives. */
export class Visitor {
  readonly #options: VisitorOptions;
  #visit: Visit | undefined;
  #timer: NodeJS.Timeout | undefined;
  #mode: "roaming" | "settling" | "gone" = "roaming";
  #lastId = 0;

  constructor(options: VisitorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#later(meanPauseMs, () => this.#come());
  }

  /** From now on it only comes back when it was sent away. */
  settle(): void {
    this.#mode = "settling";
  }

  /** Connected, with every invocation answered. */
  get isSettled(): boolean {
    return this.#visit?.end === "open" && this.#visit.pending.size === 0;
  }

  get streams(): readonly TopicStream[] {
    return [...(this.#visit?.streams.values() ?? [])];
  }

  get unansweredCount(): number {
    return this.#visit?.pending.size ?? 0;
  }

  stop(): void {
    this.#mode = "gone";
    clearTimeout(this.#timer);
    this.#depart();
  }

  #later(maxMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, this.#options.random(maxMs));
  }

  async #come(): Promise<void> {
    const { url, protocol, verdicts } = this.#options;
    // Messages of one chunk may come before `connect` has resolved.
    let arrived: ((visit: Visit) => void)[] = [];
    let visit: Visit | undefined;
    const whenHere = (act: (visit: Visit) => void): void => {
      if (visit === undefined) arrived.push(act);
      else act(visit);
    };
    try {
      const client = await LightClient.connect(url, protocol, {
        received: (message) => whenHere((here) => this.#received(here, message)),
        ended: () => whenHere((here) => this.#ended(here)),
      });
      visit = { client, streams: new Map(), pending: new Map(), privateName: undefined, end: "open" };
    } catch {
      // The origin is down and its verdict on strangers is forgotten: a client tries again.
      verdicts.refusedConnects += 1;
      if (this.#mode !== "gone") this.#later(meanPauseMs, () => this.#come());
      return;
    }
    verdicts.connects += 1;
    this.#visit = visit;
    if (this.#mode === "gone") this.#depart();
    else this.#join(visit);
    for (const act of arrived) act(visit);
    arrived = [];
    this.#later(2 * meanPauseMs, () => this.#act());
  }

  #act(): void {
    const visit = this.#visit;
    if (this.#mode !== "roaming" || visit?.end !== "open") return;
    const { random, isPrivate, isStill, maxTopics } = this.#options;
    if (isStill()) return this.#later(meanPauseMs, () => this.#act());
    if (isPrivate) this.#ask(visit);
    const choice = random(100);
    if (choice < 8) this.#depart();
    else if (choice < 45) this.#leave(visit);
    else if (visit.streams.size < maxTopics) this.#join(visit);
    this.#later(2 * meanPauseMs, () => this.#act());
  }

  #join(visit: Visit): void {
    const { name, topicCount, random, verdicts } = this.#options;
    const topic = random(topicCount);
    if (visit.streams.has(topic)) return;
    const { join, snapshotTarget } = methodsOf(topic);
    const stream = new TopicStream(topic, name, snapshotTarget !== undefined, verdicts);
    visit.streams.set(topic, stream);
    this.#invoke(visit, join, topic, { kind: "join", stream });
  }

  #leave(visit: Visit): void {
    const joined = [...visit.streams.values()].filter(({ isJoined }) => isJoined);
    const stream = joined[this.#options.random(joined.length)];
    if (stream === undefined || this.#isLeaving(visit, stream)) return;
    this.#invoke(visit, methodsOf(stream.topic).leave, stream.topic, { kind: "leave", stream });
  }

  #ask(visit: Visit): void {
    const question = `${this.#options.name} ${this.#lastId}`;
    this.#invoke(visit, "Ask", question, { kind: "ask", question });
  }

  #isLeaving({ pending }: Visit, stream: TopicStream): boolean {
    return [...pending.values()].some((other) => other.kind === "leave" && other.stream === stream);
  }

  #invoke({ client, pending }: Visit, target: string, argument: number | string, what: Pending): void {
    this.#lastId += 1;
    const invocationId = String(this.#lastId);
    pending.set(invocationId, what);
    client.send({ type: 1, invocationId, target, arguments: [argument] });
  }

  /** Half of them say goodbye. */
  #depart(): void {
    const visit = this.#visit;
    if (visit?.end !== "open") return;
    visit.end = "departing";
    this.#options.verdicts.departures += 1;
    if (this.#options.random(2) === 0) visit.client.close();
    else visit.client.terminate();
  }

  #received(visit: Visit, message: HubMessage): void {
    const { name, verdicts } = this.#options;
    if (message.type === 3) return this.#completed(visit, message);
    if (message.type === 7) {
      if (message.allowReconnect === true && visit.end === "open") {
        visit.end = "told";
        verdicts.toldByClose += 1;
      }
      return;
    }
    const value = readTopicMessage(message);
    const stream = value === undefined ? undefined : visit.streams.get(value.topic);
    if (value === undefined || stream === undefined) {
      verdicts.fault("foreign", `${name}: ${JSON.stringify(message, bigintAsText)}`);
    } else if (value.isSnapshot) stream.snapshot(value);
    else stream.message(value);
  }

  #completed(visit: Visit, message: HubMessage & { readonly type: 3 }): void {
    const { name, verdicts } = this.#options;
    const pending = visit.pending.get(message.invocationId);
    visit.pending.delete(message.invocationId);
    switch (pending?.kind) {
      case undefined:
        return verdicts.fault("badAnswers", `${name}: ${message.invocationId} is answered and was not asked`);
      case "join":
        return this.#joinAnswered(visit, pending.stream, message);
      case "leave":
        visit.streams.delete(pending.stream.topic);
        verdicts.leaves += 1;
        if (message.error !== undefined) verdicts.fault("badAnswers", `${name}: ${message.error}`);
        return;
      case "ask":
        verdicts.privateAnswers += 1;
        return this.#checkPrivateAnswer(visit, pending.question, message);
    }
  }

  #joinAnswered(visit: Visit, stream: TopicStream, { error, result }: HubMessage & { readonly type: 3 }): void {
    const { verdicts } = this.#options;
    if (error !== undefined) {
      verdicts.joinErrors += 1;
      visit.streams.delete(stream.topic);
      return;
    }
    const snapshot = readMarketValue(result);
    if (snapshot !== undefined) stream.snapshot(snapshot);
    stream.joined();
    verdicts.joins += 1;
  }

  #checkPrivateAnswer(visit: Visit, question: string, { result, error }: HubMessage & { readonly type: 3 }): void {
    // The origin died before it was asked: that is an answer, too.
    if (error !== undefined) return;
    const [connectionId, ...rest] = String(result).split(" ");
    visit.privateName ??= connectionId;
    if (connectionId === visit.privateName && rest.join(" ") === question) return;
    this.#options.verdicts.fault(
      "badAnswers",
      `${this.#options.name}: asked "${question}", answered "${String(result)}"`,
    );
  }

  #ended(visit: Visit): void {
    const { name, verdicts } = this.#options;
    if (visit.end === "open") verdicts.fault("cutOff", `${name} was cut off`);
    for (const { kind } of visit.pending.values()) if (kind === "ask") verdicts.privateEnds += 1;
    if (this.#visit === visit) this.#visit = undefined;
    if (this.#mode !== "gone") this.#later(meanPauseMs, () => this.#come());
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
