import type { IncomingMessage } from "node:http";

/** Paths are matched like ASP.NET routes: case does not matter, a trailing slash is tolerated. */
export function normalizePath(path: string): string {
  const lower = path.toLowerCase();
  return lower.endsWith("/") ? lower.slice(0, -1) : lower;
}

/** Path and query of a request target; both as sent. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Last value of a query parameter, names in any case as in ASP.NET Core; `undefined` if absent. */
export function queryValue(query: string, name: string): string | undefined {
  let value: string | undefined;
  for (const [key, text] of new URLSearchParams(query)) if (key.toLowerCase() === name.toLowerCase()) value = text;
  return value;
}

/** The `id` of a request. An empty one is none, as in ASP.NET Core. */
export function connectionIdOf(query: string): string | undefined {
  return queryValue(query, "id") || undefined;
}

/**
 * Whether this is a request as every client writes it. Two `Host` headers, or a target with a host of its own, are for a
 * proxy to disagree about with whoever is behind it.
 */
export function isPlainRequest({ url = "", rawHeaders }: IncomingMessage): boolean {
  let hostCount = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "host") hostCount += 1;
  }
  return url.startsWith("/") && hostCount <= 1;
}
