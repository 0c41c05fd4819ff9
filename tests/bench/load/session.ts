import { fileURLToPath } from "node:url";
import type { HubProtocolName } from "@signalr-edge/protocol";
import { call } from "./child-calls.ts";
import type { ClientKind, ClientPlan, Connected, Counts } from "./clients/client-plan.ts";
import { type Figures, percentile } from "./figures.ts";
import { type ProcessUsage, readUsage } from "./process-usage.ts";
import { messagesOf, type Publication, type Seating } from "./publication.ts";
import type { RoleProcess } from "./role-processes.ts";
import type { OriginState, Surroundings, System } from "./systems/system.ts";

/** Below the 20,000 open files that a process may often have. */
const maxClientsPerProcess = 8000;
const timeToArriveMs = 10_000;
const clientScript = fileURLToPath(new URL("clients/client-process.js", import.meta.url));

/** Clients of one kind. */
export interface Crowd {
  readonly count: number;
  readonly kind?: ClientKind;
  readonly protocol?: HubProtocolName;
  /** Default 0: none. */
  readonly slowEvery?: number;
}

export interface Crowds {
  readonly crowds: readonly Crowd[];
  readonly seating: Seating;
  /** Default: about 100 samplers in all. */
  readonly sampleEvery?: number;
  /** Default 32: how many connect at a time. */
  readonly concurrency?: number;
}

interface Usages {
  readonly atMs: number;
  readonly subject: ProcessUsage;
  readonly origin: ProcessUsage | undefined;
  readonly clients: readonly ProcessUsage[];
  readonly state: OriginState | undefined;
}

/** One system with clients connected to it. */
export class Session {
  readonly system: System;
  readonly #surroundings: Surroundings;
  readonly #clients: RoleProcess[] = [];
  #clientCount = 0;

  constructor(system: System, surroundings: Surroundings) {
    this.system = system;
    this.#surroundings = surroundings;
  }

  get subjectRssBytes(): number {
    return readUsage(this.system.subject.pid).rssBytes;
  }

  /** Rejects if one of them cannot connect. May be called again for more of them. */
  async connect(wanted: Crowds): Promise<Figures> {
    const count = wanted.crowds.reduce((sum, crowd) => sum + crowd.count, 0);
    this.#startProcesses(Math.max(1, Math.ceil(count / maxClientsPerProcess)));
    const plans = this.#plan(wanted, count);
    const before = await this.#readUsages();
    const connected = await Promise.all(
      this.#clients.map(async ({ child }, position) => {
        const results: Connected[] = [];
        for (const plan of plans[position] ?? []) results.push(await call<Connected>(child, "connect", plan));
        return results;
      }),
    );
    const after = await this.#readUsages();
    const connectMs = connected.flat().flatMap((one) => one.connectMs);
    return { clients: count, ...connectFigures(connectMs, before, after), ...usageFigures(before, after) };
  }

  /** Publishes, waits until everything has arrived, and says what that took. */
  async publish(publication: Publication): Promise<Figures> {
    const messages = messagesOf(publication);
    await this.#callAll("beginWindow");
    const before = await this.#readUsages();
    const published = await this.system.publish(publication);
    const counts = await this.#callAll<Counts>("awaitMessages", { messages, timeoutMs: timeToArriveMs });
    const after = await this.#readUsages();
    return {
      clients: this.#clientCount,
      messages: published.messages,
      publisherLatestMs: published.latestMs,
      ...countFigures(counts),
      ...usageFigures(before, after),
      ...deliveryFigures(counts, before, after),
    };
  }

  #startProcesses(count: number): void {
    const { roles, otherCores } = this.#surroundings;
    while (this.#clients.length < count) {
      const args = [clientScript];
      const role = { name: "clients", command: process.execPath, args, cores: otherCores, answersCalls: true };
      this.#clients.push(roles.start(role));
    }
  }

  /** The plans of each process. */
  #plan({ crowds, seating, sampleEvery, concurrency = 32 }: Crowds, count: number): ClientPlan[][] {
    const processes = this.#clients.length;
    const plans: ClientPlan[][] = this.#clients.map(() => []);
    for (const crowd of crowds) {
      for (const [position, planned] of plans.entries()) {
        const share = Math.floor((crowd.count + position) / processes);
        if (share === 0) continue;
        planned.push({
          url: this.system.url,
          kind: crowd.kind ?? "websocket",
          protocol: crowd.protocol ?? "json",
          negotiate: this.system.negotiates,
          first: this.#clientCount,
          count: share,
          seating,
          sampleEvery: sampleEvery ?? Math.max(1, Math.floor(count / 100)),
          slowEvery: crowd.slowEvery ?? 0,
          concurrency: Math.max(1, Math.floor(concurrency / processes)),
          localAddress: `127.0.1.${position + 1}`,
        });
        this.#clientCount += share;
      }
    }
    return plans;
  }

  #callAll<Result>(name: string, argument?: unknown): Promise<Result[]> {
    return Promise.all(this.#clients.map(({ child }) => call<Result>(child, name, argument)));
  }

  async #readUsages(): Promise<Usages> {
    const { subject, origin } = this.system;
    const state = await this.system.originState();
    return {
      atMs: performance.now(),
      subject: readUsage(subject.pid),
      origin: origin === undefined ? undefined : readUsage(origin.pid),
      clients: this.#clients.map(({ pid }) => readUsage(pid)),
      state,
    };
  }
}

