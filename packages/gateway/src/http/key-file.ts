import { readFile, stat } from "node:fs/promises";
import { createLocalJWKSet, type JWTVerifyGetKey } from "jose";
import { type KeySet, parseKeySet, readKeySetFile } from "../config/read-files.ts";
import type { Logger } from "../observe/log.ts";

/** How long the file is taken as unchanged before it is looked at again. */
const lookIntervalMs = 1000;

/** `jwksFile`: the issuer's keys, read again when the file changes. A file that cannot be read leaves the keys as they are. */
export class KeyFile {
  readonly #file: string;
  readonly #log: Logger;
  #find: JWTVerifyGetKey;
  /** Of the file as it was read. `undefined` until the first look, which reads it again. */
  #stamp: string | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isReported = false;

  /** Throws if the file cannot be read. */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    this.#find = finderOf(readKeySetFile(file));
  }

  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    await this.#look();
    return this.#find(header, token);
  };

  async #look(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < lookIntervalMs) return;
    this.#lookedAtMs = nowMs;
    try {
      const { mtimeMs, size, ino } = await stat(this.#file);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp) return;
      this.#find = finderOf(parseKeySet(await readFile(this.#file, "utf8"), this.#file));
      if (this.#stamp !== undefined) this.#log.info("keys.loaded", { source: this.#file });
      this.#stamp = stamp;
      this.#isReported = false;
    } catch (error) {
      if (!this.#isReported) this.#log.warn("keys.unavailable", { source: this.#file, reason: String(error) });
      this.#isReported = true;
    }
  }
}

function finderOf({ keys }: KeySet): JWTVerifyGetKey {
  return createLocalJWKSet({ keys: keys.map((key) => ({ ...key, kty: String(key.kty) })) });
}
