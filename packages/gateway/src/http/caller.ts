import type { Credentials, Owner } from "../identity.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";

/** Who makes a request, and what the origin is told of it. */
export interface Caller extends Credentials {
  readonly as: UpstreamRequest;
  /** It is a gateway that asks, for clients of its own. */
  readonly isGateway: boolean;
}

/** Both users are verified, or there are none. */
export function isOtherUser(owner: Owner, caller: Caller): boolean {
  return owner.identity?.subject !== caller.identity?.subject;
}
