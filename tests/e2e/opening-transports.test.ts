import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { startHttpOrigin } from "../../packages/gateway/src/upstream/http-origin.testing.ts";
import { askHub } from "../support/ask-hub.ts";
import { negotiate } from "../support/negotiate.ts";
import { acceptingNegotiate } from "../support/scripted-origin.ts";
import { askUpgrade } from "../support/upgrade.ts";
import { startConfigured } from "./support/configured-gateway.ts";

const handshake = '{"protocol":"json","version":1}\u001e';

/** An upgrade of the gateway that the origin has not answered yet. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

describe("a transport whose connection to the origin is still being opened", () => {
  const files = new TestFiles();
  let issuer: TokenIssuer;

  beforeAll(async () => {
    issuer = await TokenIssuer.create();
  });
  afterAll(() => files.remove());

  /** A gateway in front of an origin that accepts every negotiation, and whose upgrades the test answers. */
  async function start(settings: object): Promise<{ url: string; nextUpgrade: () => Promise<Upgrade> }> {
    const origin = await startHttpOrigin((_request, response) => response.end(acceptingNegotiate.body));
    onTestFinished(() => origin.close());
    const edge = await startConfigured({ hubs: [{ path: "/hub", origin: origin.url, ...settings }] });
    onTestFinished(() => edge.gateway.stop());
    const nextUpgrade = async (): Promise<Upgrade> => {
      const [request, socket, head] = await once(origin.server, "upgrade");
      return { request, socket, head };
    };
    return { url: `${edge.url}/hub`, nextUpgrade };
  }

  for (const authentication of ["jwt", "origin"]) {
    test(`what its user posts meanwhile is kept for it (authentication: ${authentication})`, async () => {
      const jwksFile = files.write(`${authentication}.json`, issuer.jwks());
      const jwt = { issuer: testIssuer, audience: testAudience, jwksFile };
      const { url, nextUpgrade } = await start({ authentication: authentication === "jwt" ? { jwt } : "origin" });
      const [alice, bob] = [await issuer.sign("alice"), await issuer.sign("bob")];
      const { connectionToken } = await negotiate(url, { headers: bearer(alice) });
      const idUrl = `${url}?id=${connectionToken}`;
      const upgrading = nextUpgrade();
      const firstPoll = askHub(idUrl, { headers: bearer(alice) });
      const upgrade = await upgrading;
      const post = (token: string): ReturnType<typeof askHub> =>
        askHub(idUrl, { method: "POST", headers: bearer(token), body: handshake });
      if (authentication === "jwt") expect(await post(bob)).toMatchObject({ status: 404 });
      expect(await post(alice)).toMatchObject({ status: 200, text: "" });
      const webSocket = await accept(upgrade);
      expect(await firstPoll).toMatchObject({ status: 200, text: "" });
      const [message] = await once(webSocket, "message");
      expect(String(message)).toBe(handshake);
    });
  }

  test("is refused as the origin refuses it, with its challenge", async () => {
    const { url, nextUpgrade } = await start({});
    const headers = { accept: "text/event-stream" };
    const asks = [
      () => askUpgrade(url),
      async () => askUpgrade(await withId(url)),
      async () => askHub(await withId(url), { headers }),
      async () => askHub(await withId(url)),
    ];
    for (const ask of asks) {
      const upgrading = nextUpgrade();
      const answered = ask();
      const { socket } = await upgrading;
      const challenge = 'Bearer error="invalid_token"';
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`,
      );
      const { status, headers, ...rest } = await answered;
      expect({ status, challenge: headers["www-authenticate"] }).toEqual({ status: 401, challenge });
      expect(rest).toMatchObject({ text: "no" });
    }
  });
});

async function withId(url: string): Promise<string> {
  const { connectionToken } = await negotiate(url);
  return `${url}?id=${connectionToken}`;
}

function accept({ request, socket, head }: Upgrade): Promise<WebSocket> {
  return new Promise((resolve) =>
    new WebSocketServer({ noServer: true }).handleUpgrade(request, socket, head, resolve),
  );
}

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
