import type { CompletionPayload } from "@signalr-edge/protocol";
import type { ClientWatch, Reader } from "./client-watch.ts";
import type { StreamCall } from "./expectations.ts";
import { streamValues } from "./hub-contract.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { Violation } from "./violation.ts";

/** One stream with its arguments. */
interface StreamView {
  readonly stream: number;
  /** In the order in which they came. */
  readers: Reader[];
  /** Set while it runs at the origin for the gateway. */
  call: StreamCall | undefined;
}

const nobody: readonly Reader[] = [];

/** What must happen to the shared streams of one shared upstream. */
export class StreamOracle {
  readonly #watch: ClientWatch;
  readonly #views: readonly StreamView[];

  constructor(watch: ClientWatch) {
    this.#watch = watch;
    this.#views = streamValues.map((_, stream) => ({ stream, readers: [], call: undefined }));
  }

  opens(client: SimulatedClient, stream: number, invocationId: string, isFull: boolean): void {
    const view = this.#view(stream);
    this.#watch.due.ask(client, invocationId);
    if (isFull) return this.#watch.due.owe(client, invocationId, { kind: "error", error: "" });
    if (view.call !== undefined) this.#watch.sightings.lateReaders += 1;
    client.load += 1;
    view.readers.push({ client, invocationId, hasItem: false });
  }

  /** The id of some stream that the client reads. */
  readBy(client: SimulatedClient, pick: number): string | undefined {
    const ids: string[] = [];
    for (const { readers } of this.#views) {
      for (const reader of readers) if (reader.client === client) ids.push(reader.invocationId);
    }
    return ids[pick % Math.max(1, ids.length)];
  }

  cancels(client: SimulatedClient, invocationId: string): void {
    client.load -= 1;
    for (const view of this.#views) {
      view.readers = view.readers.filter((one) => one.client !== client || one.invocationId !== invocationId);
    }
    this.#watch.due.owe(client, invocationId, { kind: "void" });
  }

  sent(stream: number): StreamCall {
    const view = this.#view(stream);
    if (view.call !== undefined) throw new Violation("INV-8", `stream ${stream} is opened twice at a time`);
    if (view.readers.length === 0) throw new Violation("R-21", `stream ${stream} is opened for nobody`);
    view.call = { kind: "stream", stream };
    return view.call;
  }

  /** The last reader takes the stream with it. */
  cancelSent(call: StreamCall): void {
    const view = this.#view(call.stream);
    if (view.call !== call) throw new Violation("INV-9", `stream ${call.stream} is cancelled after its end`);
    if (view.readers.length > 0) throw new Violation("INV-3", `stream ${call.stream} is cancelled while it is read`);
    this.#watch.sightings.cancelledStreams += 1;
    view.call = undefined;
  }

  /** Everybody who reads the stream by now gets the item; nobody gets one of a stream that was cancelled. */
  item(call: StreamCall, item: number, act: () => void): void {
    const view = this.#view(call.stream);
    const readers = view.call === call ? view.readers : nobody;
    if (readers.length > 1) this.#watch.sightings.sharedItems += 1;
    this.#watch.passItem(item, readers, act);
  }

  ended(call: StreamCall, payload: CompletionPayload, act: () => void): void {
    const view = this.#view(call.stream);
    if (view.call === call) this.#end(view, payload);
    act();
    this.#watch.due.checkNoneDue();
  }

  gone(client: SimulatedClient): void {
    for (const view of this.#views) {
      if (view.readers.length > 0) view.readers = view.readers.filter((reader) => reader.client !== client);
    }
  }

  /** A stream cannot be gone on with: its readers are told, and ask again. Those who wait for one go on waiting. */
  down(): void {
    for (const view of this.#views) {
      if (view.call === undefined) continue;
      this.#watch.sightings.lostStreams += 1;
      this.#end(view, { kind: "error", error: "" });
    }
  }

  refused(): void {
    for (const view of this.#views) this.#end(view, { kind: "error", error: "" });
  }

  /** After each step: what nobody reads does not run. */
  checkStep(): void {
    for (const { stream, readers, call } of this.#views) {
      if (call !== undefined && readers.length === 0) throw new Violation("INV-7", `stream ${stream} runs for nobody`);
    }
  }

  #end(view: StreamView, payload: CompletionPayload): void {
    view.call = undefined;
    for (const { client, invocationId } of view.readers.splice(0)) {
      client.load -= 1;
      this.#watch.due.owe(client, invocationId, payload);
    }
  }

  #view(stream: number): StreamView {
    const view = this.#views[stream];
    if (view === undefined) throw new Error(`there is no stream ${stream}`);
    return view;
  }
}
