import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { partitionClaims } from "../config/compile.ts";
import { builtInForwardHeaders, type HubConfig, hasRules } from "../config/schema.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import type { Owner } from "../identity.ts";
import type { Logger } from "../observe/log.ts";
import { chainHeader, loopStatus, maxChainLength, readChain, writeChain } from "../upstream/gateway-chain.ts";
import type { NegotiateOutcome, ShownNegotiateOutcome, UpstreamTicket } from "../upstream/upstream-negotiate.ts";
import { findToken, findTokens } from "./bearer-token.ts";
import { type Caller, isOtherUser } from "./caller.ts";
import { CrossOrigin, type PageOrigin } from "./cross-origin.ts";
import { forwardRequest } from "./forward-request.ts";
import { answers, type HttpAnswer } from "./http-answer.ts";
import { KeyFile } from "./key-file.ts";
import { KeyUrl } from "./key-url.ts";
import { credentialDigest, OriginVerdict } from "./origin-verdict.ts";
import { refusal } from "./refusal.ts";
import { tokenEnd } from "./token-end.ts";
import { type TokenVerdict, TokenVerifier } from "./token-verifier.ts";
import type { ClientRoute, TrustedProxies } from "./trusted-proxies.ts";

/** Accepted clients of eager hubs come with their own id at the origin. */
export type AdmitOutcome = Accepted | Exclude<NegotiateOutcome, { kind: "accepted" }>;

/** Of a client that can be sent elsewhere. */
export type ShownAdmitOutcome = Accepted | Exclude<ShownNegotiateOutcome, { kind: "accepted" }>;

type Accepted = { readonly kind: "accepted"; readonly ticket: UpstreamTicket | undefined };

export type Identified =
  | { readonly kind: "caller"; readonly caller: Caller }
  | { readonly kind: "refused"; readonly answer: HttpAnswer };

export interface AdmissionParts {
  readonly runtime: HubRuntime;
  /** What the runtime has, or is about to be adjusted to. */
  readonly config: HubConfig;
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A request to a hub before anything is known of who makes it. */
export interface Knock {
  readonly request: IncomingMessage;
  readonly query: string;
  readonly route: ClientRoute;
  readonly page: PageOrigin;
}

/** Who may connect to one hub, and as whom (aggregation.md 5, `authentication`). */
export class Admission {
  readonly runtime: HubRuntime;
  readonly crossOrigin: CrossOrigin;
  /** For `partitionBy`. */
  readonly partitionClaims: readonly string[];
  readonly #proxies: TrustedProxies;
  readonly #forwardHeaders: readonly string[];
  readonly #verdicts: OriginVerdict;
  readonly #tokens: TokenVerifier | undefined;
  readonly #clock: Clock;

  /** Throws an `Error` if the file with the keys for tokens cannot be read. */
  constructor({ runtime, config, proxies, clock, log }: AdmissionParts) {
    this.runtime = runtime;
    this.crossOrigin = new CrossOrigin(config.allowedOrigins);
    this.partitionClaims = partitionClaims(config);
    this.#proxies = proxies;
    this.#clock = clock;
    this.#verdicts = new OriginVerdict(clock, config.verdictTtlMs, (as) => runtime.negotiate(as));
    this.#tokens = createVerifier(config.authentication, clock, log);
    // An origin that checks where pages come from checks it on the client's own connection.
    const origin = config.privateUpstream === "eager" ? ["origin"] : [];
    this.#forwardHeaders = [...builtInForwardHeaders, ...origin, ...config.forwardHeaders];
  }

  receive(request: IncomingMessage, query: string): Knock {
    const route = this.#proxies.routeOf(request);
    return { request, query, route, page: this.crossOrigin.pageOf(request, route) };
  }

  /**
   * Whether a WebSocket may be opened from the page that asks. Without `allowedOrigins` that is up to the origin, which
   * sees the client's `Origin` on eager hubs; on others a foreign page must not use the cookies of its visitor.
   */
  mayUpgrade({ request, page }: Knock): boolean {
    if (page !== "foreign") return true;
    if (this.crossOrigin.isConfigured) return false;
    return this.runtime.config.privateUpstream === "eager" || request.headers.cookie === undefined;
  }

