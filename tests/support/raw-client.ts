import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { WebSocket } from "ws";
import { defaultWaitMs, FrameLog } from "./frame-log.ts";
import { jsonFrame } from "./json-wire.ts";
import { type Negotiated, negotiate } from "./negotiate.ts";
import { splitFrames } from "./split-frames.ts";
import { type Wire, wires } from "./wire.ts";

const recordSeparator = 0x1e;

export interface RawClientOptions {
  /** The hub, with `http:`; its query goes to negotiate and to the WebSocket. */
  readonly url: string;
  /** Default `json`. */
  readonly protocol?: HubProtocolName;
  /** Default `v1`. `skip`: the WebSocket is opened without an id. */
  readonly negotiate?: "v1" | "v0" | "skip";
  /** Used as it is, instead of negotiating. */
  readonly connectionToken?: string;
  /** Default true: sends the handshake and waits for `{}`. */
  readonly handshake?: boolean;
  /** Sent with negotiate and with the upgrade. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One message of the WebSocket, as it came. */
export interface WebSocketMessage {
  readonly bytes: Buffer;
  readonly binary: boolean;
}

export interface WebSocketEnd {
  /** 1005 for a Close frame without a code, 1006 for none at all. */
  readonly code: number;
  readonly reason: string;
}

/**
 * A SignalR client that shows everything: it sends bytes as they are given and keeps what came as bytes. Beyond the
 * handshake it does nothing by itself, in particular it never pings.
 */
export class RawClient {
  readonly wire: Wire;
  readonly log: FrameLog;
  /** As negotiated; `undefined` if negotiation was skipped. */
  readonly connectionId: string | undefined;
  readonly connectionToken: string | undefined;
  readonly webSocketMessages: WebSocketMessage[] = [];
  readonly closed: Promise<WebSocketEnd>;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket, protocol: HubProtocolName, address: Address) {
    this.socket = socket;
    this.wire = wires[protocol];
    this.log = new FrameLog((frame) => this.wire.describe(frame));
    this.connectionId = address.connectionId;
    this.connectionToken = address.connectionToken;
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.log.end(`WebSocket closed with ${code} ${reason.toString()}`);
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on("message", (data: Buffer, binary) => this.#receive(data, binary));
    // The `close` event follows and carries the outcome.
    socket.on("error", (error) => this.log.end(error.message));
  }

  /** Opens the WebSocket; rejects if the server refuses it, or refuses the handshake. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const address = await findAddress(options);
    const socket = new WebSocket(address.webSocketUrl, { headers: { ...options.headers }, perMessageDeflate: false });
    const client = new RawClient(socket, options.protocol ?? "json", address);
    await client.#opened();
    if (options.handshake ?? true) await client.handshake();
    return client;
  }

  /** Everything received but pings and the handshake response. */
  get frames(): readonly Buffer[] {
    return this.log.frames;
  }

  /** Sends the handshake in a text frame, as the TypeScript client does, and waits for the success. */
  async handshake(): Promise<void> {
    this.sendText(`{"protocol":"${this.wire.protocol}","version":1}\u001e`);
    const response = await this.handshakeResponse();
    if (!response.equals(jsonFrame("{}"))) throw new Error(`handshake response ${response.toString()}`);
  }

  handshakeResponse(timeoutMs = defaultWaitMs): Promise<Buffer> {
    return this.log.until(() => this.log.handshakeResponse, "the handshake response", timeoutMs);
  }

  /** Sends bytes in a WebSocket frame that fits the hub protocol, or in the one asked for. */
  send(bytes: Uint8Array, binary = this.wire.protocol === "messagepack"): void {
    this.socket.send(bytes, { binary });
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** Sends messages, each in a WebSocket frame of its own. */
  sendMessages(...messages: readonly HubMessage[]): void {
    for (const message of messages) this.send(this.wire.encode(message));
  }

  nextFrame(timeoutMs?: number): Promise<Buffer> {
    return this.log.next(timeoutMs);
  }

  async nextMessage(timeoutMs?: number): Promise<HubMessage> {
    return this.wire.decode(await this.log.next(timeoutMs));
  }

  async nextMessages(count: number): Promise<HubMessage[]> {
    const messages: HubMessage[] = [];
    while (messages.length < count) messages.push(await this.nextMessage());
    return messages;
  }

  /** The first frame, past or to come, that fits. */
  waitFor(predicate: (frame: Buffer) => boolean, timeoutMs?: number): Promise<Buffer> {
    return this.log.waitFor(predicate, timeoutMs);
  }

  /** The completion of an invocation, whatever else comes before it. */
  async completionOf(invocationId: string, timeoutMs?: number): Promise<HubMessage> {
    const isCompletion = (frame: Buffer): boolean => {
      const message = this.wire.decode(frame);
      return message.type === 3 && message.invocationId === invocationId;
    };
    return this.wire.decode(await this.waitFor(isCompletion, timeoutMs));
  }

  /** Closes the WebSocket as the TypeScript client does, without a code, and waits for the end. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
  }

  #receive(bytes: Buffer, binary: boolean): void {
    this.webSocketMessages.push({ bytes, binary });
    const rest = this.log.handshakeResponse === undefined ? this.#receiveHandshake(bytes) : bytes;
    try {
      for (const frame of splitFrames(this.wire.protocol, rest)) {
        if (frame.equals(this.wire.ping)) this.log.addPing();
        else this.log.add(frame);
      }
    } catch (error) {
      this.log.end(error instanceof Error ? error.message : String(error));
    }
  }

  /** Returns what stands behind the handshake response. */
  #receiveHandshake(bytes: Buffer): Buffer {
    const end = bytes.indexOf(recordSeparator) + 1;
    if (end === 0) {
      this.log.end(`the handshake response was split: ${bytes.toString("hex")}`);
      return Buffer.alloc(0);
    }
    this.log.addHandshakeResponse(bytes.subarray(0, end));
    return bytes.subarray(end);
  }
}

interface Address {
  readonly webSocketUrl: URL;
  readonly connectionId: string | undefined;
  readonly connectionToken: string | undefined;
}

async function findAddress(options: RawClientOptions): Promise<Address> {
  const negotiated = await negotiateAs(options);
  const connectionToken = options.connectionToken ?? negotiated?.connectionToken ?? negotiated?.connectionId;
  const webSocketUrl = new URL(options.url);
  webSocketUrl.protocol = webSocketUrl.protocol.replace("http", "ws");
  if (connectionToken !== undefined) webSocketUrl.searchParams.set("id", connectionToken);
  return { webSocketUrl, connectionId: negotiated?.connectionId, connectionToken };
}

async function negotiateAs(options: RawClientOptions): Promise<Negotiated | undefined> {
  const version = options.negotiate ?? "v1";
  if (version === "skip" || options.connectionToken !== undefined) return undefined;
  return negotiate(options.url, {
    headers: options.headers ?? {},
    query: version === "v1" ? { negotiateVersion: "1" } : {},
  });
}
