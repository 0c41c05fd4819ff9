import type { IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startHttpOrigin } from "../../packages/gateway/src/upstream/http-origin.testing.ts";
import { connectRaw } from "../support/connect-raw.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import type { TransportName } from "../support/origin-control.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { resultOf, send } from "./support/invoke.ts";

const transports: readonly TransportName[] = ["WebSockets", "ServerSentEvents", "LongPolling"];

/** What a client in front of two proxies, or one that poses as them, sends. */
const forged = {
  "x-forwarded-for": "6.6.6.6, 203.0.113.7, 10.0.0.5",
  "x-forwarded-proto": "https, https",
  "x-forwarded-host": "edge.example",
  forwarded: "for=6.6.6.6",
  "x-real-ip": "6.6.6.6",
  "cf-connecting-ip": "6.6.6.6",
  x_forwarded_for: "6.6.6.6",
};
const names = Object.keys(forged);

describe.skipIf(!aspNetOriginAvailable)("proxies", () => {
  let origin: Origin;
  let trusting: ConfiguredGateway;
  let doubting: ConfiguredGateway;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    const contract = origin.hubUrl(hubPaths.contract);
    const hubs = [
      { path: "/eager", origin: contract },
      { path: "/lazy", origin: contract, groups: contractGroups, forwardHeaders: ["*"] },
    ];
    trusting = await startConfigured({ hubs, trustedProxies: ["127.0.0.1", "10.0.0.0/8"] });
    doubting = await startConfigured({ hubs, trustedProxies: ["10.0.0.0/8"] });
  });
  afterAll(async () => {
    await trusting.gateway.stop();
    await doubting.gateway.stop();
    await origin.stop();
  });

  async function seenByHub(url: string, transport: TransportName): Promise<Record<string, unknown>> {
    const client = await connectRaw(transport, { url, headers: forged });
    onTestFinished(() => client.close());
    const seen: [string, unknown][] = [];
    for (const name of names) seen.push([name, await resultOf(client, name, "HeaderValue", name)]);
    return Object.fromEntries(seen.filter(([, value]) => value !== null));
  }

  for (const path of ["/eager", "/lazy"]) {
    for (const transport of transports) {
      test(`Q223 a hub behind ${path} sees who the trusted proxies say the ${transport} client is`, async () => {
        expect(await seenByHub(trusting.url + path, transport)).toEqual({
          "x-forwarded-for": "203.0.113.7",
          "x-forwarded-proto": "https",
          "x-forwarded-host": "edge.example",
          "cf-connecting-ip": "6.6.6.6",
        });
      });

      test(`Q223 a hub behind ${path} sees nothing of what a ${transport} client says of itself`, async () => {
        expect(await seenByHub(doubting.url + path, transport)).toEqual({
          "x-forwarded-for": "127.0.0.1",
          "x-forwarded-proto": "http",
          "x-forwarded-host": new URL(doubting.url).host,
        });
      });
    }
  }

  test("the origin is told on negotiate, and for shared connections of nobody", async () => {
    const asked: IncomingHttpHeaders[] = [];
    const scripted = await startHttpOrigin(({ headers }, response) => {
      asked.push(headers);
      response.writeHead(500).end();
    });
    onTestFinished(() => scripted.close());
    const edge = await startConfigured({
      trustedProxies: ["127.0.0.1"],
      hubs: [
        { path: "/eager", origin: scripted.url },
        { path: "/shared", origin: scripted.url, authentication: "none", groups: contractGroups },
      ],
    });
    onTestFinished(() => edge.gateway.stop());

    await askNegotiate(`${edge.url}/eager`, { headers: forged });
    expect(forwardedOf(asked)).toEqual([
      { "x-forwarded-for": "10.0.0.5", "x-forwarded-proto": "https", "x-forwarded-host": "edge.example" },
    ]);

    asked.length = 0;
    const client = await RawClient.connect({ url: `${edge.url}/shared`, headers: forged });
    onTestFinished(() => client.close());
    send(client, "Subscribe", 1);
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    expect(forwardedOf(asked)[0]).toEqual({});
  });
});

function forwardedOf(requests: readonly IncomingHttpHeaders[]): object[] {
  return requests.map((headers) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => /forwarded|real-ip/.test(name))),
  );
}
