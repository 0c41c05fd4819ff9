import { expect, test } from "vitest";
import { compileRoutes, mapUrl } from "./routes.ts";

const origin = "https://origin.example.com";
const edge = "https://edge.example.com";

function gatewayOf(from: string, to: string, url: string): string | undefined {
  return mapUrl(compileRoutes([{ from, to }]), url)?.gateway;
}

test("what follows the route's beginning is kept, with the query", () => {
  expect(gatewayOf(`${origin}/hubs/`, `${edge}/hubs/`, `${origin}/hubs/odds`)).toBe(`${edge}/hubs/odds`);
  expect(gatewayOf(`${origin}/hubs/`, `${edge}/live/eu/`, `${origin}/hubs/a/b/?x=1&y=%20`)).toBe(
    `${edge}/live/eu/a/b/?x=1&y=%20`,
  );
  expect(gatewayOf(origin, edge, `${origin}/chat`)).toBe(`${edge}/chat`);
});

test("a slash at the end of either side makes no difference", () => {
  for (const from of [`${origin}/hubs`, `${origin}/hubs/`]) {
    for (const to of [`${edge}/x`, `${edge}/x/`]) {
      expect(gatewayOf(from, to, `${origin}/hubs/odds`)).toBe(`${edge}/x/odds`);
      expect(gatewayOf(from, to, `${origin}/hubs`)).toBe(`${edge}/x`);
    }
  }
});

test("a route may name one hub", () => {
  expect(gatewayOf(`${origin}/hubs/odds`, `${edge}/odds`, `${origin}/hubs/odds?a=b`)).toBe(`${edge}/odds?a=b`);
});

test("a route ends between segments of the path", () => {
  expect(gatewayOf(`${origin}/hubs`, `${edge}/hubs`, `${origin}/hubs2/odds`)).toBeUndefined();
  expect(gatewayOf(`${origin}/hubs/odds`, `${edge}/odds`, `${origin}/hubs/oddsmaker`)).toBeUndefined();
});

test("hosts, default ports and paths are compared as they are meant, and the rest keeps its case", () => {
  expect(gatewayOf(`${origin}:443/hubs/`, `${edge}/hubs/`, "HTTPS://Origin.Example.com/Hubs/Odds")).toBe(
    `${edge}/hubs/Odds`,
  );
});

test("another scheme, host or port is another server", () => {
  for (const url of ["http://origin.example.com/hubs/a", "https://other.example.com/hubs/a", `${origin}:8443/hubs/a`]) {
    expect(gatewayOf(`${origin}/hubs/`, `${edge}/hubs/`, url)).toBeUndefined();
  }
});

test("a relative hub URL is left alone where there is no page", () => {
  expect(gatewayOf(origin, edge, "/hubs/odds")).toBeUndefined();
});

test("the first route that fits counts", () => {
  const routes = compileRoutes([
    { from: `${origin}/hubs/odds`, to: `${edge}/first` },
    { from: `${origin}/hubs`, to: `${edge}/second` },
  ]);
  expect(mapUrl(routes, `${origin}/hubs/odds`)).toEqual({ origin: `${origin}/hubs/odds`, gateway: `${edge}/first` });
  expect(mapUrl(routes, `${origin}/hubs/chat`)).toEqual({
    origin: `${origin}/hubs/chat`,
    gateway: `${edge}/second/chat`,
  });
});

test("what cannot be compared or joined is refused, with the field's name", () => {
  const attempt = (from: string, to: string) => () =>
    compileRoutes([
      { from: origin, to: edge },
      { from, to },
    ]);
  expect(attempt("/hubs", edge)).toThrow('routes[1].from: "/hubs" is not an http(s) URL');
  expect(attempt(origin, "wss://edge.example.com")).toThrow("routes[1].to:");
  expect(attempt(origin, "")).toThrow("routes[1].to:");
  expect(attempt(`${origin}/hubs?a=b`, edge)).toThrow("must have no query, fragment or credentials");
  expect(attempt(origin, "https://user:secret@edge.example.com")).toThrow(
    "must have no query, fragment or credentials",
  );
});
