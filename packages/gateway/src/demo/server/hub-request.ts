import type { IncomingMessage } from "node:http";
import type { HubRequest } from "./hub-definition.ts";

/** A request of a client, taken apart. */
export interface RoutedRequest {
  /** Of the hub, as it was defined; `undefined` if no hub is meant. */
  readonly hubPath: string | undefined;
  readonly negotiate: boolean;
  /** Connection token, from `?id=`. */
  readonly connectionToken: string | undefined;
  readonly hubRequest: HubRequest;
}

const negotiateSuffix = "/negotiate";

/** Routes as ASP.NET Core does: in any case, with or without a trailing slash. `hubPaths` maps lower case to defined. */
export function routeRequest(request: IncomingMessage, hubPaths: ReadonlyMap<string, string>): RoutedRequest {
  const url = new URL(request.url ?? "/", "http://origin");
  const path = url.pathname.toLowerCase().replace(/\/$/, "");
  const negotiate = path.endsWith(negotiateSuffix);
  const hubPath = hubPaths.get(negotiate ? path.slice(0, -negotiateSuffix.length) : path);
  return {
    hubPath,
    negotiate,
    connectionToken: queryValue(url.searchParams, "id"),
    hubRequest: { path: url.pathname, query: url.searchParams, headers: request.headers },
  };
}

/** Query names have no case in ASP.NET Core. */
export function queryValue(query: URLSearchParams, name: string): string | undefined {
  for (const [key, value] of query) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return undefined;
}
