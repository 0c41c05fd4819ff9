import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import type { Logger } from "../observe/log.ts";

const fetchTimeoutMs = 5000;
/** Between two fetches for the sake of an unknown key id, which anybody can make up. */
const unknownKeyIntervalMs = 30_000;
const maxAgeMs = 600_000;

/**
 * `jwksUrl`: the issuer's keys, fetched for the first token, for a key that is not known, and every ten minutes in the
 * background. While the issuer cannot be reached, the keys that are known stay good: its outage must not be ours.
 */
export class KeyUrl {
  /** For the log: a query may hold a credential. */
  readonly #source: string;
  readonly #log: Logger;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #refreshedAtMs: number | undefined;
  #isReported = false;

  constructor(url: string, log: Logger) {
    const { href, origin, pathname } = new URL(url);
    this.#source = origin + pathname;
    this.#log = log;
    this.#keys = createRemoteJWKSet(new URL(href), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: unknownKeyIntervalMs,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
  }

  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    const nowMs = performance.now();
    if (this.#keys.jwks() === undefined) await this.#refresh();
    else if (this.#refreshedAtMs === undefined || nowMs - this.#refreshedAtMs >= maxAgeMs) {
      this.#refreshedAtMs = nowMs;
      this.#refresh().catch(() => undefined); // reported there; the next one is due in ten minutes
    }
    return this.#keys(header, token);
  };

  async #refresh(): Promise<void> {
    try {
      await this.#keys.reload();
      this.#refreshedAtMs = performance.now();
      this.#isReported = false;
    } catch (error) {
      if (!this.#isReported) this.#log.warn("keys.unavailable", { source: this.#source, reason: reasonOf(error) });
      this.#isReported = true;
      throw error;
    }
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
