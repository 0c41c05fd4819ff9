import {
  nonIntegerVersionError,
  parseNegotiateVersion,
  type TransportName,
  writeNegotiateResponse,
} from "@signalr-edge/protocol";
import type { ConnectionTokens } from "./connection-tokens.ts";
import type { RoutedRequest } from "./hub-request.ts";
import { queryValue } from "./hub-request.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: "application/json" | "text/plain";
  readonly body: string;
}

/** The answer of a hub to anything but a WebSocket upgrade (protocol.md 1.2, 1.5 and 2.0). */
export function answerHubRequest(
  method: string,
  request: RoutedRequest & { readonly hubPath: string },
  tokens: ConnectionTokens,
  now: number,
): HttpAnswer {
  if (request.negotiate) return method === "POST" ? negotiate(request, tokens, now) : text(405);
  if (method !== "GET" && method !== "POST" && method !== "DELETE") return text(405);
  if (request.connectionToken === undefined) return text(400, "Connection ID required");
  switch (tokens.find(request.connectionToken, request.hubPath)) {
    case "unknown":
      return text(404, "No Connection with that ID");
    case "waiting":
      return method === "DELETE" ? cannotTerminate() : text(404, notSupported(transportOf(request)));
    case "attached":
      return answerBesideWebSocket(method);
  }
}

function negotiate(
  request: RoutedRequest & { readonly hubPath: string },
  tokens: ConnectionTokens,
  now: number,
): HttpAnswer {
  const asked = queryValue(request.hubRequest.query, "negotiateVersion");
  const version = parseNegotiateVersion(asked);
  if (version === undefined) return json(writeNegotiateResponse({ kind: "error", error: nonIntegerVersionError }));
  if (version < 0) {
    const error = `The client requested version '${version}', but the server does not support this version.`;
    return json(writeNegotiateResponse({ kind: "error", error }));
  }
  const answered = Math.min(version, 1);
  const ticket = tokens.issue(request.hubPath, answered, now);
  const webSockets = { transport: "WebSockets", transferFormats: ["Text", "Binary"] } as const;
  return json(
    writeNegotiateResponse({
      kind: "connection",
      version: answered,
      connectionId: ticket.connectionId,
      connectionToken: ticket.connectionToken,
      availableTransports: [webSockets],
      useStatefulReconnect: false,
    }),
  );
}

function answerBesideWebSocket(method: string): HttpAnswer {
  if (method === "POST") return text(405, "POST requests are not allowed for WebSocket connections.");
  if (method === "DELETE") return cannotTerminate();
  return text(400, "Cannot change transports mid-connection");
}

function transportOf({ hubRequest }: RoutedRequest): TransportName {
  return hubRequest.headers.accept?.includes("text/event-stream") ? "ServerSentEvents" : "LongPolling";
}

function notSupported(transport: TransportName): string {
  return `${transport} transport not supported by this end point type`;
}

function cannotTerminate(): HttpAnswer {
  return text(400, "Cannot terminate this connection using the DELETE endpoint.");
}

function json(body: string): HttpAnswer {
  return { status: 200, contentType: "application/json", body };
}

export function text(status: number, body = ""): HttpAnswer {
  return { status, contentType: "text/plain", body };
}
