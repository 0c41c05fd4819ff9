import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export const testIssuer = "https://login.example";
export const testAudience = "edge";

export interface TokenOptions {
  /** Default: a minute. */
  readonly expiresInSeconds?: number;
  /** Besides the usual ones, or instead of them; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Whoever issues the tokens of a test: one key pair, or several with time. */
export class TokenIssuer {
  readonly #privateKey: CryptoKey;
  /** Its public key. */
  readonly jwk: JWK;

  private constructor(privateKey: CryptoKey, jwk: JWK) {
    this.#privateKey = privateKey;
    this.jwk = jwk;
  }

  static async create(kid = "first", algorithm = "ES256"): Promise<TokenIssuer> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    return new TokenIssuer(privateKey, { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" });
  }

  /** The text of a JWKS with this key and more. */
  jwks(...others: readonly TokenIssuer[]): string {
    return JSON.stringify({ keys: [this, ...others].map(({ jwk }) => jwk) });
  }

  /** A token of the test's issuer for the test's audience. */
  sign(
    subject: string,
    { expiresInSeconds = 60, claims = {} }: TokenOptions = {},
    { withKeyId = true }: { readonly withKeyId?: boolean } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { alg = "", kid = "" } = this.jwk;
    const all = { iss: testIssuer, aud: testAudience, sub: subject, iat: now, exp: now + expiresInSeconds, ...claims };
    const header = { alg, typ: "JWT", ...(withKeyId ? { kid } : {}) };
    return new SignJWT(all).setProtectedHeader(header).sign(this.#privateKey);
  }
}
