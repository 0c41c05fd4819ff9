import { Allowance } from "../allowance.ts";
import type { ClientOutput } from "./client-output.ts";

export interface IntakeLimits {
  readonly maxMessagesPerSecond: number;
  readonly maxMessageBurst: number;
  readonly maxPingsPerSecond: number;
  readonly floodTimeoutMs: number;
}

/** Why a client is not read for a while, each a bit. */
const holdReasons = { handshake: 1, upstream: 2, rate: 4 } as const;
export type HoldReason = keyof typeof holdReasons;

/** Seconds of pings that may come at once, after a time in which none could. */
const pingBurstSeconds = 10;

/**
 * How much is taken from one client: who wants it not to be read for a while, and how much it sends by the second. A client
 * that sends too much is not read until it is within its rate again, and is a flood if that goes on.
 */
export class Intake {
  readonly #output: Pick<ClientOutput, "transport">;
  readonly #limits: IntakeLimits;
  #holds = 0;
  readonly #messageAllowance = new Allowance();
  readonly #pingAllowance = new Allowance();
  /** Of the chunk that is being read. */
  #messageCount = 0;
  #pingCount = 0;
  /** Since when the client has not been well within its rates. */
  #floodingSinceMs: number | undefined;

  constructor(output: Pick<ClientOutput, "transport">, limits: IntakeLimits) {
    this.#output = output;
    this.#limits = limits;
  }

  hold(reason: HoldReason): void {
    this.#holds |= holdReasons[reason];
    this.#output.transport?.pauseReading();
  }

  /** The client is read again when nobody else holds it. */
  release(reason: HoldReason): void {
    this.#holds &= ~holdReasons[reason];
    if (this.#holds === 0) this.#output.transport?.resumeReading();
  }

  /** Another transport has taken the place of the one that was held. */
  transportChanged(): void {
    if (this.#holds !== 0) this.#output.transport?.pauseReading();
  }

  /** A hub message. */
  received(isPing: boolean): void {
    if (isPing) this.#pingCount += 1;
    else this.#messageCount += 1;
  }

  /** Pings and pongs of the transport itself; false if they bring the client over its rate. */
  controlReceived(nowMs: number): boolean {
    this.#pingCount += 1;
    return this.#settle(nowMs);
  }

  /** A chunk has been read: one without a whole message costs as much as a message. False if it was too much. */
  chunkRead(nowMs: number): boolean {
    if (this.#pingCount === 0) this.#messageCount = Math.max(1, this.#messageCount);
    return this.#settle(nowMs);
  }

  /** Nobody hears the client: it is not to be taken for silent. */
  get isHeld(): boolean {
    return this.#holds !== 0;
  }

  /** Called about once a second. False if the client has been too fast for too long. */
  sweep(nowMs: number): boolean {
    if (this.#floodingSinceMs === undefined) return true;
    if (nowMs - this.#floodingSinceMs >= this.#limits.floodTimeoutMs) return false;
    const used = this.#used(nowMs);
    if (used < 1) this.release("rate");
    if (used < 0.5) this.#floodingSinceMs = undefined;
    return true;
  }

  #settle(nowMs: number): boolean {
    if (this.#used(nowMs) <= 1 || (this.#holds & holdReasons.rate) !== 0) return true;
    this.#floodingSinceMs ??= nowMs;
    this.hold("rate");
    return false;
  }

  /** Share of what there is at once that is spent; 1 is all of it. */
  #used(nowMs: number): number {
    const { maxMessagesPerSecond, maxMessageBurst, maxPingsPerSecond } = this.#limits;
    const messages = this.#messageAllowance.spend(this.#messageCount, maxMessagesPerSecond, nowMs);
    const pings = this.#pingAllowance.spend(this.#pingCount, maxPingsPerSecond, nowMs);
    this.#messageCount = 0;
    this.#pingCount = 0;
    return Math.max(messages / maxMessageBurst, pings / (maxPingsPerSecond * pingBurstSeconds));
  }
}
