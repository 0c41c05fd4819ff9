import { WebSocket } from "ws";
import { findAddress, type RawAddress } from "./raw-address.ts";
import { RawConnection, type RawConnectionOptions, type TransportEnd } from "./raw-connection.ts";

export type RawClientOptions = RawConnectionOptions;
export type WebSocketEnd = TransportEnd;

/** One message of the WebSocket, as it came. */
export interface WebSocketMessage {
  readonly bytes: Buffer;
  readonly binary: boolean;
}

/** The raw client over a WebSocket. */
export class RawClient extends RawConnection {
  readonly transport = "WebSockets";
  readonly webSocketMessages: WebSocketMessage[] = [];
  readonly socket: WebSocket;

  private constructor(socket: WebSocket, options: RawClientOptions, address: RawAddress) {
    super(options, address);
    this.socket = socket;
    socket.on("close", (code, reason) => this.ended({ code, reason: reason.toString() }));
    socket.on("message", (bytes: Buffer, binary) => {
      this.webSocketMessages.push({ bytes, binary });
      this.receive(bytes);
    });
    // The `close` event follows and carries the outcome.
    socket.on("error", (error) => this.log.end(error.message));
  }

  /** Opens the WebSocket; rejects if the server refuses it, or refuses the handshake. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const address = await findAddress(options);
    const webSocketUrl = new URL(address.url);
    webSocketUrl.protocol = webSocketUrl.protocol.replace("http", "ws");
    const socket = new WebSocket(webSocketUrl, { headers: { ...options.headers }, perMessageDeflate: false });
    const client = new RawClient(socket, options, address);
    await client.#opened();
    if (options.handshake ?? options.resumes !== true) await client.handshake();
    return client;
  }

  /** Sends bytes in a WebSocket frame that fits the hub protocol, or in the one asked for. */
  override send(bytes: Uint8Array, binary = this.wire.protocol === "messagepack"): void {
    this.socket.send(bytes, { binary });
  }

  override sendText(text: string): void {
    this.socket.send(text);
  }

  /** Closes the WebSocket without a code, and waits for the end. */
  override async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
  }
}
