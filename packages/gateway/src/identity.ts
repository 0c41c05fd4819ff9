/** The user behind a request, from a token that the gateway has verified (`authentication: jwt`). */
export interface Identity {
  /** The claim that names the user: `sub`, or what `nameClaim` says. */
  readonly subject: string;
  /** All claims of the token. Look names up with `Object.hasOwn`: they come from configuration, and values may be anything. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the token ends, on the gateway's clock (monotonic milliseconds). */
  readonly expiresAtMs: number;
}

/** Who makes a request, as far as the gateway goes by it. */
export interface Credentials {
  /** Only with `authentication: jwt`, and then always. */
  readonly identity: Identity | undefined;
  /** Digest of the credentials as they came: the same for requests with the same ones, and for those with none. */
  readonly credential: string;
  /** When the token ends, on the gateway's clock; `undefined` if it has no end that the gateway goes by. */
  readonly expiresAtMs: number | undefined;
}

/** Whose a connection is: who made it, and until when that holds. */
export class Owner {
  readonly identity: Identity | undefined;
  readonly credential: string;
  /** When the token with which the connection was made ends. Infinite: never. */
  readonly credentialExpiresAtMs: number;
  #expiresAtMs: number;

  constructor({ identity, credential, expiresAtMs }: Credentials) {
    this.identity = identity;
    this.credential = credential;
    this.credentialExpiresAtMs = expiresAtMs ?? Number.POSITIVE_INFINITY;
    this.#expiresAtMs = this.credentialExpiresAtMs;
  }

  /** A later request of the same user showed a token that may live longer. */
  renew({ expiresAtMs }: Credentials): void {
    if (expiresAtMs !== undefined) this.#expiresAtMs = Math.max(this.#expiresAtMs, expiresAtMs);
  }

  hasExpired(nowMs: number): boolean {
    return nowMs >= this.#expiresAtMs;
  }
}
