import { type NegotiateResponse, ProtocolError, parseNegotiateResponse } from "@signalr-edge/protocol";
import { type Dispatcher, request } from "undici";
import { judgeRedirect } from "./judge-redirect.ts";
import {
  type Destination,
  destinationOf,
  type Redirect,
  type UpstreamRequest,
  upstreamUrl,
} from "./upstream-request.ts";

/** What the next hop said to a negotiate request. */
export type NegotiateOutcome =
  | { readonly kind: "accepted"; readonly ticket: UpstreamTicket }
  /** A status other than 200, to be shown to the client as it is: status and body end up in client error texts. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly contentType: string;
      readonly body: Buffer;
      /** `WWW-Authenticate` of a 401. */
      readonly challenge?: string;
    }
  /** 200 with `{"error"}`. */
  | { readonly kind: "error"; readonly error: string }
  /** `redirectHost`: it can be reached, but sends us to a host where we do not go. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly redirectHost?: string };

/** What the next hop said to a negotiate request whose redirects are for the client (`redirects: show`). */
export type ShownNegotiateOutcome =
  | NegotiateOutcome
  /** The whole answer with the new URL and a token for this one client, to be shown to it as it is and to nobody else. */
  | { readonly kind: "redirected"; readonly contentType: string; readonly body: Buffer };

/** A negotiated id at the next hop. It expires there after about 15 s without a transport. */
export interface UpstreamTicket {
  /** What hubs see as `Context.ConnectionId`. */
  readonly connectionId: string;
  /** Secret for `?id=`. */
  readonly connectionToken: string;
  /** Affinity cookies to repeat on the transport's request, as a `Cookie` header value. */
  readonly cookie: string | undefined;
  /** The id is valid there and not at the origin. Absent: it is the origin's. */
  readonly redirect?: Redirect;
  /** PEM certificates that the id's host may be signed by. Absent: those that come with Node. */
  readonly ca?: readonly string[];
}

export interface NegotiateOptions {
  readonly dispatcher: Dispatcher;
  /** For all redirects together. */
  readonly timeoutMs: number;
  /** Where redirects may lead: `host` or `host:port`, lower case. Absent: nowhere. */
  readonly redirectHosts?: readonly string[];
  /** For the ticket; the dispatcher has its own. */
  readonly ca?: readonly string[];
}

type Answer =
  | Exclude<NegotiateOutcome, { kind: "accepted" }>
  | {
      readonly kind: "answered";
      readonly response: NegotiateResponse;
      readonly cookie: string | undefined;
      readonly contentType: string;
      readonly body: Buffer;
    };

const maxAnswerBytes = 65_536;

/** Negotiates (version 1), and again wherever the answers lead. Never throws. */
export async function negotiate(
  origin: string,
  as: UpstreamRequest,
  options: NegotiateOptions,
): Promise<NegotiateOutcome> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  const visited = [origin];
  let redirect: Redirect | undefined;
  for (;;) {
    const answer = await ask(destinationOf(origin, as, redirect), options.dispatcher, signal);
    if (answer.kind !== "answered") return answer;
    const { response, cookie } = answer;
    if (response.kind === "error") return response;
    if (response.kind === "connection") return accept(response, cookie, redirect, options);
    const refusal = refuseRedirect(response.url, visited, options);
    if (refusal !== undefined) return refusal;
    visited.push(response.url);
    // A next hop that gives no token leaves us with the last one that was given.
    redirect = { url: response.url, accessToken: response.accessToken ?? redirect?.accessToken };
  }
}

/**
 * As `negotiate`, but follows nothing: a redirect to where the gateway would follow is the outcome. `clientUrl` is where
 * the client asked, `undefined` if that is not known; it must not be sent there again, nor from https to http.
 */
export async function negotiateShowing(
  origin: string,
  as: UpstreamRequest,
  options: NegotiateOptions,
  clientUrl: string | undefined,
): Promise<ShownNegotiateOutcome> {
  const answer = await ask({ hubUrl: origin, as }, options.dispatcher, AbortSignal.timeout(options.timeoutMs));
  if (answer.kind !== "answered") return answer;
  const { response, cookie, contentType, body } = answer;
  if (response.kind === "error") return response;
  if (response.kind === "connection") return accept(response, cookie, undefined, options);
  for (const askedAt of [origin, ...(clientUrl === undefined ? [] : [clientUrl])]) {
    const refusal = refuseRedirect(response.url, [askedAt], options);
    if (refusal !== undefined) return refusal;
  }
  return { kind: "redirected", contentType, body };
}

function refuseRedirect(
  target: string,
  visited: readonly string[],
  { redirectHosts }: NegotiateOptions,
): (NegotiateOutcome & { readonly kind: "unreachable" }) | undefined {
  const verdict = judgeRedirect(target, visited, redirectHosts);
  if (verdict.kind === "followed") return undefined;
  return { kind: "unreachable", reason: verdict.reason, redirectHost: verdict.host };
}

async function ask({ hubUrl, as }: Destination, dispatcher: Dispatcher, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await request(upstreamUrl(hubUrl, "/negotiate", as.query, "negotiateVersion=1"), {
      method: "POST",
      headers: as.headers,
      dispatcher,
      signal,
    });
    const body = await readBody(response.body);
    const { headers, statusCode: status } = response;
    const contentType = headerText(headers["content-type"]);
    if (status !== 200) {
      const challenge = headers["www-authenticate"];
      const shown = challenge === undefined ? {} : { challenge: headerText(challenge) };
      return { kind: "refused", status, contentType, body, ...shown };
    }
    const cookie = cookiePairs(headers["set-cookie"]);
    const parsed = parseNegotiateResponse(body.toString("utf8"));
    return { kind: "answered", response: parsed, cookie, contentType, body };
  } catch (error) {
    return { kind: "unreachable", reason: describe(error) };
  }
}

function accept(
  { availableTransports, connectionId, connectionToken }: NegotiateResponse & { readonly kind: "connection" },
  cookie: string | undefined,
  redirect: Redirect | undefined,
  { ca }: NegotiateOptions,
): NegotiateOutcome {
  if (!availableTransports.some(({ transport }) => transport === "WebSockets")) {
    return { kind: "unreachable", reason: "it does not offer the WebSockets transport" };
  }
  const way = { cookie, ...(redirect === undefined ? {} : { redirect }), ...(ca === undefined ? {} : { ca }) };
  return { kind: "accepted", ticket: { connectionId, connectionToken, ...way } };
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
  return (Array.isArray(value) ? value.join(", ") : value) ?? "";
}

/** For the log: kind of failure, never the URL with its query. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${String(error.code)} ` : "";
  return `${code}${error.message}`;
}
