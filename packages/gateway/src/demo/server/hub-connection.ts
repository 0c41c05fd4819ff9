import type { Frame, FrameSplitter, HubProtocol } from "@signalr-edge/protocol";
import { handshakeSuccess } from "@signalr-edge/protocol";
import { ClientTimeout, closeText } from "./close-text.ts";
import type { CompiledHub } from "./compiled-hub.ts";
import type { HubSurroundings } from "./hub-call.ts";
import type { HubRequest } from "./hub-definition.ts";
import type { InvocationOutput } from "./hub-invocations.ts";
import { HubInvocations } from "./hub-invocations.ts";
import type { PreparedMessage } from "./prepared-message.ts";
import { maxBufferedBytes, maxReceiveMessageBytes } from "./server-limits.ts";
import type { ServerSocket, SocketOwner } from "./server-socket.ts";
import { webSocketFrame } from "./web-socket-frame.ts";

/** ASP.NET Core's defaults (protocol.md 0.3). */
const keepAliveIntervalMs = 15_000;
const clientTimeoutMs = 30_000;
const sendTimeoutMs = 10_000;

export interface HubConnectionParts {
  readonly hub: CompiledHub;
  readonly surroundings: HubSurroundings;
  readonly socket: ServerSocket;
  readonly protocol: HubProtocol;
  readonly connectionId: string;
  readonly userIdentifier: string | undefined;
  readonly roles: readonly string[];
  readonly request: HubRequest;
  /** Called once, when the WebSocket is gone. */
  readonly onClosed: () => void;
}

type State =
  /** OnConnected runs, messages of the client wait. */
  | { readonly name: "starting" }
  | { readonly name: "open" }
  | { readonly name: "closed"; readonly error: Error | undefined };

/** One client of a hub, from the handshake to its end. */
export class HubConnection implements InvocationOutput, SocketOwner {
  readonly #parts: HubConnectionParts;
  readonly #splitter: FrameSplitter;
  readonly #invocations: HubInvocations;
  #state: State = { name: "starting" };
  #lastReceivedAt: number;
  #lastPingAt: number;
  /** The client timeout is armed by the first ping (protocol.md 7.2). */
  #clientPings = false;
  #blockedSince: number | undefined;

  constructor(parts: HubConnectionParts, now: number) {
    this.#parts = parts;
    this.#splitter = parts.protocol.createSplitter(maxReceiveMessageBytes);
    this.#invocations = new HubInvocations(parts.hub, parts.surroundings, this);
    this.#lastReceivedAt = now;
    this.#lastPingAt = now;
  }

  get protocol(): HubProtocol {
    return this.#parts.protocol;
  }

  get connectionId(): string {
    return this.#parts.connectionId;
  }

  get userIdentifier(): string | undefined {
    return this.#parts.userIdentifier;
  }

  get roles(): readonly string[] {
    return this.#parts.roles;
  }

  get request(): HubRequest {
    return this.#parts.request;
  }

