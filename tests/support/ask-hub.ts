import { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";

export interface AskHubOptions {
  /** Default `GET`. */
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes go with a Content-Length, a stream goes in chunks. No Content-Type is added to either. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Breaks the request off. */
  readonly signal?: AbortSignal;
}

/** A whole answer of a hub endpoint. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

/** One request to a hub endpoint, whatever the outcome. Without a time limit: a poll may be held for long. */
export async function askHub(url: string | URL, options: AskHubOptions = {}): Promise<HubAnswer> {
  const { method = "GET", headers = {}, body, signal } = options;
  const response = await request(url, {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body: isStream(body) ? Readable.from(body) : Buffer.from(body) }),
    ...(signal === undefined ? {} : { signal }),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const bytes = Buffer.from(await response.body.arrayBuffer());
  return { status: response.statusCode, headers: response.headers, body: bytes, text: bytes.toString() };
}

function isStream(body: NonNullable<AskHubOptions["body"]>): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}