function usageFigures(before: Usages, after: Usages): Figures {
  const elapsedMs = after.atMs - before.atMs;
  const cpuOf = (later: ProcessUsage | undefined, earlier: ProcessUsage | undefined): number =>
    (later?.cpuMs ?? 0) - (earlier?.cpuMs ?? 0);
  const subjectCpuMs = cpuOf(after.subject, before.subject);
  const clientCpuMs = after.clients.reduce((sum, one, position) => sum + cpuOf(one, before.clients[position]), 0);
  const { state } = after;
  const origin = state === undefined || before.state === undefined ? {} : originFigures(before.state, state);
  return {
    elapsedMs,
    subjectCpuMs,
    subjectBusy: subjectCpuMs / elapsedMs,
    subjectRssMiB: after.subject.rssBytes / 2 ** 20,
    // Without a proxy the origin is the subject.
    originCpuMs: after.origin === undefined ? subjectCpuMs : cpuOf(after.origin, before.origin),
    clientCpuMs,
    clientBusy: clientCpuMs / elapsedMs,
    clientRssMiB: after.clients.reduce((sum, { rssBytes }) => sum + rssBytes, 0) / 2 ** 20,
    ...origin,
  };
}

function originFigures(before: OriginState, after: OriginState): Figures {
  return {
    originConnections: after.connections,
    originJoins: after.joins - before.joins,
    originBytesOut: after.bytesOut - before.bytesOut,
    originBytesIn: after.bytesIn - before.bytesIn,
  };
}

function connectFigures(connectMs: readonly number[], before: Usages, after: Usages): Figures {
  const sorted = [...connectMs].sort((a, b) => a - b);
  const cpuMs = after.subject.cpuMs - before.subject.cpuMs;
  return {
    connectsPerSecond: (connectMs.length * 1000) / (after.atMs - before.atMs),
    connectsPerCpuSecond: (connectMs.length * 1000) / cpuMs,
    connectP50Ms: percentile(sorted, 0.5),
    connectP99Ms: percentile(sorted, 0.99),
  };
}

function countFigures(counts: readonly Counts[]): Figures {
  const sum = (read: (one: Counts) => number): number => counts.reduce((total, one) => total + read(one), 0);
  const latencies = counts.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  const sentAtMs = Math.max(...counts.map(({ lastSentAtMs }) => lastSentAtMs));
  return {
    expected: sum(({ expected }) => expected),
    delivered: sum(({ delivered }) => delivered),
    lost: sum(({ lost }) => lost),
    excess: sum(({ excess }) => excess),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    ended: sum(({ ended }) => ended),
    slow: sum(({ slow }) => slow),
    slowEnded: sum(({ slowEnded }) => slowEnded),
    latencySamples: latencies.length,
    latencyP50Ms: percentile(latencies, 0.5),
    latencyP99Ms: percentile(latencies, 0.99),
    latencyMaxMs: percentile(latencies, 1),
    lastMemberMs: Math.max(...counts.map(({ lastAtMs }) => lastAtMs)) - sentAtMs,
  };
}

function deliveryFigures(counts: readonly Counts[], before: Usages, after: Usages): Figures {
  const delivered = counts.reduce((sum, one) => sum + one.delivered, 0);
  const cpuMs = after.subject.cpuMs - before.subject.cpuMs;
  return {
    deliveriesPerSecond: (delivered * 1000) / (after.atMs - before.atMs),
    deliveriesPerCpuSecond: (delivered * 1000) / cpuMs,
    cpuUsPerDelivery: (cpuMs * 1000) / delivered,
  };
}
