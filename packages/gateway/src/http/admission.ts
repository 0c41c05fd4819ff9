import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { builtInForwardHeaders } from "../config/schema.ts";
import type { HubRuntime } from "../hub-runtime.ts";
import type { NegotiateOutcome, UpstreamTicket } from "../upstream/upstream-negotiate.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";
import { forwardRequest } from "./forward-request.ts";
import { OriginVerdict } from "./origin-verdict.ts";

/** Accepted clients of eager hubs come with their own id at the origin. */
export type AdmitOutcome =
  | { readonly kind: "accepted"; readonly ticket: UpstreamTicket | undefined }
  | Exclude<NegotiateOutcome, { kind: "accepted" }>;

/** Who may connect to one hub (aggregation.md 5, `authentication`). */
export class Admission {
  readonly runtime: HubRuntime;
  readonly #verdicts: OriginVerdict;

  constructor(runtime: HubRuntime, clock: Clock) {
    this.runtime = runtime;
    this.#verdicts = new OriginVerdict(clock, runtime.config.verdictTtlMs, (as) => runtime.negotiate(as));
  }

  /** What the origin is told of this client on its private upstream. */
  forward(request: IncomingMessage, query: string): UpstreamRequest {
    const names = [...builtInForwardHeaders, ...this.runtime.config.forwardHeaders];
    return forwardRequest(query, request.headers, names);
  }

  async admit(request: IncomingMessage, query: string): Promise<AdmitOutcome> {
    const { privateUpstream, authentication } = this.runtime.config;
    const as = this.forward(request, query);
    if (privateUpstream === "eager") return this.runtime.negotiate(as);
    if (authentication === "none") return { kind: "accepted", ticket: undefined };
    const outcome = await this.#verdicts.of(as);
    return outcome.kind === "accepted" ? { kind: "accepted", ticket: undefined } : outcome;
  }
}
