import type { Authentication, HubRequest } from "../../packages/gateway/src/demo/server/hub-definition.ts";
import { queryValue } from "../../packages/gateway/src/demo/server/hub-request.ts";

export interface ClaimValue {
  readonly type: string;
  readonly value: string;
}

const anonymous = { kind: "identity", userIdentifier: undefined, roles: [] } as const;

/**
 * The token `user:NAME` or `user:NAME:role,role`, as a bearer header or in the query as `access_token`. Anything else in
 * the place of a token is as good as none.
 */
export function identify({ headers, query }: HubRequest): Authentication & { readonly kind: "identity" } {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  const [scheme, name, roles, ...rest] = (bearer ?? queryValue(query, "access_token") ?? "").split(":");
  if (scheme !== "user" || name === undefined || name === "" || rest.length > 0) return anonymous;
  return { kind: "identity", userIdentifier: name, roles: (roles ?? "").split(",").filter((role) => role !== "") };
}

/** 401 for anonymous requests, 403 for a user with the role `banned`. */
export function identifyMember(request: HubRequest): Authentication {
  const identity = identify(request);
  if (identity.userIdentifier === undefined) return { kind: "refused", status: 401 };
  return identity.roles.includes("banned") ? { kind: "refused", status: 403 } : identity;
}

export function claimsOf(userIdentifier: string | undefined, roles: readonly string[]): readonly ClaimValue[] {
  if (userIdentifier === undefined) return [];
  const name = {
    type: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
    value: userIdentifier,
  };
  const roleType = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
  return [name, ...roles.map((role) => ({ type: roleType, value: role }))];
}
