import { isIP } from "node:net";
import type { AddressUse } from "../address-use.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";

/** A place for a connection that is being made. */
export interface AddressPlace extends AddressUse {
  readonly key: string;
}

export interface AddressTableParts {
  /** Read at each use: a reload changes it. */
  readonly limits: { readonly maxConnectionsPerAddress: number };
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two log lines about addresses with too many connections. */
const reportIntervalMs = 10_000;

export type TakenPlace =
  /** `place` is `undefined` for an address that is not bounded. */
  { readonly kind: "taken"; readonly place: AddressPlace | undefined } | { readonly kind: "full" };

/**
 * Who uses how much of this process, by the address that clients come from. Of IPv6 it is the first 64 bits, which is
 * what one customer gets. Loopback is not bounded: what comes from there is on this machine, or is a proxy that
 * `trustedProxies` should name.
 */
export class AddressTable {
  readonly #parts: AddressTableParts;
  readonly #byKey = new Map<string, AddressPlace>();
  /** By connection token. */
  readonly #byToken = new Map<string, AddressPlace>();
  #reportableAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: AddressTableParts) {
    this.#parts = parts;
  }

  /** Takes a place for a connection; `keep` or `giveBack` follows. */
  take(address: string | undefined): TakenPlace {
    const key = addressKey(address);
    if (key === undefined) return { kind: "taken", place: undefined };
    const entry = this.#byKey.get(key) ?? { key, connections: 0, groups: 0 };
    if (entry.connections >= this.#parts.limits.maxConnectionsPerAddress) return this.#refuse();
    entry.connections += 1;
    this.#byKey.set(key, entry);
    return { kind: "taken", place: entry };
  }

  /** The place is that of the connection with this token, until `release`. */
  keep(place: AddressPlace | undefined, token: string): void {
    if (place !== undefined) this.#byToken.set(token, place);
  }

  /** As `admission`; if that fails, the place is given back. */
  async hold<Outcome>(place: AddressPlace | undefined, admission: Promise<Outcome>): Promise<Outcome> {
    try {
      return await admission;
    } catch (error) {
      this.giveBack(place);
      throw error;
    }
  }

  /** There will be no connection. */
  giveBack(place: AddressPlace | undefined): void {
    if (place === undefined) return;
    place.connections -= 1;
    if (place.connections === 0) this.#byKey.delete(place.key);
  }

  of(token: string): AddressUse | undefined {
    return this.#byToken.get(token);
  }

  /** Nothing is left of the connection. */
  release(token: string): void {
    this.giveBack(this.#byToken.get(token));
    this.#byToken.delete(token);
  }

  get addressCount(): number {
    return this.#byKey.size;
  }

  /** The log has no addresses; what an operator can do about it is the same for all. */
  #refuse(): TakenPlace {
    const { metrics, limits, clock, log } = this.#parts;
    metrics.addressesRefused += 1;
    if (clock.now() >= this.#reportableAtMs) {
      this.#reportableAtMs = clock.now() + reportIntervalMs;
      const { maxConnectionsPerAddress } = limits;
      const reason = `${maxConnectionsPerAddress} connections of one address; if that is a proxy, name it in trustedProxies`;
      log.warn("address.refused", { reason });
    }
    return { kind: "full" };
  }
}

/** `undefined` for loopback, and for a socket that is gone already. */
export function addressKey(address: string | undefined): string | undefined {
  if (address === undefined || address === "::1" || address.startsWith("127.")) return undefined;
  return isIP(address) === 6 ? networkOf(address) : address;
}

/** The first four groups of an IPv6 address, in one spelling. */
function networkOf(address: string): string {
  const [plain = ""] = address.split("%");
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end stands for two groups.
  const length = (groups: readonly string[]) => groups.length + (groups.at(-1)?.includes(".") === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - length(before) - length(after);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
