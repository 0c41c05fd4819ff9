/**
 * When a token ends, in Unix milliseconds, by the `exp` of a JWT (RFC 7519, 4.1.4). `undefined` for any other token, and for
 * one without an end. Nothing is verified: ask about tokens only that somebody else has accepted.
 */
export function tokenEnd(token: string): number | undefined {
  const [, payload, signature, ...more] = token.split(".");
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  const claims = parseJson(Buffer.from(payload, "base64url").toString("utf8"));
  const seconds = typeof claims === "object" && claims !== null && "exp" in claims ? claims.exp : undefined;
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** `undefined` for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an opaque token that happens to have two dots
  }
}
