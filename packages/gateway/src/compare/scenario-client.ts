import { setTimeout as delay } from "node:timers/promises";
import { type HubConnection, HubConnectionState } from "@microsoft/signalr";
import { MessageType } from "@signalr-edge/protocol";
import { buildConnection, type ConnectionOptions } from "./official-connection.ts";
import type { Entry, Recording, Role } from "./recording.ts";
import type { InvokeStep, Step, StreamStep } from "./scenario.ts";

export interface ClientOptions extends ConnectionOptions {
  readonly role: Role;
  readonly answers: Readonly<Record<string, unknown>>;
  readonly answerTimeoutMs: number;
  /** Milliseconds since the run began. */
  readonly now: () => number;
  /** Called for everything that is recorded. */
  readonly recorded: (entry: Entry) => void;
}

/** One client of a pair: takes the steps of the scenario with an official connection and records what it sees. */
export class ScenarioClient {
  readonly #options: ClientOptions;
  readonly #entries: Entry[] = [];
  /** What it has joined and not left: an application joins again after a reconnect. */
  readonly #joins: InvokeStep[] = [];
  readonly #receivedCounts = new Map<string, number>();
  #connection: HubConnection | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get recording(): Recording {
    const { role, protocol } = this.#options;
    return { role, protocol, entries: this.#entries };
  }

  /** False once the connection was refused or has ended although the scenario did not say so. */
  get isUsable(): boolean {
    return !this.#entries.some(({ kind }) => kind === "refused" || kind === "ended");
  }

  /** How many messages of the target it has received so far. */
  receivedCount(target: string): number {
    return this.#receivedCounts.get(target) ?? 0;
  }

  /** Takes a step and resolves when it is done, whatever came of it: that is in the recording. */
  async take(step: Step): Promise<void> {
    this.#record({ kind: "step", atMs: this.#options.now(), isWait: step.kind === "wait" });
    switch (step.kind) {
      case "connect":
        return this.#connect();
      case "disconnect":
        return this.stop();
      case "stream":
        return this.#stream(step);
      case "wait":
        return;
      default:
        return this.#invoke(step);
    }
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#joins.length = 0;
    await connection?.stop();
  }

  async #connect(): Promise<void> {
    await this.stop();
    const { now, answers } = this.#options;
    const connection = buildConnection(this.#options, (kind, frame, envelope) => {
      this.#record({ kind, atMs: now(), frame, envelope });
    });
    for (const [target, answer] of Object.entries(answers)) connection.on(target, () => answer);
    connection.onreconnecting((error) => this.#record({ kind: "lost", atMs: now(), error: textOf(error) }));
    connection.onreconnected(() => void this.#rejoin(connection));
    connection.onclose((error) => {
      if (this.#connection === connection) this.#record({ kind: "ended", atMs: now(), error: textOf(error) });
    });
    this.#connection = connection;
    try {
      await connection.start();
      this.#record({ kind: "connected", atMs: now(), connectionId: connection.connectionId ?? undefined });
    } catch (error) {
      this.#record({ kind: "refused", atMs: now(), error: textOf(error) });
    }
  }

  async #rejoin(connection: HubConnection): Promise<void> {
    for (const { method, arguments: list } of this.#joins) await this.#answered(connection.invoke(method, ...list));
    this.#record({
      kind: "returned",
      atMs: this.#options.now(),
      connectionId: connection.connectionId ?? undefined,
    });
  }

  async #invoke(step: InvokeStep): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || !(await this.#isConnected(connection))) return;
    if (step.kind === "join") this.#joins.push(step);
    if (step.kind === "leave") this.#forgetJoins(step);
    const { method, arguments: list } = step;
    await this.#answered(step.kind === "send" ? connection.send(method, ...list) : connection.invoke(method, ...list));
  }

  async #stream({ method, arguments: list, items = Number.POSITIVE_INFINITY }: StreamStep): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || !(await this.#isConnected(connection))) return;
    let count = 0;
    const ended = new Promise<void>((resolve) => {
      const subscription = connection.stream(method, ...list).subscribe({
        next: () => {
          count += 1;
          if (count !== items) return;
          subscription.dispose();
          resolve();
        },
        complete: () => resolve(),
        error: () => resolve(),
      });
    });
    await this.#answered(ended);
  }

  /** Waits for an answer as long as the scenario allows; what it was is in the recorded frames. */
  async #answered(answer: Promise<unknown>): Promise<void> {
    const timeout = new AbortController();
    const ended = answer.then(
      () => "answered",
      () => "failed",
    );
    const late = delay(this.#options.answerTimeoutMs, undefined, { signal: timeout.signal }).catch(() => "answered");
    await Promise.race([ended, late]);
    timeout.abort();
  }

  /** A connection that is being made again is waited for. */
  async #isConnected(connection: HubConnection): Promise<boolean> {
    const endsAt = this.#options.now() + this.#options.answerTimeoutMs;
    while (connection.state === HubConnectionState.Reconnecting && this.#options.now() < endsAt) await delay(20);
    return connection.state === HubConnectionState.Connected;
  }

  #forgetJoins({ arguments: list }: InvokeStep): void {
    const left = JSON.stringify(list);
    const kept = this.#joins.filter((join) => JSON.stringify(join.arguments) !== left);
    this.#joins.splice(0, this.#joins.length, ...kept);
  }

  #record(entry: Entry): void {
    this.#entries.push(entry);
    if (entry.kind === "received" && entry.envelope.type === MessageType.Invocation) {
      const { target = "" } = entry.envelope;
      this.#receivedCounts.set(target, this.receivedCount(target) + 1);
    }
    this.#options.recorded(entry);
  }
}

function textOf(error: unknown): string {
  if (error === undefined) return "closed without an error";
  return error instanceof Error ? error.message : String(error);
}
