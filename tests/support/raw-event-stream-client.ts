import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { PostingConnection } from "./posting-connection.ts";
import { findAddress, type RawAddress } from "./raw-address.ts";
import type { RawConnectionOptions } from "./raw-connection.ts";

const preamble = ":\r\n";
const eventEnd = "\r\n\r\n";
const prefix = "data: ";

/** The raw client over Server-Sent Events. It reads exactly what ASP.NET Core writes (protocol.md 2.2), nothing looser. */
export class RawEventStreamClient extends PostingConnection {
  readonly transport = "ServerSentEvents";
  readonly response: IncomingMessage;
  /** The body, in the pieces in which it came. */
  readonly chunks: Buffer[] = [];
  /** The payload of each event. */
  readonly events: Buffer[] = [];
  #unread: Buffer = Buffer.alloc(0);
  #isPastPreamble = false;

  private constructor(response: IncomingMessage, options: RawConnectionOptions, address: RawAddress) {
    super(options, address);
    this.response = response;
    response.on("data", (chunk: Buffer) => this.#take(chunk));
    response.on("end", () => this.ended({ code: 1000, reason: "" }));
    // After `end` this changes nothing.
    response.on("close", () => this.ended({ code: 1006, reason: "" }));
    response.on("error", (error) => this.log.end(error.message));
  }

  /** Opens the stream; rejects if the server refuses it, or refuses the handshake. */
  static async connect(options: RawConnectionOptions): Promise<RawEventStreamClient> {
    const address = await findAddress(options);
    const client = new RawEventStreamClient(await openStream(address.url, options.headers), options, address);
    if (options.handshake ?? true) await client.handshake();
    return client;
  }

  /** The whole body so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Drops the request, which is all that clients do. */
  override async close(): Promise<void> {
    this.response.destroy();
    await this.closed;
  }

  #take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.#unread = Buffer.concat([this.#unread, chunk]);
    try {
      if (!this.#isPastPreamble) this.#takePreamble();
      if (this.#isPastPreamble) this.#takeEvents();
    } catch (error) {
      this.log.end(error instanceof Error ? error.message : String(error));
    }
  }

  #takePreamble(): void {
    if (this.#unread.length < preamble.length) return;
    const start = this.#unread.toString("latin1", 0, preamble.length);
    if (start !== preamble) throw new Error(`the stream begins with ${JSON.stringify(start)}`);
    this.#unread = this.#unread.subarray(preamble.length);
    this.#isPastPreamble = true;
  }

  #takeEvents(): void {
    for (let end = this.#unread.indexOf(eventEnd); end !== -1; end = this.#unread.indexOf(eventEnd)) {
      const payload = payloadOf(this.#unread.subarray(0, end));
      this.#unread = this.#unread.subarray(end + eventEnd.length);
      this.events.push(payload);
      this.receive(payload);
    }
  }
}

/** GET with `Accept: text/event-stream` on a connection of its own; rejects unless it is answered with 200. */
export function openStream(
  url: string | URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, headers: { accept: "text/event-stream", ...headers } });
    outgoing.on("response", (response) => {
      if (response.statusCode === 200) return resolve(response);
      text(response).then((body) => reject(new Error(`GET answered ${response.statusCode} ${body}`)), reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** The lines of data, joined. Bytes, not text: a line break may stand inside of a message, a character must not change. */
function payloadOf(event: Buffer): Buffer {
  const lines: Buffer[] = [];
  for (let start = 0; start <= event.length; ) {
    const found = event.indexOf("\r\n", start);
    const end = found === -1 ? event.length : found;
    const line = event.subarray(start, end);
    if (line.toString("latin1", 0, prefix.length) !== prefix) {
      throw new Error(`a line of an event begins with ${JSON.stringify(line.toString("latin1", 0, 20))}`);
    }
    if (line.includes("\n")) throw new Error("a line of an event holds a bare line feed");
    if (start > 0) lines.push(Buffer.from("\n"));
    lines.push(line.subarray(prefix.length));
    start = end + 2;
  }
  return Buffer.concat(lines);
}
