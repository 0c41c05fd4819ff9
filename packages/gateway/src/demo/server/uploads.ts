import type { CompletionMessage, StreamItemMessage } from "@signalr-edge/protocol";
import { UploadStream } from "./upload-stream.ts";

/** The upload streams of one connection, by stream id. */
export class Uploads {
  readonly #open = new Map<string, UploadStream>();
  readonly #onRead: () => void;

  /** `onRead` is called when an item was taken, so that a full stream has room again. */
  constructor(onRead: () => void) {
    this.#onRead = onRead;
  }

  open(streamIds: readonly string[]): readonly UploadStream[] {
    return streamIds.map((streamId) => {
      const upload = new UploadStream(this.#onRead);
      this.#open.set(streamId, upload);
      return upload;
    });
  }

  /** The hub method is done: what still comes for these is ignored. */
  forget(streamIds: readonly string[]): void {
    for (const streamId of streamIds) this.#open.delete(streamId);
  }

  /** Returns false if the item must wait. */
  accept({ invocationId, item }: StreamItemMessage): boolean {
    const upload = this.#open.get(invocationId);
    if (upload?.isFull) return false;
    upload?.push(item);
    return true;
  }

  complete({ invocationId, error }: CompletionMessage): void {
    this.#open.get(invocationId)?.end(error);
  }

  endAll(error: string): void {
    for (const upload of this.#open.values()) upload.end(error);
  }
}
