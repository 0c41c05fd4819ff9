import type { CompletionPayload, Envelope, Frame } from "@signalr-edge/protocol";
import type { StreamRule } from "../config/hub-rules.ts";
import type { HubMetrics } from "../observe/metrics.ts";
import { Membership } from "./membership.ts";
import type { GroupSource, Member } from "./ports.ts";
import { argumentsIdentity, rawArgumentsOf } from "./raw-arguments.ts";
import { SharedStream } from "./shared-stream.ts";

/** What a stream ends with when its connection does; the reader asks again and sees the stream from then on. */
const lostError = "An error occurred on the server while streaming results.";

export interface StreamTableParts {
  readonly source: GroupSource;
  readonly metrics: HubMetrics;
  /** Most different streams at a time. */
  readonly maxStreams: number;
}

/**
 * Shared streams of one shared upstream: invocations of a rule with the same argument bytes read one stream at the
 * origin. A late reader sees items from then on; one that cancels leaves the others alone; the last one ends it.
 */
export class StreamTable {
  readonly #parts: StreamTableParts;
  readonly #streams = new Map<string, SharedStream>();

  constructor(parts: StreamTableParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Takes a stream invocation; false if there are too many different streams, and then nothing was done. */
  open(client: Member, rule: StreamRule, envelope: Envelope, frame: Frame): boolean {
    // Spelled as by the first reader: with MessagePack, the origin's errors repeat it.
    const { invocationId = "", target = rule.method } = envelope;
    const rawArguments = rawArgumentsOf(envelope, frame);
    const id = argumentsIdentity(rule.method.toLowerCase(), rawArguments);
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#streams.size >= this.#parts.maxStreams) return false;
      const copies = rawArguments.map((raw) => Buffer.from(raw)); // outlive the client's frame
      stream = new SharedStream(id, target, copies);
      this.#streams.set(id, stream);
    }
    client.membership ??= new Membership();
    client.membership.streams.set(invocationId, { table: this, stream });
    stream.add(client, invocationId);
    this.#start(stream);
    return true;
  }

  /** The client reads no more. The last reader takes the stream with it. */
  close(client: Member, invocationId: string, stream: SharedStream): void {
    client.membership?.streams.delete(invocationId);
    stream.remove(client, invocationId);
    if (stream.readerCount > 0) return;
    this.#streams.delete(stream.id);
    stream.handle?.cancel();
  }

  sourceUp(): void {
    for (const stream of this.#streams.values()) this.#start(stream);
  }

  sourceRefused(): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.handle !== undefined) continue;
      this.#end(stream, { kind: "error", error: `Failed to invoke '${stream.method}' due to an error on the server.` });
    }
  }

  #start(stream: SharedStream): void {
    const { source, metrics } = this.#parts;
    if (stream.handle !== undefined) return;
    if (!source.isOpen) return source.open();
    metrics.originStreams += 1;
    metrics.savings.countSent("stream", stream.method);
    const rule = metrics.savings.rule("stream", stream.method);
    stream.handle = source.stream(stream.method, stream.rawArguments, {
      item: (rawItem, messageBytes) => {
        rule.countUpstream(messageBytes);
        stream.fanOut(rawItem, (copyBytes) => metrics.countCopies(rule, 1, copyBytes));
      },
      done: (outcome) => {
        this.#end(stream, outcome.kind === "lost" ? { kind: "error", error: lostError } : outcome.payload);
      },
    });
  }

  #end(stream: SharedStream, payload: CompletionPayload): void {
    this.#streams.delete(stream.id);
    stream.complete(payload);
  }
}
