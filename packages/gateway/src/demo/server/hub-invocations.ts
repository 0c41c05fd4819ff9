import { setImmediate } from "node:timers/promises";
import type { Envelope, Frame } from "@signalr-edge/protocol";
import { MessageType } from "@signalr-edge/protocol";
import { ClientResults } from "./client-results.ts";
import type { CompiledHub, CompiledMethod } from "./compiled-hub.ts";
import { encodeValue } from "./encode-value.ts";
import type { HubCaller, HubSurroundings } from "./hub-call.ts";
import { hubContext } from "./hub-call.ts";
import type { HubContext } from "./hub-definition.ts";
import { RawValue } from "./hub-definition.ts";
import { HubReplies, NoStream } from "./hub-replies.ts";
import type { AnyInvocation } from "./refuse-invocation.ts";
import { refuseInvocation } from "./refuse-invocation.ts";
import { Uploads } from "./uploads.ts";

/** What invocations need of their connection. */
export interface InvocationOutput extends HubCaller {
  sendFrame(frame: Frame): void;
  /** Ends the connection, telling the client to reconnect. */
  fail(error: unknown): void;
  clientPinged(): void;
  clientClosed(): void;
  /** Asks for a call of `pump` soon. */
  requestPump(): void;
}

interface Invocation {
  readonly method: CompiledMethod;
  readonly message: AnyInvocation;
  readonly envelope: Envelope;
  readonly frame: Frame;
}

/** A stream gives way to I/O after this many items: a generator that never waits would starve every connection. */
const itemsPerTurn = 16;

/**
 * Runs the invocations of one connection as ASP.NET Core 7 and newer do (protocol.md 8.1): one plain invocation at a
 * time, the next one waits and holds back everything behind it; streams and uploads run beside it.
 */
export class HubInvocations {
  readonly #hub: CompiledHub;
  readonly #surroundings: HubSurroundings;
  readonly #output: InvocationOutput;
  readonly #replies: HubReplies;
  readonly #results = new ClientResults();
  readonly #streams = new Map<string, AbortController>();
  readonly #uploads: Uploads;
  readonly #disconnected = new AbortController();
  readonly #inbox: Frame[] = [];
  #waitingBytes = 0;
  /** The one plain invocation that runs. */
  #slot: AnyInvocation | undefined;

  constructor(hub: CompiledHub, surroundings: HubSurroundings, output: InvocationOutput) {
    this.#hub = hub;
    this.#surroundings = surroundings;
    this.#output = output;
    this.#uploads = new Uploads(() => output.requestPump());
    this.#replies = new HubReplies(output, hub.definition.detailedErrors === true);
  }

  /** Bytes that wait behind an invocation in progress. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes a message to be run by the next `pump`. */
  enqueue(frame: Frame): void {
    this.#inbox.push(Buffer.from(frame)); // outlives the chunk
    this.#waitingBytes += frame.length;
  }

