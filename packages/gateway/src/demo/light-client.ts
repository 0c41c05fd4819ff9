import { once } from "node:events";
import type { ByteRange, Envelope, Frame, FrameSplitter, HubProtocol, HubProtocolName } from "@signalr-edge/protocol";
import {
  HandshakeSplitter,
  hubProtocols,
  MessageType,
  parseNegotiateResponse,
  readHandshakeResponse,
  writeHandshakeRequest,
} from "@signalr-edge/protocol";
import { type RawData, WebSocket } from "ws";
import type { DemoClient, DemoClientEvents } from "./demo-client.ts";
import { memberName, oddsTarget } from "./odds-hub.ts";

/** Far above anything that the demo's hub sends. */
const maxFrameBytes = 1024 * 1024;
const invocationTimeoutMs = 30_000;

export interface LightClientOptions {
  /** Of the hub, `http:`. */
  readonly url: string;
  readonly protocol: HubProtocolName;
  /** False: the socket is opened without asking, as clients with `skipNegotiation` do. */
  readonly negotiate: boolean;
}

interface PendingInvocation {
  readonly succeed: (completion: Frame, envelope: Envelope) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

type State =
  | { readonly name: "new" }
  | { readonly name: "handshaking"; readonly socket: WebSocket; readonly splitter: HandshakeSplitter }
  | { readonly name: "open"; readonly socket: WebSocket; readonly splitter: FrameSplitter }
  | { readonly name: "closed" };

/**
 * A SignalR client over a bare WebSocket that reads of each message only what is checked, so that hundreds of them fit
 * beside the gateway on one machine.
 */
export class LightClient implements DemoClient {
  readonly #options: LightClientOptions;
  readonly #events: DemoClientEvents;
  readonly #protocol: HubProtocol;
  readonly #paths: Readonly<Record<"eventId" | "sequence" | "sentAt", readonly [string]>>;
  readonly #pending = new Map<string, PendingInvocation>();
  #state: State = { name: "new" };
  #lastInvocationId = 0;

  constructor(options: LightClientOptions, events: DemoClientEvents) {
    this.#options = options;
    this.#events = events;
    this.#protocol = hubProtocols[options.protocol];
    this.#paths = pathsOf[options.protocol];
  }

  async start(): Promise<void> {
    const url = new URL(this.#options.url);
    if (this.#options.negotiate) url.searchParams.set("id", await negotiate(this.#options.url));
    url.protocol = "ws:";
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, "open");
    await this.#shakeHands(socket);
    // Servers time a client out only once it has pinged; from then on it must go on.
    this.ping();
  }

  ping(): void {
    this.#send(this.#protocol.pingFrame);
  }

  subscribe(eventId: string, completed: (sequence: number) => void): Promise<void> {
    return this.#invoke("SubscribeToEvent", eventId, (frame, { result }) => {
      completed(result === undefined ? Number.NaN : this.#integer(frame, result, "sequence"));
    });
  }

  unsubscribe(eventId: string, completed: () => void): Promise<void> {
    return this.#invoke("UnsubscribeFromEvent", eventId, completed);
  }

