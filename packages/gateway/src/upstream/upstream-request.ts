/** As whom the gateway speaks to the origin: what it adds to the hub's URL and to the headers of each request. */
export interface UpstreamRequest {
  /** Query string without `?`, already encoded; may be empty. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where an origin's negotiate sent us: from then on this URL and this token stand in for the origin's and the client's. */
export interface Redirect {
  /** A hub URL, perhaps with a query of its own. */
  readonly url: string;
  readonly accessToken: string | undefined;
}

export interface Destination {
  /** The hub's URL without a query. */
  readonly hubUrl: string;
  readonly as: UpstreamRequest;
}

/**
 * What requests go to which hub URL. A redirect has a query of its own, and gets neither the client's query nor its
 * credentials (protocol.md 1.3): they were meant for the origin.
 */
export function destinationOf(origin: string, as: UpstreamRequest, redirect: Redirect | undefined): Destination {
  if (redirect === undefined) return { hubUrl: origin, as };
  const url = new URL(redirect.url);
  const { authorization: _token, cookie: _cookie, ...others } = as.headers;
  const { accessToken } = redirect;
  const headers = accessToken === undefined ? others : { ...others, authorization: `Bearer ${accessToken}` };
  return { hubUrl: url.origin + url.pathname, as: { query: url.search.slice(1), headers } };
}

/** `path` is appended to the hub's path, `query` parts that are empty are left out. */
export function upstreamUrl(hubUrl: string, path: string, ...query: readonly string[]): URL {
  const url = new URL(hubUrl);
  if (path !== "") url.pathname = url.pathname.replace(/\/$/, "") + path;
  url.search = query.filter((part) => part !== "").join("&");
  return url;
}
