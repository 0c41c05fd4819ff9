/** The user behind a request, from a token that the gateway has verified (`authentication: jwt`). */
export interface Identity {
  /** The claim that names the user: `sub`, or what `nameClaim` says. */
  readonly subject: string;
  /** All claims of the token. Look names up with `Object.hasOwn`: they come from configuration, and values may be anything. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the token ends, on the gateway's clock (monotonic milliseconds). */
  readonly expiresAtMs: number;
}

/** Whose a connection is: who made it, and until when that holds. */
export class Owner {
  /** Only with `authentication: jwt`, and then always. */
  readonly identity: Identity | undefined;
  /** Digest of the credentials that the connection was made with. */
  readonly credential: string;
  #expiresAtMs: number;

  constructor(identity: Identity | undefined, credential: string) {
    this.identity = identity;
    this.credential = credential;
    this.#expiresAtMs = identity?.expiresAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** A later request of the same user showed a token that may live longer. */
  renew(identity: Identity | undefined): void {
    if (identity !== undefined) this.#expiresAtMs = Math.max(this.#expiresAtMs, identity.expiresAtMs);
  }

  hasExpired(nowMs: number): boolean {
    return nowMs >= this.#expiresAtMs;
  }
}
