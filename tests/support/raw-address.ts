import { type Negotiated, negotiate } from "./negotiate.ts";

export interface RawAddressOptions {
  /** The hub, with `http:`; its query goes to negotiate and to the transport. */
  readonly url: string;
  /** Default `v1`. `skip`: the transport is opened without an id. */
  readonly negotiate?: "v1" | "v0" | "skip";
  /** Used as it is, instead of negotiating. */
  readonly connectionToken?: string;
  /** Sent with negotiate and with every request of the transport. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a raw client opens its transport. */
export interface RawAddress {
  /** The hub with `?id=`, with `http:`. */
  readonly url: URL;
  /** As negotiated; `undefined` if it was not. */
  readonly connectionId: string | undefined;
  readonly connectionToken: string | undefined;
}

/** Negotiates, unless the options say otherwise. */
export async function findAddress(options: RawAddressOptions): Promise<RawAddress> {
  const negotiated = await negotiateAs(options);
  const connectionToken = options.connectionToken ?? negotiated?.connectionToken ?? negotiated?.connectionId;
  const url = new URL(options.url);
  if (connectionToken !== undefined) url.searchParams.set("id", connectionToken);
  return { url, connectionId: negotiated?.connectionId, connectionToken };
}

async function negotiateAs(options: RawAddressOptions): Promise<Negotiated | undefined> {
  const version = options.negotiate ?? "v1";
  if (version === "skip" || options.connectionToken !== undefined) return undefined;
  return negotiate(options.url, {
    headers: options.headers ?? {},
    query: version === "v1" ? { negotiateVersion: "1" } : {},
  });
}
