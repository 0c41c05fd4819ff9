import type { IncomingHttpHeaders } from "node:http";
import { everyHeader } from "../config/schema.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";
import type { ClientRoute } from "./trusted-proxies.ts";

/** Query parameters that belong to the client's leg alone. */
const ownParameters = new Set(["id", "negotiateversion", "usestatefulreconnect", "_"]);

/**
 * Headers that describe one leg, or that this gateway makes itself. What the client accepts is for the gateway to send: the
 * origin would take the upgrade of a client on Server-Sent Events for such a stream, and compress what is read here.
 */
const neverForwarded =
  /^(accept|accept-encoding|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-.*|expect|sec-websocket-.*|forwarded|x[-_]forwarded.*|x[-_]real[-_]ip|x[-_]signalr[-_]edge[-_]chain)$/;

/** What proxies tell an origin about the client; from anybody else it is an attempt to pose as one. */
const fromProxiesOnly =
  /^(cf[-_].*|true[-_]client[-_]ip|fastly[-_]client[-_]ip|x[-_](cluster[-_])?client[-_]ip|x[-_]original[-_].*)$/;

/** What the origin gets to see of a client: its query string less the gateway's own parameters, and the named headers. */
export function forwardRequest(
  query: string,
  headers: IncomingHttpHeaders,
  forwardHeaders: readonly string[],
  route: ClientRoute,
): UpstreamRequest {
  const names = forwardHeaders.includes(everyHeader) ? Object.keys(headers) : forwardHeaders;
  const forwarded: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value === undefined || neverForwarded.test(name)) continue;
    if (!route.isProxied && fromProxiesOnly.test(name)) continue;
    forwarded[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const parts = query.split("&").filter((part) => part !== "" && !ownParameters.has(parameterName(part)));
  return { query: parts.join("&"), headers: { ...forwarded, ...routeHeaders(route) } };
}

/** The one address is what an origin with the usual `ForwardLimit` of 1 reads. */
function routeHeaders({ address, scheme, host }: ClientRoute): Record<string, string> {
  return {
    ...(address === undefined ? {} : { "x-forwarded-for": address }),
    "x-forwarded-proto": scheme,
    ...(host === undefined ? {} : { "x-forwarded-host": host }),
  };
}

function parameterName(part: string): string {
  const name = part.split("=", 1)[0] ?? "";
  return (new URLSearchParams(name).keys().next().value ?? "").toLowerCase();
}
