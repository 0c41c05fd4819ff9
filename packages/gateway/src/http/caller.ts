import type { Identity, Owner } from "../identity.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";

/** Who makes a request, and what the origin is told of it. */
export interface Caller {
  readonly as: UpstreamRequest;
  /** Only with `authentication: jwt`, and then always. */
  readonly identity: Identity | undefined;
  /** Digest of the credentials as they came: the same for requests with the same ones, and for those with none. */
  readonly credential: string;
  /** It is a gateway that asks, for clients of its own. */
  readonly isGateway: boolean;
}

/** Both users are verified, or there are none. */
export function isOtherUser(owner: Owner, caller: Caller): boolean {
  return owner.identity?.subject !== caller.identity?.subject;
}
