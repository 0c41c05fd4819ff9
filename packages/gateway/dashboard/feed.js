import { EventStreamReader } from "./event-stream.js";

/** The gateway sends an event each second: without one for so long, it or the way to it is gone. */
const silenceMs = 6000;
const [firstRetryMs, lastRetryMs] = [1000, 10_000];

/**
 * @typedef {object} FeedListener
 * @property {(name: string, value: unknown) => void} event
 * @property {(reason: string) => void} lost  tried again by itself
 * @property {() => void} tokenRefused  not tried again until `start`
 */

/** The live events of the gateway. Read with `fetch`, because the browser's own reader cannot send a token but in the URL. */
export class Feed {
  #listener;
  #token = "";
  #retryMs = firstRetryMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | undefined} */
  #aborter;

  /** @param {FeedListener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {string} token empty: none */
  start(token) {
    this.#token = token;
    this.stop();
    void this.#run();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#aborter?.abort();
  }

  /** Another document of the gateway, as JSON; `undefined` if it cannot be had now. @param {string} path */
  async ask(path) {
    try {
      const response = await fetch(path, { headers: this.#headers(), cache: "no-store" });
      return response.ok ? await response.json() : undefined;
    } catch {
      return undefined; // the feed itself shows that the gateway is gone
    }
  }

  async #run() {
    const aborter = new AbortController();
    this.#aborter = aborter;
    const reason = await this.#read(aborter).catch(() => "The gateway cannot be reached.");
    aborter.abort();
    if (this.#aborter !== aborter) return;
    if (reason === undefined) return this.#listener.tokenRefused();
    this.#listener.lost(reason);
    this.#timer = setTimeout(() => void this.#run(), this.#retryMs);
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 1.6);
  }

  /** Resolves when the stream has ended, with why; `undefined` if the token is not the right one. @param {AbortController} aborter */
  async #read(aborter) {
    this.#watch(aborter);
    const { signal } = aborter;
    const response = await fetch("api/events", { headers: this.#headers(), cache: "no-store", signal });
    if (response.status === 401) return undefined;
    if (response.status === 503) return "Too many dashboards are open on this gateway.";
    if (!response.ok || response.body === null) return `The gateway answered with status ${response.status}.`;
    const events = new EventStreamReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "The gateway has ended the connection.";
      this.#watch(aborter);
      for (const { name, data } of events.push(value)) {
        this.#retryMs = firstRetryMs;
        this.#listener.event(name, JSON.parse(data));
      }
    }
  }

  /** @param {AbortController} aborter */
  #watch(aborter) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => aborter.abort(), silenceMs);
  }

  /** @returns {Record<string, string>} */
  #headers() {
    return this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` };
  }
}
