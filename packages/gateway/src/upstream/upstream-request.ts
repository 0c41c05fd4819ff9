/** As whom the gateway speaks to the origin: what it adds to the hub's URL and to the headers of each request. */
export interface UpstreamRequest {
  /** Query string without `?`, already encoded; may be empty. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `path` is appended to the hub's path, `query` parts that are empty are left out. */
export function upstreamUrl(origin: string, path: string, ...query: readonly string[]): URL {
  const url = new URL(origin);
  url.pathname = url.pathname.replace(/\/$/, "") + path;
  url.search = query.filter((part) => part !== "").join("&");
  return url;
}
