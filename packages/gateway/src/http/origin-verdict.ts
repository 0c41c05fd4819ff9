import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { NegotiateOutcome } from "../upstream/upstream-negotiate.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";

interface Verdict {
  readonly outcome: Promise<NegotiateOutcome>;
  readonly expiresAtMs: number;
}

const maxVerdicts = 10_000;

/**
 * `authentication: origin` for hubs whose clients get no origin connection of their own: the origin is asked once per
 * credential and period whether it would take the client, so a log-in storm of anonymous clients costs it one request
 * (aggregation.md 5).
 */
export class OriginVerdict {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #negotiate: (as: UpstreamRequest) => Promise<NegotiateOutcome>;
  /** By digest, so that no credential is kept; oldest first. */
  readonly #verdicts = new Map<string, Verdict>();

  constructor(clock: Clock, ttlMs: number, negotiate: (as: UpstreamRequest) => Promise<NegotiateOutcome>) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#negotiate = negotiate;
  }

  /**
   * Calls for the same credential share one request, also while it is under way. No verdict outlives the credential, which
   * ends at `expiresAtMs` on the gateway's clock.
   */
  async of(as: UpstreamRequest, expiresAtMs = Number.POSITIVE_INFINITY): Promise<NegotiateOutcome> {
    const key = credentialDigest(as);
    const known = this.#verdicts.get(key);
    if (known !== undefined && known.expiresAtMs > this.#clock.now()) return known.outcome;
    const outcome = this.#negotiate(as);
    this.#remember(key, { outcome, expiresAtMs: Math.min(this.#clock.now() + this.#ttlMs, expiresAtMs) });
    if (!isVerdict(await outcome) && this.#verdicts.get(key)?.outcome === outcome) this.#verdicts.delete(key);
    return outcome;
  }

  #remember(key: string, verdict: Verdict): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    for (const oldest of this.#verdicts.keys()) {
      if (this.#verdicts.size <= maxVerdicts) return;
      this.#verdicts.delete(oldest);
    }
  }
}

/** An origin that cannot be reached, or has a fault of its own, has said nothing of the client. */
function isVerdict(outcome: NegotiateOutcome): boolean {
  return outcome.kind !== "unreachable" && !(outcome.kind === "refused" && outcome.status >= 500);
}

/** Headers that say something of the client program, not of who uses it. */
const notCredentials: ReadonlySet<string> = new Set([
  "accept-language",
  "origin",
  "user-agent",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-requested-with",
  "x-signalr-user-agent",
]);

/** Equal for everything equal by which an origin could tell users apart: query, cookies, and all other forwarded headers. */
export function credentialDigest({ query, headers }: UpstreamRequest): string {
  const credentials = Object.entries(headers)
    .filter(([name]) => !notCredentials.has(name))
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([query, credentials]))
    .digest("base64");
}
