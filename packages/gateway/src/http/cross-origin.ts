import type { IncomingMessage } from "node:http";
import type { HttpAnswer } from "./http-answer.ts";
import type { ClientRoute } from "./trusted-proxies.ts";

/**
 * Where the page comes from that makes a request:
 * - `none`: no browser, or a request that no page of another origin can make
 * - `same`: the page has the host that it asks
 * - `listed`: its origin is in `allowedOrigins`
 * - `any`: it is not, but `*` is: it may come, without credentials
 * - `foreign`: none of these
 */
export type PageOrigin = "none" | "same" | "listed" | "any" | "foreign";

/** What the TypeScript client sends (protocol.md 1.6); other headers are allowed as the preflight asks for them. */
const signalRHeaders = ["x-requested-with", "x-signalr-user-agent", "authorization", "content-type"];
/** As long as browsers keep it at most. */
const preflightMaxAgeSeconds = 7200;

/** Which web pages may use a hub: CORS, and the check of `Origin` that WebSockets need because CORS leaves them out. */
export class CrossOrigin {
  /** `undefined`: no CORS at all, as an origin without that middleware. */
  readonly #allowed: ReadonlySet<string> | undefined;

  constructor(allowedOrigins: readonly string[] | undefined) {
    this.#allowed = allowedOrigins === undefined ? undefined : new Set(allowedOrigins);
  }

  get isConfigured(): boolean {
    return this.#allowed !== undefined;
  }

  pageOf({ headers }: IncomingMessage, { host }: ClientRoute): PageOrigin {
    const { origin } = headers;
    if (origin === undefined) return "none";
    if (this.#allowed?.has(origin) === true) return "listed";
    if (isSameHost(origin, host)) return "same";
    return this.#allowed?.has("*") === true ? "any" : "foreign";
  }

  /** For every answer of the hub, whatever its status: without them a page sees `TypeError` instead of a 401. */
  headersFor({ headers }: IncomingMessage, page: PageOrigin): Readonly<Record<string, string>> {
    if (!this.isConfigured) return {};
    const vary = { vary: "Origin" };
    if (page === "any") return { ...vary, "access-control-allow-origin": "*" };
    if (page !== "listed" || headers.origin === undefined) return vary;
    return { ...vary, "access-control-allow-origin": headers.origin, "access-control-allow-credentials": "true" };
  }

  /**
   * The answer to a preflight, which carries no credentials and is therefore answered before anybody asks for some;
   * `undefined` for any other request. A page that may not come learns it from what is missing.
   */
  preflight({ method, headers }: IncomingMessage, page: PageOrigin): HttpAnswer | undefined {
    if (!this.isConfigured || method !== "OPTIONS" || page === "none") return undefined;
    if (headers["access-control-request-method"] === undefined) return undefined;
    const answer = { status: 204, contentType: "", body: "" };
    if (page === "foreign" || page === "same") return answer;
    return {
      ...answer,
      headers: {
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": allowedHeaders(headers["access-control-request-headers"]),
        "access-control-max-age": String(preflightMaxAgeSeconds),
      },
    };
  }
}

/** The hub may read any header, so a page may send any. */
function allowedHeaders(requested: string | string[] | undefined): string {
  const asked = String(requested ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  const names = new Set([...signalRHeaders, ...asked.filter((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name))]);
  return [...names].join(", ");
}

/** The scheme is not compared: a proxy that ends TLS may not have said that it did. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const asked = `${page.protocol}//${host}`;
  return page.host !== "" && URL.canParse(asked) && new URL(asked).host === page.host;
}
