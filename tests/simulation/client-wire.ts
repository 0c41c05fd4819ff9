import type { PassThrough } from "../../packages/gateway/src/aggregation/ports.ts";
import { SharedFrame } from "../../packages/gateway/src/aggregation/shared-frame.ts";
import type { ClientOutput } from "../../packages/gateway/src/client/client-output.ts";
import type { ClientTransport } from "../../packages/gateway/src/client/client-transport.ts";
import type { Outbox, OutboxListener } from "../../packages/gateway/src/client/outbox.ts";
import type { Flushable } from "../../packages/gateway/src/client/turn.ts";
import type { HubMetrics } from "../../packages/gateway/src/observe/metrics.ts";
import { AgeOracle } from "./age-oracle.ts";
import type { Core } from "./core.ts";
import { topicAt } from "./hub-contract.ts";
import { hubFrames } from "./hub-frames.ts";
import type { FrameMessage } from "./origin-connection.ts";
import { OutputOracle } from "./output-oracle.ts";
import type { SlowSetup } from "./setup.ts";
import type { Sightings } from "./sightings.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedSocket } from "./simulated-socket.ts";
import type { SimulatedTurn } from "./simulated-turn.ts";
import { Violation } from "./violation.ts";

export interface ClientWireParts {
  readonly client: SimulatedClient;
  readonly core: Pick<Core, "ClientOutput" | "Outbox">;
  readonly setup: SlowSetup;
  readonly turn: SimulatedTurn;
  readonly clock: SimulatedClock;
  readonly metrics: HubMetrics;
  readonly sightings: Sightings;
  /** The gateway cuts the client. */
  readonly onCut: () => void;
}

/** Neither resumed connections nor pings are simulated. */
const withoutEnd = {
  resumeBufferMaxBytes: Number.POSITIVE_INFINITY,
  keepAliveIntervalMs: Number.POSITIVE_INFINITY,
} as const;

/** The way out to one client that may be slow: the gateway's own output and outbox, on a socket that the schedule reads. */
export class ClientWire implements ClientTransport, OutboxListener, Flushable {
  readonly name = "WebSockets";
  readonly transferFormats = ["Text", "Binary"] as const;
  readonly hasInherentKeepAlive = false;
  readonly #parts: ClientWireParts;
  readonly #socket: SimulatedSocket;
  readonly #outbox: Outbox;
  readonly #output: ClientOutput;
  readonly #oracle: OutputOracle;
  readonly #age: AgeOracle;
  /** What is being handed over, until it is written. */
  #handed: SharedFrame | undefined;
  /** Whether the client may have it over the bound. */
  #isExcused = false;
  /** Of what is held back, one group leaves out of its turn. */
  #isLettingGo = false;
  /** The private upstream. */
  #isPaused = false;

  constructor(parts: ClientWireParts) {
    const { client, core, setup, turn, metrics, sightings } = parts;
    this.#parts = parts;
    this.#socket = new SimulatedSocket(() => this.#oracle.drained());
    const flushAtEnd = (): void => turn.flushAtEnd(this);
    this.#outbox = new core.Outbox(this.#socket, { intervalMs: 0, flushAtEnd, flushLater: flushAtEnd }, setup, this);
    this.#output = new core.ClientOutput(metrics, { ...setup, ...withoutEnd }, 0);
    this.#output.attach(this, this.#upstream);
    this.#oracle = new OutputOracle(client.name, setup, this.#socket, sightings);
    this.#age = new AgeOracle(setup.outboxMaxAgeMs);
  }

  // --- what the aggregation layer does ------------------------------------------------------------------------------

  /** As `ClientConnection.write`. `message` is what the frame is to the origin; `undefined` for an item of a stream. */
  handOver(frame: SharedFrame, message: FrameMessage | undefined): void {
    const { metrics, setup } = this.#parts;
    const isUpdate = message?.kind === "message";
    const policy = isUpdate ? setup.onSlow[topicAt(message.topic).rule] : "close";
    const room = this.#oracle.roomFor(frame);
    const { dropped } = metrics;
    const isSent = this.#send(frame, false, policy !== "close" && this.#isLarge(frame));
    if (isUpdate) {
      const { topic, sequence } = message;
      this.#oracle.handedOver({ topic, sequence, bytes: message.frame.bytes }, policy, room, isSent);
      if (isSent) this.#oracle.left(message);
    } else if (!isSent) {
      throw new Violation("INV-3", `${this.#parts.client.name} is not sent what no rule keeps from it`);
    }
    if (message?.kind === "snapshot") this.#oracle.told(message);
    const wasDropped = policy === "drop" && !isSent;
    if (metrics.dropped - dropped !== (wasDropped ? 1 : 0)) throw new Violation("INV-4", "a miss is not counted");
  }