  /** Answers the handshake, runs OnConnected, then whatever the client sent meanwhile. */
  start(rest: Buffer): void {
    const { socket, surroundings, protocol } = this.#parts;
    socket.write(webSocketFrame(handshakeSuccess, protocol));
    surroundings.stats.connectionOpened(protocol.name);
    surroundings.membership.add(this);
    if (rest.length > 0) this.receive(rest);
    this.#runOnConnected().then(
      () => this.#connected(),
      // An error in OnConnected ends the connection for good, and without OnDisconnected (protocol.md 7.5).
      (error: unknown) => this.#end({ error: this.#closeText(error) }, asError(error)),
    );
  }

  receive(chunk: Buffer): void {
    if (this.#state.name === "closed") return;
    this.#lastReceivedAt = Date.now();
    let fault: unknown;
    try {
      this.#splitter.push(chunk, (frame) => this.#invocations.enqueue(frame));
    } catch (error) {
      fault = error;
    }
    // Messages in front of the fault still count.
    this.#pump();
    if (fault !== undefined) this.fail(fault);
  }

  socketClosed(error: Error | undefined): void {
    this.#end(undefined, error);
    this.#parts.onClosed();
  }

  /** Once per second: pings and time limits. */
  tick(now: number): void {
    if (this.#state.name === "closed") return;
    // While an invocation holds back the reading, silence is not the client's fault.
    if (this.#invocations.waitingBytes > 0) this.#lastReceivedAt = now;
    if (this.#clientPings && now - this.#lastReceivedAt > clientTimeoutMs) {
      this.fail(new ClientTimeout());
      return;
    }
    if (now - this.#lastPingAt >= keepAliveIntervalMs) {
      this.#lastPingAt = now;
      this.sendFrame(this.protocol.pingFrame);
    }
    this.#watchSending(now);
  }

  send(message: PreparedMessage): void {
    if (this.#state.name === "closed") return;
    const { bytes, hubBytes } = message.frameFor(this.protocol);
    this.#parts.surroundings.stats.messagesSent += 1;
    this.#write(bytes, hubBytes);
  }

  sendFrame(frame: Frame): void {
    if (this.#state.name !== "closed") this.#write(webSocketFrame(frame, this.protocol), frame.length);
  }

  invoke(target: string, args: readonly unknown[]): Promise<unknown> {
    this.#parts.surroundings.stats.messagesSent += 1;
    return this.#invocations.requestResult(target, args);
  }

  requestPump(): void {
    setImmediate(() => this.#pump());
  }

  clientPinged(): void {
    this.#clientPings = true;
  }

  clientClosed(): void {
    this.#end({}, undefined);
  }

  abort(): void {
    this.#end({}, undefined);
  }

  /** The server stops: the client may come back. */
  shutDown(): void {
    this.#end({ allowReconnect: true }, undefined);
  }

  fail(error: unknown): void {
    this.#end({ error: this.#closeText(error), allowReconnect: true }, asError(error));
  }

  async #runOnConnected(): Promise<void> {
    await this.#parts.hub.definition.onConnected?.(this.#invocations.lifecycleContext());
  }

  #connected(): void {
    if (this.#state.name === "closed") {
      this.#runOnDisconnected(this.#state.error);
      return;
    }
    this.#state = { name: "open" };
    this.#pump();
  }

  #runOnDisconnected(error: Error | undefined): void {
    this.#parts.hub.definition.onDisconnected?.(this.#invocations.lifecycleContext(), error);
  }

  #pump(): void {
    if (this.#state.name === "closed") return;
    try {
      if (this.#state.name === "open") this.#invocations.pump();
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#invocations.waitingBytes > maxBufferedBytes) this.#parts.socket.pause();
    else this.#parts.socket.resume();
  }

  #write(webSocketBytes: Buffer, hubBytes: number): void {
    this.#parts.surroundings.stats.bytesSent += hubBytes;
    this.#parts.socket.write(webSocketBytes);
  }

  /** A client that takes nothing for ten seconds is given up. */
  #watchSending(now: number): void {
    const { socket } = this.#parts;
    if (socket.unsentBytes <= maxBufferedBytes) this.#blockedSince = undefined;
    else this.#blockedSince ??= now;
    if (this.#blockedSince !== undefined && now - this.#blockedSince > sendTimeoutMs) socket.terminate();
  }

  #closeText(error: unknown): string {
    return closeText(error, this.#parts.hub.definition.detailedErrors === true);
  }

  /** `close` is what the client is told; nothing if it has gone already. */
  #end(
    close: { readonly error?: string; readonly allowReconnect?: boolean } | undefined,
    error: Error | undefined,
  ): void {
    const { name } = this.#state;
    if (name === "closed") return;
    const { surroundings, socket, protocol } = this.#parts;
    if (close !== undefined) {
      this.sendFrame(protocol.writeClose(close));
      socket.end();
    }
    this.#state = { name: "closed", error };
    surroundings.stats.connectionClosed(protocol.name);
    surroundings.membership.remove(this);
    this.#invocations.end();
    if (name === "open") this.#runOnDisconnected(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
