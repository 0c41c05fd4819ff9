import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { CrossOrigin, type PageOrigin } from "./cross-origin.ts";
import type { ClientRoute } from "./trusted-proxies.ts";

function routeTo(host: string | undefined): ClientRoute {
  return { address: undefined, scheme: "http", host, isProxied: false };
}

function requestFrom(origin: string | undefined, method = "GET", headers: object = {}): IncomingMessage {
  const request: Pick<IncomingMessage, "method" | "headers"> = {
    method,
    headers: { ...(origin === undefined ? {} : { origin }), ...headers },
  };
  return request as IncomingMessage;
}

const listed = new CrossOrigin(["https://app.example", "capacitor://localhost"]);
const any = new CrossOrigin(["*"]);
const none = new CrossOrigin(undefined);

test.each<[CrossOrigin, string | undefined, string | undefined, PageOrigin]>([
  [listed, undefined, "edge", "none"],
  [listed, "https://app.example", "edge", "listed"],
  [listed, "capacitor://localhost", "edge", "listed"],
  [listed, "https://app.example.", "edge", "foreign"],
  [listed, "https://app.example, https://app.example", "edge", "foreign"],
  [listed, "", "edge", "foreign"],
  [listed, "null", "edge", "foreign"],
  [listed, "https://edge", "edge", "same"],
  [listed, "https://edge", "edge:443", "same"],
  [listed, "http://edge:8080", "EDGE:8080", "same"],
  [listed, "http://edge", "edge:8080", "foreign"],
  [listed, "https://edge", undefined, "foreign"],
  [listed, "https://edge@evil.example", "edge", "foreign"],
  [listed, "https://edge", "edge@evil.example", "foreign"],
  [listed, "file://", "", "foreign"],
  [any, "https://evil.example", "edge", "any"],
  [any, "null", "edge", "any"],
  [any, "https://edge", "edge", "same"],
  [none, "https://edge", "edge", "same"],
  [none, "https://app.example", "edge", "foreign"],
])("%#: a page from %s asking %s", (crossOrigin, origin, host, expected) => {
  expect(crossOrigin.pageOf(requestFrom(origin), routeTo(host))).toBe(expected);
});

test("an origin is echoed with credentials only if it is listed", () => {
  const headersFor = (crossOrigin: CrossOrigin, page: PageOrigin): object =>
    crossOrigin.headersFor(requestFrom("https://app.example"), page);
  const vary = { vary: "Origin" };
  expect(headersFor(none, "foreign")).toEqual({});
  for (const page of ["none", "same", "foreign"] as const) expect(headersFor(listed, page)).toEqual(vary);
  expect(headersFor(any, "any")).toEqual({ ...vary, "access-control-allow-origin": "*" });
  expect(headersFor(listed, "listed")).toEqual({
    ...vary,
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-credentials": "true",
  });
});

test("only OPTIONS with the method of a page is a preflight", () => {
  const asked = { "access-control-request-method": "POST" };
  const preflight = (method: string, headers: object, page: PageOrigin = "listed"): number | undefined =>
    listed.preflight(requestFrom("https://app.example", method, headers), page)?.status;
  expect(preflight("OPTIONS", asked)).toBe(204);
  expect(preflight("OPTIONS", {})).toBeUndefined();
  expect(preflight("POST", asked)).toBeUndefined();
  expect(preflight("OPTIONS", asked, "none")).toBeUndefined();
  expect(none.preflight(requestFrom("https://app.example", "OPTIONS", asked), "foreign")).toBeUndefined();
});
