import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { TrustedProxies } from "./trusted-proxies.ts";

const ranges = ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"];

/** The part of a request that is looked at. */
function requestFrom(
  remoteAddress: string | undefined,
  headers: IncomingHttpHeaders,
  encrypted = false,
): IncomingMessage {
  const request: Pick<IncomingMessage, "headers"> & { readonly socket: object } = {
    headers: { host: "edge:8080", ...headers },
    socket: { remoteAddress, ...(encrypted ? { encrypted } : {}) },
  };
  return request as IncomingMessage;
}

test.each([
  ["a client without proxies", "203.0.113.9", undefined, "203.0.113.9"],
  ["a client that names others", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
  ["a trusted proxy", "10.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["a trusted proxy that names nobody", "10.0.0.1", undefined, "10.0.0.1"],
  ["a chain of trusted proxies", "10.0.0.1", "198.51.100.1, 192.0.2.1, 10.9.9.9", "198.51.100.1"],
  ["a chain that begins with what the client made up", "10.0.0.1", "1.1.1.1, 198.51.100.1, 192.0.2.1", "198.51.100.1"],
  ["a chain of nobody but proxies", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ["an address that is none", "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
  ["an address that is none behind a good one", "10.0.0.1", "unknown, 10.0.0.2", "10.0.0.2"],
  ["empty places", "10.0.0.1", " , 198.51.100.1,, ", "198.51.100.1"],
  ["addresses with ports", "10.0.0.1", "198.51.100.1:4711, [fd00::2]:80", "198.51.100.1"],
  ["IPv6 proxies", "fd00::1", "2001:db8::1", "2001:db8::1"],
  ["IPv4 in IPv6", "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
  ["an IPv6 client", "2001:db8::1", "198.51.100.1", "2001:db8::1"],
  ["loopback", "::1", "198.51.100.1", "198.51.100.1"],
])("%s is found by reading from right to left", (_name, peer, forwardedFor, expected) => {
  const headers: IncomingHttpHeaders = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  expect(new TrustedProxies(ranges).routeOf(requestFrom(peer, headers)).address).toBe(expected);
});

test("nobody is trusted without a list", () => {
  const headers = { "x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https", "x-forwarded-host": "evil" };
  expect(new TrustedProxies([]).routeOf(requestFrom("127.0.0.1", headers))).toEqual({
    address: "127.0.0.1",
    scheme: "http",
    host: "edge:8080",
    isProxied: false,
  });
});

test.each([
  [{ "x-forwarded-proto": "https", "x-forwarded-host": "a.example" }, "https", "a.example"],
  [{ "x-forwarded-proto": "HTTPS" }, "https", "edge:8080"],
  [{ "x-forwarded-proto": "gopher", "x-forwarded-host": "a b" }, "http", "edge:8080"],
  [{ "x-forwarded-host": "evil.example/path" }, "http", "edge:8080"],
  [{}, "http", "edge:8080"],
  // Two trusted hops: the outer one wrote the left entry of each list, or the only one.
  [
    {
      "x-forwarded-for": "198.51.100.1, 10.0.0.2",
      "x-forwarded-proto": "https, http",
      "x-forwarded-host": "a.example, b.example",
    },
    "https",
    "a.example",
  ],
  [
    {
      "x-forwarded-for": "1.1.1.1, 198.51.100.1, 10.0.0.2",
      "x-forwarded-proto": "gopher, https, http",
      "x-forwarded-host": "evil.example, a.example, b.example",
    },
    "https",
    "a.example",
  ],
  [{ "x-forwarded-for": "198.51.100.1, 10.0.0.2", "x-forwarded-proto": "https" }, "https", "edge:8080"],
])("%j from a trusted proxy is %s and %s", (headers, scheme, host) => {
  const route = new TrustedProxies(ranges).routeOf(requestFrom("10.0.0.1", headers));
  expect([route.scheme, route.host, route.isProxied]).toEqual([scheme, host, true]);
});

test("an encrypted socket is https", () => {
  expect(new TrustedProxies([]).routeOf(requestFrom("198.51.100.1", {}, true)).scheme).toBe("https");
});

test("a socket that is gone has no address", () => {
  expect(new TrustedProxies(["0.0.0.0/0"]).routeOf(requestFrom(undefined, {})).address).toBeUndefined();
});
