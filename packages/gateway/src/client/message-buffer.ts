import { type Envelope, MessageType, ProtocolError } from "@signalr-edge/protocol";
import type { SharedFrame } from "../aggregation/shared-frame.ts";

/** Types that both sides count, from 1 in each direction, without a number on the wire (protocol.md 6.2). */
export function isCounted({ type }: Envelope): boolean {
  return type >= MessageType.Invocation && type <= MessageType.CancelInvocation;
}

/**
 * Both directions of a connection with stateful reconnect: what was sent and is not acknowledged, and how much was
 * received. Keeps references: the bytes of a group message exist once, however many clients have yet to acknowledge it.
 */
export class MessageBuffer {
  #unacknowledged: SharedFrame[] = [];
  #firstUnacknowledgedId = 1;
  #bufferedBytes = 0;
  /** Id of the newest message of the client. */
  #receivedId = 0;
  /** Id of the message at the current place of the client's stream; behind `#receivedId` while it repeats. */
  #currentId = 0;
  #acknowledgedId = 0;

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  sent(frame: SharedFrame): void {
    this.#unacknowledged.push(frame);
    this.#bufferedBytes += frame.bytes.length;
  }

  /** The client has everything up to this id; ids it cannot know are ignored. */
  acknowledged(sequenceId: number): void {
    const count = Math.min(sequenceId - this.#firstUnacknowledgedId + 1, this.#unacknowledged.length);
    if (count <= 0) return;
    for (const frame of this.#unacknowledged.splice(0, count)) this.#bufferedBytes -= frame.bytes.length;
    this.#firstUnacknowledgedId += count;
  }

  /** What a new transport begins with: the id of the oldest message that may be missing, and all from there on. */
  get repeat(): { readonly sequenceId: number; readonly frames: readonly SharedFrame[] } {
    return { sequenceId: this.#firstUnacknowledgedId, frames: [...this.#unacknowledged] };
  }

  /** Counts a message of the client; false if it is the repetition of one that has been taken. */
  received(): boolean {
    this.#currentId += 1;
    if (this.#currentId <= this.#receivedId) return false;
    this.#receivedId = this.#currentId;
    return true;
  }

  /** The client repeats from this id on. Throws `ProtocolError` if messages are missing between. */
  sequence(sequenceId: number): void {
    if (sequenceId > this.#receivedId + 1) {
      throw new ProtocolError("malformed", "Sequence ID greater than amount of messages we've received.");
    }
    this.#currentId = sequenceId - 1;
  }

  /** The id to acknowledge, if there is something new to acknowledge. */
  takeAcknowledgement(): number | undefined {
    if (this.#receivedId === this.#acknowledgedId) return undefined;
    this.#acknowledgedId = this.#receivedId;
    return this.#receivedId;
  }
}
