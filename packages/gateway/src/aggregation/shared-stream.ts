import type { CompletionPayload } from "@signalr-edge/protocol";
import type { Member, StreamHandle } from "./ports.ts";
import { SharedFrame } from "./shared-frame.ts";

/** One invocation of a stream by one client. */
interface Reader {
  readonly client: Member;
  readonly invocationId: string;
}

/** One stream at the origin and the invocations of clients that read it, each under its own invocation id. */
export class SharedStream {
  readonly id: string;
  readonly method: string;
  readonly rawArguments: readonly Uint8Array[];
  readonly #readers = new Set<Reader>();
  /** Set while the origin runs it. */
  handle: StreamHandle | undefined;

  constructor(id: string, method: string, rawArguments: readonly Uint8Array[]) {
    this.id = id;
    this.method = method;
    this.rawArguments = rawArguments;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  add(client: Member, invocationId: string): void {
    this.#readers.add({ client, invocationId });
  }

  remove(client: Member, invocationId: string): void {
    for (const reader of this.#readers) {
      if (reader.client === client && reader.invocationId === invocationId) this.#readers.delete(reader);
    }
  }

  /**
   * Readers with the same invocation id share one frame: stock clients all count from "0". `written` is told the bytes
   * of each reader's copy.
   */
  fanOut(rawItem: Uint8Array, written: (bytes: number) => void): void {
    const frames = new Map<string, SharedFrame>();
    for (const { client, invocationId } of this.#readers) {
      let frame = frames.get(invocationId);
      if (frame === undefined) {
        frame = new SharedFrame(client.protocol, client.protocol.writeStreamItem(invocationId, rawItem));
        frames.set(invocationId, frame);
      }
      client.write(frame);
      written(frame.bytes.length);
    }
  }

  /** Ends it for everybody. */
  complete(payload: CompletionPayload): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const { client, invocationId } of readers) {
      client.membership?.streams.delete(invocationId);
      client.complete(invocationId, payload);
    }
  }
}
