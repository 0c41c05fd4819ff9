import { createLocalJWKSet, type JWTVerifyGetKey, SignJWT } from "jose";
import { beforeAll, expect, test, vi } from "vitest";
import type { Clock } from "../clock.ts";
import { TokenIssuer, testAudience, testIssuer } from "./token-issuer.testing.ts";
import { TokenVerifier } from "./token-verifier.ts";

const clock: Clock = { now: () => 5000, after: () => ({ cancel: () => undefined }), random: () => 0 };
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
let issuer: TokenIssuer;

beforeAll(async () => {
  issuer = await TokenIssuer.create();
});

function keysOf(...issuers: readonly TokenIssuer[]): JWTVerifyGetKey {
  return createLocalJWKSet({ keys: issuers.map(({ jwk }) => jwk) });
}

function verifier(settings: { nameClaim?: string; getKey?: JWTVerifyGetKey } = {}): TokenVerifier {
  const { nameClaim = "sub", getKey = keysOf(issuer) } = settings;
  return new TokenVerifier({ issuer: testIssuer, audience: testAudience, nameClaim, getKey, clock });
}

test("a good token names its user, has its claims, and ends when it says", async () => {
  const claims = { tier: "gold", roles: ["a", "b"] };
  const verdict = await verifier().verify(await issuer.sign("alice", { expiresInSeconds: 60, claims }));
  if (verdict.kind !== "verified") throw new Error(verdict.kind);
  expect(verdict.identity).toMatchObject({ subject: "alice", claims: { sub: "alice", ...claims } });
  // On the gateway's own clock; `exp` is in whole seconds.
  expect(verdict.identity.expiresAtMs - 5000).toBeGreaterThan(58_000);
  expect(verdict.identity.expiresAtMs - 5000).toBeLessThanOrEqual(60_000);
});

test.each(["RS256", "PS512", "ES384", "EdDSA"])("%s is a good signature", async (algorithm) => {
  const other = await TokenIssuer.create("key", algorithm);
  const verdict = await verifier({ getKey: keysOf(other) }).verify(await other.sign("alice"));
  expect(verdict.kind).toBe("verified");
});

test("a token that is made with a public key as secret is invalid", async () => {
  const rsa = await TokenIssuer.create("key", "RS256");
  const secret = new TextEncoder().encode(JSON.stringify(rsa.jwk));
  const claims = { iss: testIssuer, aud: testAudience, sub: "admin", exp: nowSeconds() + 60 };
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "key" }).sign(secret);
  expect(await verifier({ getKey: keysOf(rsa) }).verify(forged)).toEqual({ kind: "invalid" });
  // Even where keys are found that would fit.
  expect(await verifier({ getKey: async () => secret }).verify(forged)).toEqual({ kind: "invalid" });
});

test("another claim may name the user", async () => {
  const byEmail = verifier({ nameClaim: "email" });
  const token = await issuer.sign("42", { claims: { email: "alice@example.com" } });
  expect(await byEmail.verify(token)).toMatchObject({ identity: { subject: "alice@example.com" } });
  expect(await byEmail.verify(await issuer.sign("42"))).toEqual({ kind: "invalid" });
});

test.each([
  ["a number as user", { sub: 42 }],
  ["an empty user", { sub: "" }],
  ["no audience", { aud: undefined }],
  ["several audiences, none of them ours", { aud: ["shop", "blog"] }],
  ["an end that is no number", { exp: "tomorrow" }],
  ["an end that is now", { exp: nowSeconds() }],
])("a token with %s is invalid", async (_name, claims) => {
  expect(await verifier().verify(await issuer.sign("alice", { claims }))).toEqual({ kind: "invalid" });
});

test("one of several audiences is enough", async () => {
  const token = await issuer.sign("alice", { claims: { aud: ["shop", testAudience] } });
  expect((await verifier().verify(token)).kind).toBe("verified");
});

test("the issuer's clock may be a little ahead; a token that has ended gets no grace", async () => {
  const early = await issuer.sign("alice", { claims: { nbf: nowSeconds() + 20 } });
  expect((await verifier().verify(early)).kind).toBe("verified");
  const late = await issuer.sign("alice", { expiresInSeconds: 1 });
  vi.useFakeTimers({ now: Date.now() + 2000, toFake: ["Date"] });
  try {
    expect(await verifier().verify(late)).toEqual({ kind: "invalid" });
  } finally {
    vi.useRealTimers();
  }
});

test.each(["", "a", "a.b", "a.b.c", "a.b.c.d", ".", "..", "{}", "\u0000", "x".repeat(10_000)])(
  "%j is no token",
  async (text) => {
    expect(await verifier().verify(text)).toEqual({ kind: "invalid" });
  },
);

// Of the last character some bits mean nothing.
test("a token that was changed anywhere is invalid", async () => {
  const token = await issuer.sign("alice");
  for (let index = 0; index < token.length - 1; index += 7) {
    const changed = token.slice(0, index) + (token[index] === "A" ? "B" : "A") + token.slice(index + 1);
    if (changed !== token) expect(await verifier().verify(changed), `at ${index}`).toEqual({ kind: "invalid" });
  }
});

test("a token without a key id is tried with every key that may be meant", async () => {
  const [first, second] = [await TokenIssuer.create("first"), await TokenIssuer.create("second")];
  const nameless = await first.sign("alice", {}, { withKeyId: false });
  const stranger = await (await TokenIssuer.create("third")).sign("alice", {}, { withKeyId: false });
  const both = verifier({ getKey: keysOf(second, first) });
  expect((await both.verify(nameless)).kind).toBe("verified");
  expect(await both.verify(stranger)).toEqual({ kind: "invalid" });
});

test("without keys nothing is known about a token", async () => {
  const getKey: JWTVerifyGetKey = () => Promise.reject(new TypeError("fetch failed"));
  expect(await verifier({ getKey }).verify(await issuer.sign("alice"))).toEqual({ kind: "unavailable" });
});
