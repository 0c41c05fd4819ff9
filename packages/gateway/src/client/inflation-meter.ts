import type { Socket } from "node:net";

/** How many times larger than what came over the wire the input of a client may be, in the long run. JSON does not reach it. */
const maxInflation = 32;

/**
 * What a client's compressed input has become. Deflate makes up to 1,032 bytes of one: without this bound a client with
 * little bandwidth could keep the gateway busy with the messages of a thousand.
 */
export class InflationMeter {
  readonly #socket: Pick<Socket, "bytesRead">;
  /** More than the ratio allows, so that single messages may be as uniform as they like. */
  readonly #freeBytes: number;
  #inflatedBytes = 0;

  constructor(socket: Pick<Socket, "bytesRead">, freeBytes: number) {
    this.#socket = socket;
    this.#freeBytes = freeBytes;
  }

  /** Counts a message as it is after inflating; false if it is too much for what has come. */
  take(bytes: number): boolean {
    this.#inflatedBytes += bytes;
    return this.#inflatedBytes <= this.#freeBytes + maxInflation * this.#socket.bytesRead;
  }
}
