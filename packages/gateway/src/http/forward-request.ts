import type { IncomingHttpHeaders } from "node:http";
import { everyHeader } from "../config/schema.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";

/** Query parameters that belong to the client's leg alone. */
const ownParameters = new Set(["id", "negotiateversion", "usestatefulreconnect", "_"]);

/** Headers that describe one leg, that this gateway makes itself, or that a client could use to pose as a proxy. */
const neverForwarded =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-.*|expect|sec-websocket-.*|forwarded|x-forwarded-.*|x-real-ip)$/;

/** What the origin gets to see of a client: its query string less the gateway's own parameters, and the named headers. */
export function forwardRequest(
  query: string,
  headers: IncomingHttpHeaders,
  forwardHeaders: readonly string[],
): UpstreamRequest {
  const names = forwardHeaders.includes(everyHeader) ? Object.keys(headers) : forwardHeaders;
  const forwarded: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value === undefined || neverForwarded.test(name)) continue;
    forwarded[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const parts = query.split("&").filter((part) => part !== "" && !ownParameters.has(parameterName(part)));
  return { query: parts.join("&"), headers: forwarded };
}

function parameterName(part: string): string {
  const name = part.split("=", 1)[0] ?? "";
  return (new URLSearchParams(name).keys().next().value ?? "").toLowerCase();
}
