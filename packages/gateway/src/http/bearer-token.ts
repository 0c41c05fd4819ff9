import type { IncomingMessage } from "node:http";

/**
 * The one access token of a request: from the header, or from the query, where browsers put it for WebSockets and
 * Server-Sent Events (protocol.md 9). `ambiguous` if there are several and they differ: the origin might go by another
 * one than the gateway.
 */
export type FoundToken =
  | { readonly kind: "found"; readonly token: string }
  | { readonly kind: "none" }
  | { readonly kind: "ambiguous" };

export function findToken(request: IncomingMessage, query: string): FoundToken {
  const tokens = findTokens(request, query);
  const [token] = tokens;
  if (token === undefined) return { kind: "none" };
  return tokens.size === 1 ? { kind: "found", token } : { kind: "ambiguous" };
}

/** All access tokens of a request. */
export function findTokens({ headers }: IncomingMessage, query: string): ReadonlySet<string> {
  const tokens = new Set<string>();
  const [, fromHeader] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "") ?? [];
  if (fromHeader !== undefined) tokens.add(fromHeader);
  for (const [name, value] of new URLSearchParams(query)) {
    if (name.toLowerCase() === "access_token" && value !== "") tokens.add(value);
  }
  return tokens;
}
