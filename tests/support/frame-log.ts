/** How long a test waits for something that should come at once. */
export const defaultWaitMs = 5_000;

interface Waiter {
  /** Resolves its promise if it can; true if it did. */
  readonly settle: () => boolean;
  readonly fail: (reason: string) => void;
}

/** The frames that a test client received, in order, and promises of those still to come. Pings are kept apart. */
export class FrameLog {
  /** Everything but pings and the handshake response. */
  readonly frames: Buffer[] = [];
  /** When each ping came, by `performance.now()`. */
  readonly pings: number[] = [];
  #handshakeResponse: Buffer | undefined;
  readonly #describe: (frame: Buffer) => string;
  #waiters: Waiter[] = [];
  #read = 0;
  #end: string | undefined;

  /** `describe` puts a frame into words for failure messages. */
  constructor(describe: (frame: Buffer) => string) {
    this.#describe = describe;
  }

  get handshakeResponse(): Buffer | undefined {
    return this.#handshakeResponse;
  }

  addHandshakeResponse(frame: Buffer): void {
    this.#handshakeResponse = frame;
    this.#check();
  }

  add(frame: Buffer): void {
    this.frames.push(frame);
    this.#check();
  }

  addPing(): void {
    this.pings.push(performance.now());
    this.#check();
  }

  /** The connection is over: whoever waits for more is told so. */
  end(reason: string): void {
    this.#end ??= reason;
    this.#check();
  }

  /** The next frame that this method has not returned yet. */
  next(timeoutMs = defaultWaitMs): Promise<Buffer> {
    const index = this.#read++;
    return this.until(() => this.frames[index], `frame ${index}`, timeoutMs);
  }

  /** The first frame, past or to come, that fits. */
  waitFor(predicate: (frame: Buffer) => boolean, timeoutMs = defaultWaitMs): Promise<Buffer> {
    let seen = 0;
    const search = (): Buffer | undefined => {
      const found = this.frames.slice(seen).find(predicate);
      seen = this.frames.length;
      return found;
    };
    return this.until(search, "a certain frame", timeoutMs);
  }

  /** What `probe` returns, asked again after each arrival until it returns something. Rejects at the end of the connection or the time. */
  until<T>(probe: () => T | undefined, what: string, timeoutMs = defaultWaitMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settle: () => {
          const result = probe();
          if (result === undefined) return false;
          clearTimeout(timer);
          resolve(result);
          return true;
        },
        fail: (reason) => {
          clearTimeout(timer);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          reject(new Error(`waited for ${what}: ${reason}; received ${this.#summary()}`));
        },
      };
      const timer = setTimeout(() => waiter.fail(`it did not come in ${timeoutMs} ms`), timeoutMs);
      this.#waiters.push(waiter);
      this.#check();
    });
  }

  #check(): void {
    this.#waiters = this.#waiters.filter((waiter) => !waiter.settle());
    if (this.#end === undefined) return;
    for (const waiter of this.#waiters) waiter.fail(`the connection ended (${this.#end})`);
  }

  #summary(): string {
    const last = this.frames.slice(-5).map((frame) => `\n  ${this.#describe(frame).slice(0, 300)}`);
    return `${this.frames.length} frames, ${this.pings.length} pings${last.join("")}`;
  }
}
