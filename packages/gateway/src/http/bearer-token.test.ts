import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { findToken } from "./bearer-token.ts";

function find(authorization: string | undefined, query = "") {
  const headers: IncomingHttpHeaders = authorization === undefined ? {} : { authorization };
  const request: Pick<IncomingMessage, "headers"> = { headers };
  return findToken(request as IncomingMessage, query);
}

test.each([
  ["Bearer a.b.c", "", "a.b.c"],
  ["bearer a.b.c", "", "a.b.c"],
  ["BEARER   a.b.c  ", "", "a.b.c"],
  [undefined, "access_token=a.b.c", "a.b.c"],
  [undefined, "x=1&Access_Token=a%2Bb&id=2", "a+b"],
  [undefined, "access_token=&access_token=a", "a"],
  ["Bearer a", "access_token=a", "a"],
  ["Basic dXNlcg==", "access_token=a", "a"],
])("of %s and the query %s the token is %s", (authorization, query, token) => {
  expect(find(authorization, query)).toEqual({ kind: "found", token });
});

test.each([
  [undefined, ""],
  [undefined, "token=a"],
  [undefined, "access_token="],
  ["Basic dXNlcg==", ""],
  ["Bearer", ""],
  ["Bearer ", ""],
  ["Bearer a b", ""],
  ["a.b.c", ""],
])("%s and the query %s have none", (authorization, query) => {
  expect(find(authorization, query)).toEqual({ kind: "none" });
});

test.each([
  ["Bearer a", "access_token=b"],
  [undefined, "access_token=a&access_token=b"],
  [undefined, "access_token=a&ACCESS_TOKEN=b"],
])("%s and the query %s contradict each other", (authorization, query) => {
  expect(find(authorization, query)).toEqual({ kind: "ambiguous" });
});
