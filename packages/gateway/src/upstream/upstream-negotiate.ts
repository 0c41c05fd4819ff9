import { type NegotiateResponse, ProtocolError, parseNegotiateResponse } from "@signalr-edge/protocol";
import { type Dispatcher, request } from "undici";
import { type UpstreamRequest, upstreamUrl } from "./upstream-request.ts";

/** What the next hop said to a negotiate request. */
export type NegotiateOutcome =
  | { readonly kind: "accepted"; readonly ticket: UpstreamTicket }
  /** A status other than 200, to be shown to the client as it is: status and body end up in client error texts. */
  | { readonly kind: "refused"; readonly status: number; readonly contentType: string; readonly body: Buffer }
  /** 200 with `{"error"}`. */
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "unreachable"; readonly reason: string };

/** A negotiated id at the next hop. It expires there after about 15 s without a transport. */
export interface UpstreamTicket {
  /** What hubs see as `Context.ConnectionId`. */
  readonly connectionId: string;
  /** Secret for `?id=`. */
  readonly connectionToken: string;
  /** Affinity cookies to repeat on the transport's request, as a `Cookie` header value. */
  readonly cookie: string | undefined;
}

export interface NegotiateOptions {
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
}

const maxAnswerBytes = 65_536;

/** One negotiate request (version 1). Never throws. */
export async function negotiate(
  origin: string,
  as: UpstreamRequest,
  { dispatcher, timeoutMs }: NegotiateOptions,
): Promise<NegotiateOutcome> {
  try {
    const response = await request(upstreamUrl(origin, "/negotiate", as.query, "negotiateVersion=1"), {
      method: "POST",
      headers: as.headers,
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await readBody(response.body);
    if (response.statusCode !== 200) {
      const contentType = headerText(response.headers["content-type"]);
      return { kind: "refused", status: response.statusCode, contentType, body };
    }
    return readAnswer(parseNegotiateResponse(body.toString("utf8")), response.headers["set-cookie"]);
  } catch (error) {
    return { kind: "unreachable", reason: describe(error) };
  }
}

function readAnswer(response: NegotiateResponse, setCookie: string | string[] | undefined): NegotiateOutcome {
  switch (response.kind) {
    case "error":
      return { kind: "error", error: response.error };
    case "redirect":
      return { kind: "unreachable", reason: `it redirects to ${new URL(response.url).origin}, which is not followed` };
    case "connection": {
      if (!response.availableTransports.some(({ transport }) => transport === "WebSockets")) {
        return { kind: "unreachable", reason: "it does not offer the WebSockets transport" };
      }
      const connectionToken = response.connectionToken ?? response.connectionId;
      return {
        kind: "accepted",
        ticket: { connectionId: response.connectionId, connectionToken, cookie: cookiePairs(setCookie) },
      };
    }
  }
}

async function readBody(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxAnswerBytes)
      throw new ProtocolError("tooLarge", `negotiate answer exceeds ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `name=value` of each Set-Cookie, attributes left out. */
function cookiePairs(setCookie: string | string[] | undefined): string | undefined {
  if (setCookie === undefined) return undefined;
  const lines = Array.isArray(setCookie) ? setCookie : [setCookie];
  return lines.map((line) => line.split(";", 1)[0] ?? "").join("; ");
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

/** For the log: kind of failure, never the URL with its query. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${String(error.code)} ` : "";
  return `${code}${error.message}`;
}
