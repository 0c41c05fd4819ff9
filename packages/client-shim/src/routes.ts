/** Hub URLs that begin with `from` are reached at `to`. Both are `http(s)` URLs without query, with or without a slash at the end. */
export interface EdgeRoute {
  /** Beginning of the URLs that the application has, up to a `/` or all of it. In a page it may be relative to the page. */
  readonly from: string;
  /** What stands there instead. The rest of the path and the query are kept. */
  readonly to: string;
}

/** A route as it is compared: host in lower case, default port left out, no slash at the end of the path. */
export interface CompiledRoute {
  readonly fromHost: string;
  readonly fromPath: string;
  readonly toHost: string;
  readonly toPath: string;
}

/** The two absolute URLs of one hub. They are equal for a hub that no route names. */
export interface HubUrls {
  readonly origin: string;
  readonly gateway: string;
}

/** Throws an `Error` that names the field: `routes[0].to: "edge" is not an http(s) URL`. */
export function compileRoutes(routes: readonly EdgeRoute[]): CompiledRoute[] {
  return routes.map(({ from, to }, index) => {
    const source = readEnd(`routes[${index}].from`, from);
    const destination = readEnd(`routes[${index}].to`, to);
    return {
      fromHost: source.origin,
      fromPath: withoutSlash(source.pathname).toLowerCase(),
      toHost: destination.origin,
      toPath: withoutSlash(destination.pathname),
    };
  });
}

function readEnd(field: string, value: unknown): URL {
  const url = typeof value === "string" && value !== "" ? resolveUrl(value) : undefined;
  if (url === undefined) throw new Error(`${field}: ${JSON.stringify(value)} is not an http(s) URL`);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new Error(`${field}: ${value} must have no query, fragment or credentials`);
  }
  return url;
}

/** The hub's URLs by the first route that fits, or `undefined`. Paths are compared in any case, as ASP.NET Core does. */
export function mapUrl(routes: readonly CompiledRoute[], hubUrl: string): HubUrls | undefined {
  const url = resolveUrl(hubUrl);
  if (url === undefined) return undefined;
  const route = routes.find(({ fromHost, fromPath }) => fromHost === url.origin && startsWithPath(url, fromPath));
  if (route === undefined) return undefined;
  const rest = url.pathname.slice(route.fromPath.length);
  return { origin: url.href, gateway: `${route.toHost}${route.toPath}${rest}${url.search}${url.hash}` };
}

/** `/hubs` is the beginning of `/hubs` and `/hubs/odds`, not of `/hubs2`. */
function startsWithPath(url: URL, path: string): boolean {
  const pathname = url.pathname.toLowerCase();
  return pathname === path || pathname.startsWith(`${path}/`);
}

/** `undefined` for what is no `http(s)` URL. Relative ones are resolved where there is a page to resolve them against. */
export function resolveUrl(value: string): URL | undefined {
  const page = typeof document === "object" ? document.baseURI : undefined;
  try {
    const url = new URL(value, page);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    // The constructor is the only parser there is in every browser, and this is how it says no.
    return undefined;
  }
}

function withoutSlash(pathname: string): string {
  return pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
