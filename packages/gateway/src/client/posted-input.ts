/**
 * What a client sends in POST requests, as one byte stream: requests are taken one after another in the order in which
 * they came, and wait while the hub does not read (protocol.md 2.3).
 */
export class PostedInput {
  readonly #received: (chunk: Buffer) => void;
  #last: Promise<void> = Promise.resolve();
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  #isEnded = false;

  constructor(received: (chunk: Buffer) => void) {
    this.#received = received;
  }

  /** Resolves when all of the body has been taken; rejects if it cannot be read. */
  take(body: AsyncIterable<Buffer>): Promise<void> {
    const taken = this.#last.then(() => this.#take(body));
    // A body that breaks off is its own request's failure; the next one goes on behind it.
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  pause(): void {
    if (this.#gate !== undefined || this.#isEnded) return;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  resume(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** Whatever waits or still comes is taken and thrown away. */
  end(): void {
    this.#isEnded = true;
    this.resume();
  }

  async #take(body: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of body) {
      if (this.#gate !== undefined) await this.#gate.opened;
      if (!this.#isEnded) this.#received(chunk);
    }
  }
}
