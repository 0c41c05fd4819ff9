import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { UpstreamTicket } from "./upstream-negotiate.ts";
import { destinationOf, type UpstreamRequest, upstreamUrl } from "./upstream-request.ts";

export type DialOutcome =
  | { readonly kind: "opened"; readonly webSocket: WebSocket }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly contentType: string;
      readonly body: Buffer;
      /** `WWW-Authenticate`. */
      readonly challenge?: string;
    }
  | { readonly kind: "unreachable"; readonly reason: string };

export interface DialLimits {
  readonly closeTimeoutMs: number;
  readonly upstreamConnectTimeoutMs: number;
  readonly upstreamMaxMessageBytes: number;
}

const maxRefusalBytes = 65_536;

/** Opens the WebSocket of a negotiated id. Never rejects; an abort of `signal` counts as unreachable. */
export function dial(
  origin: string,
  as: UpstreamRequest,
  ticket: UpstreamTicket,
  limits: DialLimits,
  signal: AbortSignal,
): Promise<DialOutcome> {
  const to = destinationOf(origin, as, ticket.redirect);
  const url = upstreamUrl(to.hubUrl, "", to.as.query, `id=${encodeURIComponent(ticket.connectionToken)}`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  // Not written in place: the type definitions of `ws` do not know `closeTimeout` yet.
  const options = {
    headers: withCookie(to.as.headers, ticket.cookie),
    ...(ticket.ca === undefined ? {} : { ca: [...ticket.ca] }),
    handshakeTimeout: limits.upstreamConnectTimeoutMs,
    closeTimeout: limits.closeTimeoutMs,
    maxPayload: limits.upstreamMaxMessageBytes,
    perMessageDeflate: false,
    // `peek` checks UTF-8 of every frame that it accepts.
    skipUTF8Validation: true,
  };
  const webSocket = new WebSocket(url, options);
  return new Promise((resolve) => {
    const abort = (): void => webSocket.terminate();
    const settle = (outcome: DialOutcome): void => {
      signal.removeEventListener("abort", abort);
      resolve(outcome);
    };
    signal.addEventListener("abort", abort);
    webSocket.once("open", () => settle({ kind: "opened", webSocket }));
    webSocket.once("unexpected-response", (request, response) => {
      void readRefusal(response)
        .then(settle)
        .finally(() => request.destroy());
    });
    webSocket.on("error", (error) => settle({ kind: "unreachable", reason: error.message }));
    if (signal.aborted) abort();
  });
}

async function readRefusal(response: IncomingMessage): Promise<DialOutcome> {
  const status = response.statusCode ?? 502;
  // No refusal, and nothing that a client could be answered with: something there does not know WebSockets.
  if (status < 400) return { kind: "unreachable", reason: `it answered the upgrade with status ${status}` };
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxRefusalBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    return { kind: "unreachable", reason: String(error) };
  }
  const { "content-type": contentType = "", "www-authenticate": challenge } = response.headers;
  const shown = challenge === undefined ? {} : { challenge };
  return { kind: "refused", status, contentType, body: Buffer.concat(chunks), ...shown };
}

function withCookie(headers: Readonly<Record<string, string>>, cookie: string | undefined): Record<string, string> {
  if (cookie === undefined) return { ...headers };
  const own = headers.cookie;
  return { ...headers, cookie: own === undefined ? cookie : `${own}; ${cookie}` };
}