  /** Runs what waits, as far as possible now. Throws `ProtocolError` for bytes that are no hub message. */
  pump(): void {
    for (let frame = this.#inbox[0]; frame !== undefined; frame = this.#inbox[0]) {
      if (!this.#dispatch(frame)) return;
      // Whatever it did to the connection, `end` may have emptied the inbox.
      if (this.#inbox.shift() !== undefined) this.#waitingBytes -= frame.length;
    }
  }

  /** A context outside any invocation, for OnConnected and OnDisconnected. */
  lifecycleContext(): HubContext {
    return hubContext(this.#output, this.#surroundings, {
      aborted: this.#disconnected.signal,
      rawArguments: [],
      uploads: [],
      onWait: () => {},
    });
  }

  /** Asks the client. Rejects with what it answers as error, or when it is gone. */
  requestResult(target: string, args: readonly unknown[]): Promise<unknown> {
    const { protocol } = this.#output;
    const encoded = args.map((argument) => encodeValue(argument, protocol));
    return this.#results.request((invocationId) => {
      this.#output.sendFrame(protocol.writeInvocation({ target, invocationId, arguments: encoded }));
    });
  }

  /** The connection ended: everything that runs is told. Final. */
  end(): void {
    this.#disconnected.abort();
    for (const stream of [...this.#streams.values()]) stream.abort();
    this.#uploads.endAll("The underlying connection was closed.");
    this.#results.rejectAll(new Error(`Connection '${this.#output.connectionId}' disconnected.`));
    this.#inbox.length = 0;
    this.#waitingBytes = 0;
  }

  /** Returns false if the message must wait. */
  #dispatch(frame: Frame): boolean {
    const envelope = this.#output.protocol.peek(frame);
    switch (envelope.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
        return this.#startInvocation(envelope, frame);
      case MessageType.StreamItem:
        return this.#acceptItem(frame);
      case MessageType.Completion:
        this.#acceptCompletion(frame);
        return true;
      case MessageType.CancelInvocation:
        this.#streams.get(envelope.invocationId ?? "")?.abort();
        return true;
      case MessageType.Ping:
        this.#output.clientPinged();
        return true;
      case MessageType.Close:
        this.#output.clientClosed();
        return true;
      default:
        return true;
    }
  }

  #startInvocation(envelope: Envelope, frame: Frame): boolean {
    const message = this.#output.protocol.parse(frame);
    if (message?.type !== MessageType.Invocation && message?.type !== MessageType.StreamInvocation) {
      throw new Error(`peek saw type ${envelope.type}, parse saw ${message?.type}`);
    }
    const method = this.#hub.methods.get(message.target.toLowerCase());
    const detailed = this.#hub.definition.detailedErrors === true;
    const refusal = refuseInvocation(method, message, this.#output.roles, detailed) ?? this.#refuseId(message);
    if (method === undefined || refusal !== undefined) {
      this.#replies.error(envelope.invocationId, refusal ?? "");
      return true;
    }
    const takesSlot = !method.streams && method.uploadStreamCount === 0;
    if (takesSlot && this.#slot !== undefined) return false;
    if (takesSlot) this.#slot = message;
    this.#surroundings.stats.invocationsReceived += 1;
    const invocation = { method, message, envelope, frame };
    if (method.streams) this.#runStream(invocation, message.invocationId ?? "");
    else this.#runPlain(invocation);
    return true;
  }

  #refuseId(message: AnyInvocation): string | undefined {
    const taken = message.type === MessageType.StreamInvocation && this.#streams.has(message.invocationId);
    return taken ? `Invocation ID '${message.invocationId}' is already in use.` : undefined;
  }

  #runPlain(invocation: Invocation): void {
    const { message, envelope } = invocation;
    const succeed = (result: unknown): void => {
      this.#replies.result(envelope.invocationId, result);
      this.#finish(message);
    };
    const fail = (error: unknown): void => {
      this.#replies.exception(envelope.invocationId, message.target, error);
      this.#finish(message);
    };
    let outcome: unknown;
    try {
      outcome = this.#call(invocation, this.#disconnected.signal);
    } catch (error) {
      fail(error);
      return;
    }
    if (outcome instanceof Promise) outcome.then(succeed, fail);
    else succeed(outcome);
  }

  #runStream(invocation: Invocation, invocationId: string): void {
    const stop = new AbortController();
    const finish = (reply: () => void): void => {
      // A cancel has finished it already, although its generator ends later.
      if (this.#streams.get(invocationId) !== stop) return;
      this.#streams.delete(invocationId);
      reply();
      this.#finish(invocation.message);
    };
    this.#streams.set(invocationId, stop);
    stop.signal.addEventListener("abort", () => finish(() => this.#replies.endOfStream(invocationId)));
    this.#sendItems(invocation, invocationId, stop.signal).then(
      () => finish(() => this.#replies.endOfStream(invocationId)),
      (error: unknown) => finish(() => this.#replies.streamException(invocationId, invocation.message.target, error)),
    );
  }

  async #sendItems(invocation: Invocation, invocationId: string, stop: AbortSignal): Promise<void> {
    const items = this.#call(invocation, stop);
    if (!isAsyncIterable(items)) throw new NoStream();
    let sent = 0;
    for await (const item of items) {
      if (stop.aborted) return;
      this.#replies.item(invocationId, item);
      sent += 1;
      if (sent % itemsPerTurn === 0) await setImmediate();
    }
  }

  #call({ method, message, envelope, frame }: Invocation, aborted: AbortSignal): unknown {
    const { name } = this.#output.protocol;
    const context = hubContext(this.#output, this.#surroundings, {
      aborted,
      rawArguments: envelope.argumentRanges.map(
        ({ start, end }) => new RawValue({ [name]: frame.subarray(start, end) }),
      ),
      uploads: this.#uploads.open(message.streamIds ?? []),
      onWait: () => this.#freeSlot(message),
    });
    return method.run(context, ...message.arguments);
  }

  #finish(message: AnyInvocation): void {
    this.#uploads.forget(message.streamIds ?? []);
    this.#freeSlot(message);
    // Behind a full upload that nobody reads any more, or behind the slot.
    if (this.#inbox.length > 0) this.#output.requestPump();
  }

  #freeSlot(message: AnyInvocation): void {
    if (this.#slot !== message) return;
    this.#slot = undefined;
    if (this.#inbox.length > 0) this.#output.requestPump();
  }

  #acceptItem(frame: Frame): boolean {
    const message = this.#output.protocol.parse(frame);
    return message?.type !== MessageType.StreamItem || this.#uploads.accept(message);
  }

  #acceptCompletion(frame: Frame): void {
    const message = this.#output.protocol.parse(frame);
    if (message?.type === MessageType.Completion && !this.#results.complete(message)) this.#uploads.complete(message);
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
