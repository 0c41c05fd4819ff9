import type { ServerResponse } from "node:http";

const maxReaders = 16;
/** A reader that is further behind than this is cut; it comes back and gets the whole history again. */
const maxPendingBytes = 1024 * 1024;
/** How long the browser waits before it comes back. */
const retryMs = 2000;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

/** Server-Sent Events for a few readers, all of which get the same. */
export class EventFeed {
  readonly #readers = new Set<ServerResponse>();

  get readerCount(): number {
    return this.#readers.size;
  }

  get isFull(): boolean {
    return this.#readers.size >= maxReaders;
  }

  /** Only if not full. `name` and `value` are the first event of this reader. */
  open(response: ServerResponse, name: string, value: unknown): void {
    this.#readers.add(response);
    response.on("close", () => this.#readers.delete(response));
    response.on("error", () => response.destroy());
    response.writeHead(200, headers);
    response.write(`retry: ${retryMs}\n\n${eventText(name, value)}`);
  }

  send(name: string, value: unknown): void {
    const text = eventText(name, value);
    for (const response of this.#readers) {
      if (response.writableLength > maxPendingBytes) response.destroy();
      else response.write(text);
    }
  }

  close(): void {
    for (const response of this.#readers) response.end();
  }
}

/** JSON has no line breaks of its own, so that one line of data is enough. NaN becomes null. */
function eventText(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}
