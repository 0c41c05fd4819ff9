import type { CompletionPayload } from "@signalr-edge/protocol";
import type { ClientWatch } from "./client-watch.ts";
import type { StreamCall } from "./expectations.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

interface Reader {
  readonly client: SimulatedClient;
  readonly invocationId: string;
  readonly stream: number;
}

/** What must happen to the shared streams of one shared upstream. */
export class StreamOracle {
  readonly #watch: ClientWatch;
  readonly #readers = new Set<Reader>();
  /** Streams that run at the origin for the gateway. */
  readonly #calls = new Map<number, StreamCall>();

  constructor(watch: ClientWatch) {
    this.#watch = watch;
  }

  opens(client: SimulatedClient, stream: number, invocationId: string, isFull: boolean): void {
    this.#watch.due.ask(client, invocationId);
    if (isFull) return this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    if (this.#calls.has(stream)) this.#watch.sightings.lateReaders += 1;
    this.#readers.add({ client, invocationId, stream });
  }

  loadOf(client: SimulatedClient): number {
    return [...this.#readers].filter((reader) => reader.client === client).length;
  }

  /** The id of some stream that the client reads. */
  readBy(client: SimulatedClient, pick: number): string | undefined {
    const own = [...this.#readers].filter((reader) => reader.client === client);
    return own[pick % Math.max(1, own.length)]?.invocationId;
  }

  cancels(client: SimulatedClient, invocationId: string): void {
    for (const reader of this.#readers) {
      if (reader.client === client && reader.invocationId === invocationId) this.#readers.delete(reader);
    }
    this.#watch.due.owe(client, invocationId, { kind: "void" });
  }

  sent(stream: number): StreamCall {
    if (this.#calls.has(stream)) throw new Violation("INV-8", `stream ${stream} is opened twice at a time`);
    if (this.#readersOf(stream).length === 0) throw new Violation("R-21", `stream ${stream} is opened for nobody`);
    const call: StreamCall = { kind: "stream", stream };
    this.#calls.set(stream, call);
    return call;
  }

  /** The last reader takes the stream with it. */
  cancelSent(call: StreamCall): void {
    if (this.#calls.get(call.stream) !== call)
      throw new Violation("INV-9", `stream ${call.stream} is cancelled after its end`);
    if (this.#readersOf(call.stream).length > 0)
      throw new Violation("INV-3", `stream ${call.stream} is cancelled while it is read`);
    this.#watch.sightings.cancelledStreams += 1;
    this.#calls.delete(call.stream);
  }

  /** Everybody who reads the stream by now gets the item; nobody gets one of a stream that was cancelled. */
  item(call: StreamCall, rawItem: Uint8Array, act: () => void): void {
    const isCurrent = this.#calls.get(call.stream) === call;
    const readers = isCurrent ? this.#readersOf(call.stream) : [];
    if (readers.length > 1) this.#watch.sightings.sharedItems += 1;
    const receivers = readers.map(({ client, invocationId }) => `${client.name} ${invocationId}`);
    this.#watch.expectItem(rawItem, receivers, `an item of stream ${call.stream}`, act);
  }

  ended(call: StreamCall, payload: CompletionPayload, act: () => void): void {
    if (this.#calls.get(call.stream) === call) this.#end(call.stream, payload);
    act();
    this.#watch.due.checkNoneDue();
  }

  gone(client: SimulatedClient): void {
    for (const reader of this.#readers) if (reader.client === client) this.#readers.delete(reader);
  }

  /** A stream cannot be gone on with: its readers are told, and ask again. Those who wait for one go on waiting. */
  down(): void {
    for (const stream of this.#calls.keys()) {
      this.#watch.sightings.lostStreams += 1;
      this.#end(stream, { kind: "error", error: "" });
    }
  }

  refused(): void {
    for (const { stream } of this.#readers) this.#end(stream, { kind: "error", error: "" });
  }

  /** After each step: what nobody reads does not run. */
  checkStep(): void {
    for (const stream of this.#calls.keys()) {
      if (this.#readersOf(stream).length === 0) throw new Violation("INV-7", `stream ${stream} runs for nobody`);
    }
  }

  #end(stream: number, payload: CompletionPayload): void {
    this.#calls.delete(stream);
    for (const reader of this.#readersOf(stream)) {
      this.#readers.delete(reader);
      this.#watch.due.owe(reader.client, reader.invocationId, payload);
    }
  }

  #readersOf(stream: number): readonly Reader[] {
    return [...this.#readers].filter((reader) => reader.stream === stream);
  }
}