  async stop(): Promise<void> {
    const state = this.#state;
    if (state.name !== "open") return;
    this.#send(this.#protocol.writeClose({}));
    this.#close();
    if (state.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(state.socket, "close");
    state.socket.close(1000);
    await closed;
  }

  #shakeHands(socket: WebSocket): Promise<void> {
    this.#state = { name: "handshaking", socket, splitter: new HandshakeSplitter(maxFrameBytes) };
    return new Promise((resolve, reject) => {
      socket.on("message", (data) => {
        try {
          this.#receive(asBuffer(data), resolve);
        } catch (error) {
          reject(error);
          this.#ended(error instanceof Error ? error.message : String(error));
          socket.terminate();
        }
      });
      // "close" follows and says all that matters.
      socket.on("error", () => undefined);
      socket.on("close", (code) => {
        reject(new Error("the connection was closed during the handshake"));
        this.#ended(`WebSocket closed with status code ${code}`);
      });
      socket.send(writeHandshakeRequest(this.#options.protocol), { binary: false });
    });
  }

  /** Throws for anything that is no answer of a SignalR server. */
  #receive(chunk: Buffer, opened: () => void): void {
    const state = this.#state;
    if (state.name === "open") state.splitter.push(chunk, (frame) => this.#receiveFrame(frame));
    if (state.name !== "handshaking") return;
    const split = state.splitter.push(chunk);
    if (split === undefined) return;
    const { error } = readHandshakeResponse(split.record);
    if (error !== undefined) throw new Error(error);
    const splitter = this.#protocol.createSplitter(maxFrameBytes);
    this.#state = { name: "open", socket: state.socket, splitter };
    opened();
    splitter.push(split.rest, (frame) => this.#receiveFrame(frame));
  }

  #receiveFrame(frame: Frame): void {
    const envelope = this.#protocol.peek(frame);
    if (envelope.type === MessageType.Invocation) this.#receiveInvocation(frame, envelope);
    else if (envelope.type === MessageType.Completion) this.#receiveCompletion(frame, envelope);
    else if (envelope.type === MessageType.Close) this.#ended(envelope.error ?? "closed by the server");
  }

  #receiveInvocation(frame: Frame, { target, argumentRanges: [update] }: Envelope): void {
    if (target !== oddsTarget || update === undefined) return;
    const eventId = this.#protocol.readScalar(frame, update, this.#paths.eventId);
    this.#events.oddsChanged(
      eventId?.text ?? "",
      this.#integer(frame, update, "sequence"),
      this.#integer(frame, update, "sentAt"),
    );
  }

  #receiveCompletion(frame: Frame, envelope: Envelope): void {
    const { invocationId, error } = envelope;
    const pending = this.#pending.get(invocationId ?? "");
    if (pending === undefined || invocationId === undefined) return;
    this.#pending.delete(invocationId);
    clearTimeout(pending.timer);
    if (error === undefined) pending.succeed(frame, envelope);
    else pending.reject(new Error(error));
  }

  #invoke(target: string, argument: string, completed: PendingInvocation["succeed"]): Promise<void> {
    this.#lastInvocationId += 1;
    const invocationId = String(this.#lastInvocationId);
    return new Promise((resolve, reject) => {
      if (this.#state.name !== "open") {
        reject(new Error("the connection is closed"));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(invocationId);
        reject(new Error(`${target} was not answered in ${invocationTimeoutMs} ms`));
      }, invocationTimeoutMs);
      const succeed: PendingInvocation["succeed"] = (frame, envelope) => {
        completed(frame, envelope);
        resolve();
      };
      this.#pending.set(invocationId, { succeed, reject, timer });
      this.#send(this.#protocol.write({ type: MessageType.Invocation, invocationId, target, arguments: [argument] }));
    });
  }

  #send(frame: Frame): void {
    if (this.#state.name !== "open") return;
    this.#state.socket.send(frame, { binary: this.#protocol.transferFormat === "Binary" });
  }

  #ended(reason: string): void {
    const { name } = this.#state;
    this.#close();
    if (name === "open") this.#events.ended(reason);
  }

  #close(): void {
    this.#state = { name: "closed" };
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new Error("the connection ended"));
    }
    this.#pending.clear();
  }

  #integer(frame: Frame, range: ByteRange, name: "sequence" | "sentAt"): number {
    const scalar = this.#protocol.readScalar(frame, range, this.#paths[name]);
    return Number(scalar?.text);
  }
}

const pathsOf = { json: paths("json"), messagepack: paths("messagepack") };

function paths(protocol: HubProtocolName) {
  const path = (name: string): readonly [string] => [memberName(name, protocol)];
  return { eventId: path("eventId"), sequence: path("sequence"), sentAt: path("sentAt") };
}

/** Resolves with the connection token. */
async function negotiate(hubUrl: string): Promise<string> {
  const response = await fetch(`${hubUrl}/negotiate?negotiateVersion=1`, { method: "POST" });
  const text = await response.text();
  if (!response.ok) throw new Error(`negotiate answered ${response.status}: ${text}`);
  const negotiated = parseNegotiateResponse(text);
  if (negotiated.kind !== "connection") throw new Error(`negotiate answered ${text}`);
  return negotiated.connectionToken;
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
