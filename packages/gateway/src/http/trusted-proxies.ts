import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";

/** How a client reached the gateway, as far as trusted proxies tell. */
export interface ClientRoute {
  /** IP address of the client; `undefined` if its socket is gone already. */
  readonly address: string | undefined;
  readonly scheme: "http" | "https";
  /** Host (and port) that the client asked for. */
  readonly host: string | undefined;
  /** Whether a trusted proxy sent this request: only then its headers about the client mean anything. */
  readonly isProxied: boolean;
}

/**
 * `trustedProxies`: who may say for whom a request is. `X-Forwarded-For` is read from right to left, because everything
 * left of an untrusted address is what that address claims (reliability.md A3).
 */
export class TrustedProxies {
  readonly #trusted = new BlockList();

  /** Addresses and CIDR ranges, checked by the config. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = "", prefix] = range.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (prefix === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(prefix), family);
    }
  }

  routeOf(request: IncomingMessage): ClientRoute {
    const { headers, socket } = request;
    const peer = plainAddress(socket.remoteAddress);
    const scheme = (socket as TLSSocket).encrypted === true ? "https" : "http";
    if (peer === undefined || !this.#isTrusted(peer)) {
      return { address: peer, scheme, host: headers.host, isProxied: false };
    }
    const { address, hops } = this.#walk(peer, listOf(headers["x-forwarded-for"]));
    const forwardedScheme = entryOf(headers["x-forwarded-proto"], hops)?.toLowerCase();
    const forwardedHost = entryOf(headers["x-forwarded-host"], hops);
    return {
      address,
      scheme: forwardedScheme === "http" || forwardedScheme === "https" ? forwardedScheme : scheme,
      host: forwardedHost !== undefined && isHost(forwardedHost) ? forwardedHost : headers.host,
      isProxied: true,
    };
  }

  /** From the peer to the left, over every address that is trusted; what is no address ends the walk. */
  #walk(peer: string, forwardedFor: readonly string[]): { readonly address: string; readonly hops: number } {
    let address = peer;
    let hops = 0;
    while (hops < forwardedFor.length && this.#isTrusted(address)) {
      const next = plainAddress(forwardedFor[forwardedFor.length - 1 - hops]);
      if (next === undefined) break;
      address = next;
      hops += 1;
    }
    return { address, hops };
  }

  #isTrusted(address: string): boolean {
    return this.#trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  }
}

/** The list headers of several proxies have an entry per proxy, or one in all: what the outermost trusted one wrote. */
function entryOf(value: string | string[] | undefined, hops: number): string | undefined {
  const entries = listOf(value);
  return entries[Math.max(0, entries.length - Math.max(1, hops))];
}

function listOf(value: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text.split(",").flatMap((entry) => entry.trim() || []);
}

/** Without the port that some proxies add, and IPv4 in its own form. */
function plainAddress(value: string | undefined): string | undefined {
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(value ?? "")?.[1] ?? /^([\d.]+):\d+$/.exec(value ?? "")?.[1] ?? value ?? "";
  const address = bare.replace(/^::ffff:(?=[\d.]+$)/i, "");
  return isIP(address) === 0 ? undefined : address;
}

function isHost(value: string): boolean {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(value);
}
