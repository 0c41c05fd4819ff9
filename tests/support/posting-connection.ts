import { type AskHubOptions, askHub, type HubAnswer } from "./ask-hub.ts";
import type { RawAddress } from "./raw-address.ts";
import { RawConnection, type RawConnectionOptions } from "./raw-connection.ts";

/** A raw client that sends by POST. As in the TypeScript client, one request follows the other. */
export abstract class PostingConnection extends RawConnection {
  /** The hub with `?id=`. */
  readonly url: URL;
  /** Of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The answers to what was sent, in order; the error of a request that got none. */
  readonly sent: (HubAnswer | Error)[] = [];
  #last: Promise<void> = Promise.resolve();

  protected constructor(options: RawConnectionOptions, address: RawAddress) {
    super(options, address);
    this.url = address.url;
    this.headers = options.headers ?? {};
  }

  override send(bytes: Uint8Array): void {
    const contentType = this.wire.protocol === "json" ? "text/plain;charset=UTF-8" : "application/octet-stream";
    this.#enqueue(Buffer.from(bytes), contentType);
  }

  override sendText(text: string): void {
    this.#enqueue(Buffer.from(text), "text/plain;charset=UTF-8");
  }

  /** One POST out of the order of the others. */
  post(body: NonNullable<AskHubOptions["body"]>, headers: Readonly<Record<string, string>> = {}): Promise<HubAnswer> {
    return this.ask({ method: "POST", body, headers });
  }

  delete(): Promise<HubAnswer> {
    return this.ask({ method: "DELETE" });
  }

  /** A request with the id and the headers of this connection. */
  protected ask(options: AskHubOptions): Promise<HubAnswer> {
    return askHub(this.url, { ...options, headers: { ...this.headers, ...options.headers } });
  }

  #enqueue(body: Buffer, contentType: string): void {
    this.#last = this.#last.then(async () => {
      const answer = this.post(body, { "content-type": contentType });
      this.sent.push(await answer.catch((error: unknown) => new Error("the request failed", { cause: error })));
    });
  }
}
