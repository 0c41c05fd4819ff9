import { queryValue } from "../../packages/gateway/src/demo/server/hub-request.ts";
import type { ContractMethods } from "./contract-method.ts";
import { contractMethod, text } from "./contract-method.ts";
import { arrayValue, recordValue } from "./dot-net-values.ts";
import { claimsOf } from "./test-token.ts";

/** What hub code sees of the connection and of the request that opened it. */
export const contextMethods: ContractMethods = {
  WhoAmI: contractMethod([], (context) => context.connectionId),
  UserName: contractMethod([], (context) => context.userIdentifier),
  QueryValue: contractMethod([text], (context, key) => queryValue(context.request.query, key)),
  HeaderValue: contractMethod([text], (context, key) => {
    const value = context.request.headers[key.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  }),
  CookieValue: contractMethod([text], (context, key) => cookieValue(context.request.headers.cookie ?? "", key)),
  Claims: contractMethod([], (context) =>
    arrayValue(claimsOf(context.userIdentifier, context.roles).map((claim) => recordValue({ ...claim }))),
  ),
};

function cookieValue(header: string, key: string): string | undefined {
  const cookies = header.split(";").map((cookie) => cookie.trim().split("=", 2));
  const value = cookies.find(([name]) => name === key)?.[1];
  return value === undefined ? undefined : decodeURIComponent(value);
}
