import { expect, test } from "vitest";
import { judgeRedirect } from "./judge-redirect.ts";

const [http, https] = ["http://origin/hub", "https://origin/hub"];
const hosts = ["service.example", "other.example:8443", "[::1]:5000"];

test.each([
  [https, "https://service.example/client?hub=odds"],
  [https, "https://SERVICE.example:443/client"],
  [https, "https://other.example:8443/client"],
  [http, "https://service.example/client"],
  [http, "http://service.example/client"],
  [http, "http://[::1]:5000/client"],
])("from %s a redirect to %s is followed", (from, to) => {
  expect(judgeRedirect(to, [from], hosts)).toEqual({ kind: "followed" });
});

test("the port of the scheme may be written in the list", () => {
  expect(judgeRedirect("https://service.example/", [https], ["service.example:443"])).toEqual({ kind: "followed" });
  expect(judgeRedirect("http://service.example/", [http], ["service.example:443"])).toMatchObject({ kind: "refused" });
});

test.each([
  [https, "http://service.example/client", "by http:"],
  [https, "https://other.example/client", "not in redirectHosts"],
  [https, "https://service.example:8443/client", "not in redirectHosts"],
  [https, "https://a.service.example/client", "not in redirectHosts"],
  [https, "https://user@service.example/client", "password"],
  [https, "javascript:alert(1)", "by javascript:"],
  [https, "//service.example/client", "no URL"],
  [https, "", "no URL"],
])("from %s a redirect to %s is refused", (from, to, reason) => {
  expect(judgeRedirect(to, [from], hosts)).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
});

test("without a list nothing is followed", () => {
  expect(judgeRedirect("https://service.example/", [https], undefined)).toMatchObject({ kind: "refused" });
});

test("a URL is asked once", () => {
  const url = "https://service.example/client";
  expect(judgeRedirect(url, [https, url], hosts)).toMatchObject({ reason: expect.stringContaining("circle") });
});

test("after https somewhere on the way there is no http any more", () => {
  const visited = [http, "https://service.example/a"];
  expect(judgeRedirect("http://service.example/b", visited, hosts)).toMatchObject({ kind: "refused" });
});
