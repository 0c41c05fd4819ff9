import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Clock } from "../clock.ts";
import type { Identity } from "../identity.ts";

export type TokenVerdict =
  | { readonly kind: "verified"; readonly identity: Identity }
  | { readonly kind: "invalid" }
  /** The issuer's keys cannot be had: nothing is known about the token. */
  | { readonly kind: "unavailable" };

export interface TokenVerifierParts {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the user. */
  readonly nameClaim: string;
  /** Finds the key for a token; throws the library's own error if there is none. */
  readonly getKey: JWTVerifyGetKey;
  readonly clock: Clock;
}

/** Signatures with a public key only: with a shared secret, whoever can verify tokens can also make them. */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** How far the issuer's clock may be ahead of ours. A token that has ended gets no grace. */
const clockToleranceSeconds = 30;

/** `authentication: jwt`: issuer, audience, signature and times of a token, which must name a user and an end. */
export class TokenVerifier {
  readonly #parts: TokenVerifierParts;

  constructor(parts: TokenVerifierParts) {
    this.#parts = parts;
  }

  async verify(token: string): Promise<TokenVerdict> {
    const { issuer, audience } = this.#parts;
    const options = { issuer, audience, algorithms, clockTolerance: clockToleranceSeconds };
    try {
      const { payload } = await verifyWithEveryKey(token, this.#getKey, options);
      return this.#identify(payload);
    } catch (error) {
      if (error instanceof KeysUnavailable) return { kind: "unavailable" };
      if (error instanceof errors.JOSEError) return { kind: "invalid" };
      throw error;
    }
  }

  #identify(claims: JWTPayload): TokenVerdict {
    const { clock, nameClaim } = this.#parts;
    const subject = claims[nameClaim];
    // A token without an end has none left.
    const remainingMs = (claims.exp ?? 0) * 1000 - Date.now();
    if (typeof subject !== "string" || subject === "" || remainingMs <= 0) return { kind: "invalid" };
    return { kind: "verified", identity: { subject, claims, expiresAtMs: clock.now() + remainingMs } };
  }

  readonly #getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.#parts.getKey(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw new KeysUnavailable("the issuer's keys cannot be had", { cause: error });
    }
  };
}

class KeysUnavailable extends Error {}

/** The token names a key or an algorithm that the issuer does not have, or leaves it open which of several it is. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** A token that does not name its key is tried with each that may be meant. */
async function verifyWithEveryKey(
  token: string,
  getKey: JWTVerifyGetKey,
  options: Parameters<typeof jwtVerify>[2],
): Promise<{ readonly payload: JWTPayload }> {
  try {
    return await jwtVerify(token, getKey, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (inner) {
        if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
