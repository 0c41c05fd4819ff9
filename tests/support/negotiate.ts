import { request } from "undici";

/** What a negotiate endpoint answered. */
export interface NegotiateAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The members of a successful answer. */
export interface Negotiated {
  readonly negotiateVersion: number;
  readonly connectionId: string;
  /** Absent in version 0. */
  readonly connectionToken?: string;
  readonly availableTransports: readonly { readonly transport: string; readonly transferFormats: readonly string[] }[];
}

export interface NegotiateOptions {
  /** Default `POST`. */
  readonly method?: "POST" | "GET" | "PUT" | "DELETE" | "HEAD" | "OPTIONS";
  /** Default `{ negotiateVersion: "1" }`. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks the negotiate endpoint of the hub at `hubUrl`, whatever the outcome. */
export async function askNegotiate(hubUrl: string, options: NegotiateOptions = {}): Promise<NegotiateAnswer> {
  const target = new URL(hubUrl);
  target.pathname = `${target.pathname.replace(/\/$/, "")}/negotiate`;
  for (const [name, value] of Object.entries(options.query ?? { negotiateVersion: "1" })) {
    target.searchParams.set(name, value);
  }
  const response = await request(target, {
    method: options.method ?? "POST",
    headers: { ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
}

/** Negotiates; rejects for anything but success. */
export async function negotiate(hubUrl: string, options: NegotiateOptions = {}): Promise<Negotiated> {
  const answer = await askNegotiate(hubUrl, options);
  const body = answer.status === 200 ? (JSON.parse(answer.text) as Partial<Negotiated>) : {};
  if (body.connectionId === undefined) throw new Error(`negotiate answered ${answer.status} ${answer.text}`);
  return body as Negotiated;
}
