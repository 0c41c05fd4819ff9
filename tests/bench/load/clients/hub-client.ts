import type { Frame, FrameSplitter, HubProtocol } from "@signalr-edge/protocol";
import { HandshakeSplitter, hubProtocols, MessageType, writeHandshakeRequest } from "@signalr-edge/protocol";
import { groupKey, groupsOf } from "../publication.ts";
import type { BenchClient } from "./bench-client.ts";
import type { ClientPlan } from "./client-plan.ts";
import type { Window } from "./window.ts";

const maxMessageBytes = 16 * 1024 * 1024;
const answerTimeoutMs = 30_000;
const joinId = "1";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A SignalR client that counts. Of a hub message it reads the type; one that samples also reads sequence and time.
 * Transports are its subclasses.
 */
export abstract class HubClient implements BenchClient {
  readonly number: number;
  readonly isSlow: boolean;
  received = 0;
  protected readonly plan: ClientPlan;
  protected readonly window: Window;
  protected readonly protocol: HubProtocol;
  readonly #samples: boolean;
  #splitter: FrameSplitter | undefined;
  readonly #handshake = new HandshakeSplitter(maxMessageBytes);
  #waiting: Waiting | undefined;
  #hasEnded = false;
  #sequences: Map<string, number> | undefined;

  constructor(number: number, plan: ClientPlan, window: Window) {
    this.number = number;
    this.plan = plan;
    this.window = window;
    this.protocol = hubProtocols[plan.protocol];
    // Half-way between two samples, so that a client is never both.
    this.isSlow = plan.slowEvery > 0 && number % plan.slowEvery === plan.slowEvery >> 1;
    this.#samples = !this.isSlow && number % plan.sampleEvery === 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  protected abstract open(): Promise<void>;
  protected abstract send(frame: Uint8Array): void;
  protected abstract stopReading(): void;
  abstract stop(): void;

  async start(): Promise<void> {
    await this.open();
    const answered = this.#answer();
    this.send(Buffer.from(writeHandshakeRequest(this.plan.protocol)));
    await answered;
    const { seating } = this.plan;
    if (seating.groupsPerClient > 0) {
      const joined = this.#answer();
      const keys = groupsOf(this.number, seating).map(groupKey);
      const join = { type: MessageType.Invocation, invocationId: joinId, target: "Join", arguments: [keys] } as const;
      this.send(this.protocol.write(join));
      await joined;
    }
    this.ping();
    if (this.isSlow) this.stopReading();
  }

  ping(): void {
    if (!this.#hasEnded) this.send(this.protocol.pingFrame);
  }

  /** Bytes of the hub protocol, in pieces as they come. Throws for what is no answer of a SignalR server. */
  protected receive(payload: Buffer): void {
    if (this.#splitter !== undefined) return this.#splitter.push(payload, this.#receiveFrame);
    const split = this.#handshake.push(payload);
    if (split === undefined) return;
    this.#splitter = this.protocol.createSplitter(maxMessageBytes);
    this.#settle(split.record.length <= 3 ? undefined : new Error(`handshake response ${split.record.toString()}`));
    this.#splitter.push(split.rest, this.#receiveFrame);
  }

  protected ended(reason: string): void {
    this.#hasEnded = true;
    this.#settle(new Error(reason));
  }

  readonly #receiveFrame = (frame: Frame): void => {
    if (this.#typeOf(frame) === MessageType.Invocation) {
      this.received += 1;
      this.window.count();
      if (this.#samples) this.#sample(frame);
    } else {
      this.#receiveOther(frame);
    }
  };

  /** As servers of the bench write it, type first: `{"type":1,` or, behind length and array header, the type. */
  #typeOf(frame: Frame): number {
    if (this.protocol.name === "json") return (frame[8] ?? 0) - 0x30;
    let position = 0;
    while (((frame[position] ?? 0) & 0x80) !== 0) position += 1;
    return frame[position + 2] ?? 0;
  }

  #receiveOther(frame: Frame): void {
    const { type, error } = this.protocol.peek(frame);
    if (type === MessageType.Completion) this.#settle(error === undefined ? undefined : new Error(error));
    else if (type === MessageType.Close) this.ended(`closed by the server: ${error ?? "no error"}`);
  }

  #sample(frame: Frame): void {
    const [range] = this.protocol.peek(frame).argumentRanges;
    if (range === undefined) return;
    const read = (name: string): string => this.protocol.readScalar(frame, range, [name])?.text ?? "";
    this.window.sample(Number(read("sentAt")));
    this.#sequences ??= new Map();
    const key = read("key");
    const sequence = Number(read("sequence"));
    const last = this.#sequences.get(key);
    if (last !== undefined && sequence !== last + 1) this.window.outOfOrder += 1;
    this.#sequences.set(key, sequence);
  }

  /** Of the handshake or of the join, whichever was sent last. */
  #answer(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return reject(new Error("the connection has ended"));
      const timer = setTimeout(() => this.#settle(new Error(`no answer in ${answerTimeoutMs} ms`)), answerTimeoutMs);
      this.#waiting = { resolve, reject, timer };
    });
  }

  #settle(error: Error | undefined): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve();
    else waiting.reject(error);
  }
}
