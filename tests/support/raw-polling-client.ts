import { askHub, type HubAnswer } from "./ask-hub.ts";
import { PostingConnection } from "./posting-connection.ts";
import { findAddress, type RawAddress } from "./raw-address.ts";
import type { RawConnectionOptions } from "./raw-connection.ts";

export interface RawPollingOptions extends RawConnectionOptions {
  /** Default true: polls until the end. Otherwise nothing is polled but what the test asks for, and no handshake sent. */
  readonly polls?: boolean;
}

/** The raw client over long polling. */
export class RawPollingClient extends PostingConnection {
  readonly transport = "LongPolling";
  /** The answers to all polls, in order. */
  readonly polled: HubAnswer[] = [];
  readonly #polls: boolean;
  #isDeleted = false;

  private constructor(options: RawPollingOptions, address: RawAddress) {
    super(options, address);
    this.#polls = options.polls ?? true;
  }

  /** Makes the first poll; rejects if the server refuses it, or refuses the handshake. */
  static async connect(options: RawPollingOptions): Promise<RawPollingClient> {
    const client = new RawPollingClient(options, await findAddress(options));
    if (!client.#polls) return client;
    const { status, text } = await client.poll();
    if (status !== 200) throw new Error(`the first poll was answered with ${status} ${text}`);
    void client.#pollUntilEnd();
    if (options.handshake ?? true) await client.handshake();
    return client;
  }

  /** One poll. Frames that it brings are kept like all others. */
  async poll(signal?: AbortSignal): Promise<HubAnswer> {
    const answer = await askHub(this.url, { headers: this.headers, ...(signal === undefined ? {} : { signal }) });
    this.polled.push(answer);
    if (answer.status === 200 && answer.body.length > 0) this.receive(answer.body);
    return answer;
  }

  /** Sends the DELETE of the TypeScript client. Whoever does the polling sees the end by that. */
  override async close(): Promise<void> {
    this.#isDeleted = true;
    // A server that is gone has ended the polling as well.
    await Promise.allSettled([this.delete()]);
    if (this.#polls) await this.closed;
  }

  async #pollUntilEnd(): Promise<void> {
    try {
      for (;;) {
        const { status, text } = await this.poll();
        // Behind the DELETE a poll may come too late for its 204.
        if (status === 204 || (status === 404 && this.#isDeleted)) return this.ended({ code: 1000, reason: "" });
        if (status !== 200) return this.ended({ code: 1006, reason: `${status} ${text}` });
      }
    } catch (error) {
      this.ended({ code: 1006, reason: String(error) });
    }
  }
}
