import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";

const lazy = hubPaths.contract;

describe.skipIf(!aspNetOriginAvailable)("the keys of tokens", () => {
  const files = new TestFiles();
  let issuer: TokenIssuer;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
  });
  afterAll(() => files.remove());

  test("a file of keys is read again when it changes, and a broken one leaves the old keys good", async () => {
    const next = await TokenIssuer.create("second");
    const file = files.write("rotating.json", issuer.jwks());
    const own = await startWith({ jwksFile: file });
    const statusOf = async (from: TokenIssuer): Promise<number> =>
      (await askNegotiate(own.hubUrl(lazy), { headers: bearer(await from.sign("alice")) })).status;
    expect(await statusOf(issuer)).toBe(200);
    expect(await statusOf(next)).toBe(401);
    files.write("rotating.json", issuer.jwks(next));
    await expect.poll(() => statusOf(next), { timeout: 5000 }).toBe(200);
    files.write("rotating.json", "{");
    const broken = own.log.waitFor("keys.unavailable");
    await expect
      .poll(async () => [await statusOf(next), own.log.count("keys.unavailable")], { timeout: 5000 })
      .toEqual([200, 1]);
    await broken;
    files.write("rotating.json", next.jwks());
    await expect.poll(() => statusOf(issuer), { timeout: 5000 }).toBe(401);
  });

  test("keys at a URL are fetched once for many tokens, and not for a key id that somebody makes up", async () => {
    const keys = await KeyServer.start(issuer.jwks());
    const own = await startWith({ jwksUrl: keys.url });
    const statusOf = async (from: TokenIssuer): Promise<number> =>
      (await askNegotiate(own.hubUrl(lazy), { headers: bearer(await from.sign("alice")) })).status;
    const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(issuer)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(keys.requestCount).toBe(1);
    expect(await statusOf(await TokenIssuer.create("made-up"))).toBe(401);
    expect(keys.requestCount).toBe(1);
  });

  test("while the keys cannot be had, tokens are neither good nor bad: 503, and one line in the log", async () => {
    const keys = await KeyServer.start(undefined);
    const own = await startWith({ jwksUrl: keys.url });
    const ask = async () => askNegotiate(own.hubUrl(lazy), { headers: bearer(await issuer.sign("alice")) });
    for (let count = 0; count < 3; count += 1) {
      expect(await ask()).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    }
    expect(own.log.count("keys.unavailable", { source: keys.url })).toBe(1);
    keys.content = issuer.jwks();
    expect(await ask()).toMatchObject({ status: 200 });
    keys.content = undefined;
    expect(await ask()).toMatchObject({ status: 200 });
  });

  function startWith(keys: object): Promise<Edge> {
    const jwt = { issuer: testIssuer, audience: testAudience, ...keys };
    return Edge.startForTest({ hubs: { [lazy]: { authentication: { jwt }, groups: contractGroups } } });
  }
});

/** Serves the keys of an issuer, or nothing but errors. */
class KeyServer {
  content: string | undefined;
  requestCount = 0;
  readonly #server: Server;

  private constructor(content: string | undefined) {
    this.content = content;
    this.#server = createServer((_request, response) => {
      this.requestCount += 1;
      if (this.content === undefined) response.writeHead(500).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(this.content);
    });
  }

  static async start(content: string | undefined): Promise<KeyServer> {
    const keys = new KeyServer(content);
    keys.#server.listen(0, "127.0.0.1");
    await once(keys.#server, "listening");
    onTestFinished(() => void keys.#server.close());
    return keys;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }
}

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
