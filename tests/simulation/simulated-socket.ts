import type { OutboxSink } from "../../packages/gateway/src/client/outbox.ts";
import { Violation } from "./violation.ts";

/** As Node's sockets have it. */
const needDrainBytes = 16_384;

/**
 * The gateway's end of a client's socket, as Node has it: one write of everything that waits is under way at a time, and
 * its bytes count as waiting until the other end has taken the last of them.
 */
export class SimulatedSocket implements OutboxSink {
  /** Bytes that the other end takes before it stops reading. */
  #roomBytes = Number.POSITIVE_INFINITY;
  #corkCount = 0;
  /** Of the write under way: all of them, and those that the other end has taken. */
  #movingBytes = 0;
  #takenBytes = 0;
  #waitingBytes = 0;
  /** Of all writes that are over. */
  #doneBytes = 0;
  #needsDrain = false;
  readonly #onEmpty: () => void;
  #onDrain: (() => void) | undefined;
  /** What the next `write` is to bring. */
  #announced: Buffer | undefined;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  get writableLength(): number {
    return this.#movingBytes + this.#waitingBytes;
  }

  /** How much the other end has taken, as far as Node tells. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  get isCorked(): boolean {
    return this.#corkCount > 0;
  }

  get isRead(): boolean {
    return this.#roomBytes === Number.POSITIVE_INFINITY;
  }

  cork(): void {
    this.#corkCount += 1;
  }

  uncork(): void {
    this.#corkCount -= 1;
    this.#move();
  }

  /** The outbox is given `bytes` and has to pass on exactly them. */
  announce(bytes: Buffer): void {
    this.#announced = bytes;
  }

  checkWritten(): void {
    if (this.#announced !== undefined) throw new Violation("INV-3", "the outbox swallows a message");
  }

  write(bytes: Buffer): boolean {
    if (bytes !== this.#announced) throw new Violation("INV-2", "the outbox writes what is not next");
    this.#announced = undefined;
    this.#waitingBytes += bytes.length;
    this.#needsDrain ||= this.writableLength >= needDrainBytes;
    this.#move();
    return this.writableLength < needDrainBytes;
  }

  once(_event: "drain", listener: () => void): void {
    this.#onDrain = listener;
  }

  /** From now on the other end takes that much more. */
  setRoom(bytes: number): void {
    this.#roomBytes = bytes;
    this.#move();
  }

  /** The other end reads so much of what waits; one that reads everything goes on doing so. */
  read(bytes: number): void {
    this.setRoom(this.#roomBytes + bytes);
    if (this.#roomBytes !== Number.POSITIVE_INFINITY) this.#roomBytes = 0;
  }

  #move(): void {
    while (this.#roomBytes > 0 && this.#corkCount === 0) {
      if (this.#movingBytes === 0) {
        if (this.#waitingBytes === 0) break;
        this.#movingBytes = this.#waitingBytes;
        this.#waitingBytes = 0;
      }
      const bytes = Math.min(this.#roomBytes, this.#movingBytes - this.#takenBytes);
      this.#roomBytes -= bytes;
      this.#takenBytes += bytes;
      if (this.#takenBytes < this.#movingBytes) return;
      this.#doneBytes += this.#movingBytes;
      this.#movingBytes = 0;
      this.#takenBytes = 0;
      if (this.#waitingBytes === 0) this.#emptied();
    }
  }

  #emptied(): void {
    this.#onEmpty();
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    const listener = this.#onDrain;
    this.#onDrain = undefined;
    listener?.();
  }
}