  /** Who asks. With `jwt` that is settled here for every request; otherwise it is the origin that knows. */
  async identify(knock: Knock): Promise<Identified> {
    const chain = readChain(knock.request.headers[chainHeader]);
    if (chain.includes(this.runtime.instanceId)) return { kind: "refused", answer: answers.loop };
    if (chain.length >= maxChainLength) return { kind: "refused", answer: answers.tooManyGateways };
    const as = this.#forward(knock, chain);
    const asked = { as, credential: credentialDigest(as), isGateway: chain.length > 0 };
    if (this.#tokens === undefined) {
      return { kind: "caller", caller: { ...asked, identity: undefined, expiresAtMs: this.#tokenEnd(knock) } };
    }
    const found = findToken(knock.request, knock.query);
    if (found.kind === "none") return { kind: "refused", answer: answers.noToken };
    if (found.kind === "ambiguous") return { kind: "refused", answer: answers.badToken };
    const verdict = await this.#tokens.verify(found.token);
    if (verdict.kind !== "verified") return { kind: "refused", answer: tokenRefusal(verdict) };
    const { identity } = verdict;
    return { kind: "caller", caller: { ...asked, identity, expiresAtMs: identity.expiresAtMs } };
  }

  /**
   * Whether somebody new may connect. A gateway is put to the next hop in any case: only there can a chain be seen to lead
   * back to it, because what its clients share here travels on by a connection of this gateway's own.
   */
  async admit({ as, isGateway, expiresAtMs }: Caller): Promise<AdmitOutcome> {
    const { privateUpstream, authentication } = this.runtime.config;
    if (privateUpstream === "eager") return this.runtime.negotiate(as);
    const accepted = { kind: "accepted", ticket: undefined } as const;
    if (authentication !== "origin" && !isGateway) return accepted;
    const outcome = await this.#verdicts.of(as, expiresAtMs);
    if (outcome.kind === "accepted") return accepted;
    return authentication !== "origin" && isAboutClient(outcome) ? accepted : outcome;
  }

  /**
   * As `admit`, for a negotiate request: with `redirects: show` the client itself is sent where the origin sends it. Such an
   * answer has a token in it that is meant for this client alone, so none is kept, and no two clients share a question.
   */
  async admitNegotiate(caller: Caller): Promise<ShownAdmitOutcome> {
    const { redirects, privateUpstream, path } = this.runtime.config;
    if (redirects === "follow") return this.admit(caller);
    const outcome = await this.runtime.negotiateShowing(caller.as, clientUrl(caller, path));
    if (outcome.kind !== "accepted" || privateUpstream === "eager") return outcome;
    return { kind: "accepted", ticket: undefined };
  }

  /**
   * Why a request may not use a connection; `undefined` if it may. Nobody gets at that of another verified user. Where the
   * origin knows the users, it is asked about credentials that the owner did not show: tokens are renewed while a
   * connection lives, and move from the header to the query.
   */
  async refuseUse(owner: Owner, caller: Caller): Promise<HttpAnswer | undefined> {
    if (isOtherUser(owner, caller)) return answers.unknownId;
    if (this.runtime.config.authentication !== "origin" || owner.credential === caller.credential) return undefined;
    const outcome = await this.#verdicts.of(caller.as, caller.expiresAtMs);
    return outcome.kind === "accepted" ? undefined : refusal(outcome);
  }

  /**
   * When a token ends that only the origin can verify, which it does by letting the client in. What the gateway shares with
   * a client ends then, because the origin does not see it; a client that is alone on its connection is the origin's own
   * business. A token that has ended already is none of which the origin keeps the time. Of several tokens the gateway does
   * not know which one counts, so none may outlive another.
   */
  #tokenEnd({ request, query }: Knock): number | undefined {
    const { config } = this.runtime;
    if (config.authentication !== "origin" || !hasRules(config)) return undefined;
    const remaining = [...findTokens(request, query)].flatMap((token) => {
      const endsAt = tokenEnd(token);
      return endsAt === undefined || endsAt <= Date.now() ? [] : [endsAt - Date.now()];
    });
    return remaining.length === 0 ? undefined : this.#clock.now() + Math.min(...remaining);
  }

  /** What the origin is told of this client. A page that comes by `*` comes without credentials. */
  #forward({ request, query, route, page }: Knock, chain: readonly string[]): Caller["as"] {
    const forwarded = forwardRequest(query, request.headers, this.#forwardHeaders, route);
    const as = { ...forwarded, headers: { ...forwarded.headers, ...writeChain(chain, this.runtime.instanceId) } };
    if (page !== "any") return as;
    const { cookie: _cookie, ...headers } = as.headers;
    return { ...as, headers };
  }
}

/** Where a client asked, as far as is known. */
function clientUrl({ as }: Caller, path: string): string | undefined {
  const { "x-forwarded-proto": scheme, "x-forwarded-host": host } = as.headers;
  const url = `${scheme}://${host}${path}`;
  return host !== undefined && URL.canParse(url) ? url : undefined;
}

function createVerifier(
  authentication: HubConfig["authentication"],
  clock: Clock,
  log: Logger,
): TokenVerifier | undefined {
  if (typeof authentication !== "object") return undefined;
  const { jwksFile, jwksUrl, ...expected } = authentication.jwt;
  if (jwksFile !== undefined) {
    return new TokenVerifier({ ...expected, getKey: new KeyFile(jwksFile, log).getKey, clock });
  }
  if (jwksUrl === undefined) throw new Error("jwt without jwksFile and jwksUrl; the config was not validated");
  return new TokenVerifier({ ...expected, getKey: new KeyUrl(jwksUrl, log).getKey, clock });
}

/** The next hop answered, and what it refuses is the client: that is up to this gateway where it knows its users. */
function isAboutClient(outcome: Exclude<NegotiateOutcome, { kind: "accepted" }>): boolean {
  return outcome.kind === "error" || (outcome.kind === "refused" && outcome.status !== loopStatus);
}

function tokenRefusal(verdict: Exclude<TokenVerdict, { kind: "verified" }>): HttpAnswer {
  return verdict.kind === "invalid" ? answers.badToken : answers.noKeys;
}
