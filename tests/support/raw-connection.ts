import type { HubMessage, HubProtocolName } from "@signalr-edge/protocol";
import { defaultWaitMs, FrameLog } from "./frame-log.ts";
import { jsonFrame } from "./json-wire.ts";
import type { TransportName } from "./origin-control.ts";
import type { RawAddress, RawAddressOptions } from "./raw-address.ts";
import { splitFrames } from "./split-frames.ts";
import { type Wire, wires } from "./wire.ts";

const recordSeparator = 0x1e;

export interface RawConnectionOptions extends RawAddressOptions {
  /** Default `json`. */
  readonly protocol?: HubProtocolName;
  /** Default true: sends the handshake and waits for `{}`. */
  readonly handshake?: boolean;
  /** Default false. True: it takes the place of an earlier WebSocket (stateful reconnect), so there is no handshake. */
  readonly resumes?: boolean;
}

/** How the transport ended, in the words of the WebSocket. */
export interface TransportEnd {
  /**
   * 1000: in its regular way, which is a whole response of Server-Sent Events or a poll with 204. 1005: a Close frame
   * without a code. 1006: cut.
   */
  readonly code: number;
  readonly reason: string;
}

/**
 * A SignalR client that shows everything: it sends bytes as they are given and keeps what came as bytes. Beyond the
 * handshake it does nothing by itself, in particular it never pings. There is one for each transport.
 */
export abstract class RawConnection {
  abstract readonly transport: TransportName;
  readonly wire: Wire;
  readonly log: FrameLog;
  /** As negotiated; `undefined` if negotiation was skipped. */
  readonly connectionId: string | undefined;
  readonly connectionToken: string | undefined;
  readonly closed: Promise<TransportEnd>;
  readonly #resolveClosed: (end: TransportEnd) => void;
  readonly #resumes: boolean;

  protected constructor({ protocol = "json", resumes = false }: RawConnectionOptions, address: RawAddress) {
    this.wire = wires[protocol];
    this.#resumes = resumes;
    this.log = new FrameLog((frame) => this.wire.describe(frame));
    this.connectionId = address.connectionId;
    this.connectionToken = address.connectionToken;
    let resolveClosed = (_end: TransportEnd): void => undefined;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
  }

  /** Everything received but pings and the handshake response. */
  get frames(): readonly Buffer[] {
    return this.log.frames;
  }

  /** Sends bytes in one piece of the transport: a WebSocket frame or the body of a POST. */
  abstract send(bytes: Uint8Array): void;

  abstract sendText(text: string): void;

  /** Ends the connection as the TypeScript client does, and waits for the end. */
  abstract close(): Promise<void>;

  /** Sends the handshake as text, as the TypeScript client does, and waits for the success. */
  async handshake(): Promise<void> {
    this.sendText(`{"protocol":"${this.wire.protocol}","version":1}\u001e`);
    const response = await this.handshakeResponse();
    if (!response.equals(jsonFrame("{}"))) throw new Error(`handshake response ${response.toString()}`);
  }

  handshakeResponse(timeoutMs = defaultWaitMs): Promise<Buffer> {
    return this.log.until(() => this.log.handshakeResponse, "the handshake response", timeoutMs);
  }

  /** Sends messages, each in a piece of its own. */
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

  /** Takes what one WebSocket message, event or poll brought: whole frames, the handshake response first. */
  protected receive(bytes: Buffer): void {
    const isFirst = this.log.handshakeResponse === undefined && !this.#resumes;
    const rest = isFirst ? this.#receiveHandshake(bytes) : bytes;
    try {
      for (const frame of splitFrames(this.wire.protocol, rest)) {
        if (frame.equals(this.wire.ping)) this.log.addPing();
        else this.log.add(frame);
      }
    } catch (error) {
      this.log.end(error instanceof Error ? error.message : String(error));
    }
  }

  protected ended(end: TransportEnd): void {
    this.log.end(`${this.transport} closed with ${end.code} ${end.reason}`);
    this.#resolveClosed(end);
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
