import { expect, test } from "vitest";
import { everyHeader } from "../config/schema.ts";
import { forwardRequest } from "./forward-request.ts";
import type { ClientRoute } from "./trusted-proxies.ts";

/** Straight from the client, over a connection that shows nothing of it. */
const direct: ClientRoute = { isProxied: false, address: undefined, scheme: "http", host: undefined };

/** Headers that tell the origin of the client's own leg, made by the gateway itself. */
const route = { "x-forwarded-proto": "http" };

test("the origin gets the named headers of the client and no others", () => {
  const headers = { authorization: "Bearer s", "x-brand": "blue", "user-agent": "u", cookie: "a=1; b=2" };
  expect(forwardRequest("", headers, ["authorization", "cookie", "x-brand", "x-absent"], direct).headers).toEqual({
    authorization: "Bearer s",
    cookie: "a=1; b=2",
    "x-brand": "blue",
    ...route,
  });
});

test("a header that came several times is one list", () => {
  expect(forwardRequest("", { "x-tag": ["a", "b"] }, ["x-tag"], direct).headers).toEqual({ "x-tag": "a, b", ...route });
});

test.each([
  "host",
  "connection",
  "keep-alive",
  "upgrade",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "content-type",
  "expect",
  "proxy-authorization",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-real-ip",
  "x-signalr-edge-chain",
])("%s is never forwarded, named or not: it belongs to one leg, or a client could pose as a proxy with it", (name) => {
  const headers = { [name]: "1", "x-own": "2" };
  expect(forwardRequest("", headers, [name, "x-own"], direct).headers).toEqual({ "x-own": "2", ...route });
  expect(forwardRequest("", headers, [everyHeader], direct).headers).toEqual({ "x-own": "2", ...route });
});

test.each(["cf-connecting-ip", "true-client-ip", "x-client-ip", "x-original-for"])(
  "%s is forwarded from a trusted proxy, and not from a client that poses as one",
  (name) => {
    const headers = { [name]: "203.0.113.7" };
    const proxied: ClientRoute = { ...direct, isProxied: true };
    expect(forwardRequest("", headers, [everyHeader], proxied).headers).toEqual({ ...headers, ...route });
    expect(forwardRequest("", headers, [everyHeader], direct).headers).toEqual(route);
  },
);

test("the origin is told the client's address, scheme and host, whatever the client says of them", () => {
  const headers = { "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" };
  const known: ClientRoute = { isProxied: true, address: "203.0.113.7", scheme: "https", host: "edge.example" };
  expect(forwardRequest("", headers, [everyHeader], known).headers).toEqual({
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "edge.example",
  });
});

test("with * every header that describes the client is forwarded", () => {
  const headers = { "accept-language": "de", "x-anything": "1", host: "edge" };
  expect(forwardRequest("", headers, [everyHeader], direct).headers).toEqual({
    "accept-language": "de",
    "x-anything": "1",
    ...route,
  });
});

test.each([
  ["id=secret&market=uk", "market=uk"],
  ["ID=secret&market=uk", "market=uk"],
  ["%69d=secret&market=uk", "market=uk"],
  ["negotiateVersion=1&access_token=a%20b", "access_token=a%20b"],
  ["useStatefulReconnect=true&_=171234&x=1", "x=1"],
  ["x=a+b&y=%C3%A4&z", "x=a+b&y=%C3%A4&z"],
  ["identity=1", "identity=1"],
  ["&&x=1&", "x=1"],
  ["", ""],
])("of the query %s the origin gets %s, as it was written", (query, expected) => {
  expect(forwardRequest(query, {}, [], direct).query).toBe(expected);
});