  /** As `ClientConnection.complete`. */
  complete(invocationId: string): void {
    const { protocol, name } = this.#parts.client;
    // What is in an answer has been looked at before: here, only its way counts.
    const frame = new SharedFrame(protocol, hubFrames[protocol.name].answer(0, Number(invocationId)));
    if (!this.#send(frame, true, true)) throw new Violation("INV-6", `${name} is not sent an answer`);
  }

  /** As `ClientConnection.letGo`. */
  letGo(group: string): void {
    this.#isLettingGo = true;
    this.#output.letGo(group);
    this.#isLettingGo = false;
  }

  // --- what the schedule does ---------------------------------------------------------------------------------------

  /** The client reads no more; its socket takes a little yet. */
  stall(): void {
    const before = this.#socket.doneBytes;
    this.#socket.setRoom(this.#parts.setup.socketBytes);
    this.#watchProgress(before);
  }

  /** `Infinity`: everything from now on. */
  read(bytes: number): void {
    const before = this.#socket.doneBytes;
    this.#socket.read(bytes);
    this.#watchProgress(before);
  }

  /** As `ClientConnection.sweep`. */
  sweepClient(): void {
    const nowMs = this.#parts.clock.now();
    const isExcused = this.#oracle.isExcused;
    const isMoving = this.sweep(nowMs);
    this.#oracle.swept();
    if (!isMoving) return this.overflowed();
    const { client } = this.#parts;
    this.#age.swept(client.name, this.#socket.writableLength, isExcused, nowMs);
    this.#output.sweep(nowMs);
  }

  /** After `client.isGone`. */
  close(): void {
    this.#outbox.end();
  }

  checkSettled(): void {
    this.#oracle.checkSettled();
    if (this.#isPaused) throw new Violation("INV-22", `${this.#parts.client.name} reads, and its upstream is paused`);
  }

  // --- between the output and the outbox ----------------------------------------------------------------------------

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  tellWhenDrained(): void {
    this.#outbox.tellWhenDrained();
  }

  write(frame: SharedFrame, owed: boolean): number {
    let isExcused = this.#isExcused;
    if (frame === this.#handed) this.#handed = undefined;
    else {
      isExcused = this.#isLarge(frame);
      this.#oracle.left(this.#oracle.caughtUp(frame, this.#isLettingGo));
    }
    const bytes = frame.webSocketFrame;
    if (this.#socket.writableLength === 0) this.#age.progressed(0, this.#parts.clock.now());
    this.#socket.announce(bytes);
    const takenBytes = this.#outbox.write(bytes, owed);
    this.#socket.checkWritten();
    this.#oracle.written(bytes.length, isExcused);
    return takenBytes;
  }

  sweep(nowMs: number): boolean {
    return this.#outbox.isMoving(nowMs);
  }

  end(): void {}
  terminate(): void {}
  abandon(): void {}
  pauseReading(): void {}
  resumeReading(): void {}

  // --- what the outbox says -----------------------------------------------------------------------------------------

  congested(): void {
    this.#parts.sightings.congestedClients += 1;
    this.#output.setCongested(true);
  }

  drained(): void {
    this.#output.setCongested(false);
  }

  /** Its connection is cut, which tells it (INV-4). */
  overflowed(): void {
    const { client, clock, sightings, onCut } = this.#parts;
    if (client.isGone) return;
    if (this.#oracle.isOverBound) sightings.fullClients += 1;
    else if (this.#age.mayCut(this.#socket.writableLength, clock.now())) sightings.stuckClients += 1;
    else throw new Violation("INV-3", `${client.name} is cut, and has read enough`);
    onCut();
  }

  /** The end of a turn. */
  flush(): void {
    const { client } = this.#parts;
    if (client.isGone) return;
    const before = this.#socket.doneBytes;
    this.#outbox.flush();
    this.#watchProgress(before);
    // What was written while flushing leaves at the end of the next turn.
    if (client.isGone || this.#socket.isCorked) return;
    this.#oracle.turnEnded();
    if (this.#socket.isRead && this.#socket.writableLength > 0) {
      throw new Violation("INV-14", `${client.name} reads, and has to wait`);
    }
  }

  #watchProgress(before: number): void {
    const { doneBytes } = this.#socket;
    if (doneBytes > before) this.#age.progressed(doneBytes - before, this.#parts.clock.now());
  }

  /** Whether the gateway writes the frame at once. */
  #send(frame: SharedFrame, owed: boolean, isExcused: boolean): boolean {
    this.#handed = frame;
    this.#isExcused = isExcused;
    this.#output.sendCounted(frame, owed);
    const isSent = this.#handed === undefined;
    this.#handed = undefined;
    return isSent;
  }

  #isLarge({ bytes }: SharedFrame): boolean {
    return bytes.length > this.#parts.setup.outboxMaxBytes;
  }

  /** The private upstream of the client, which takes part with its brake alone. */
  get #upstream(): PassThrough {
    const nothing = (): void => {};
    const setPaused = (isPaused: boolean): void => {
      if (isPaused === this.#isPaused) throw new Violation("INV-12", "the private upstream is braked or let go twice");
      this.#isPaused = isPaused;
    };
    return {
      isAwaited: false,
      start: nothing,
      send: nothing,
      invoke: nothing,
      pause: () => setPaused(true),
      resume: () => setPaused(false),
      sweep: nothing,
      close: nothing,
    };
  }
}
