import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type DialOutcome, dial } from "./dial.ts";
import { closedUrl, type HttpOrigin, startHttpOrigin } from "./http-origin.testing.ts";
import type { UpstreamTicket } from "./upstream-negotiate.ts";

const limits = { closeTimeoutMs: 1000, upstreamConnectTimeoutMs: 5000, upstreamMaxMessageBytes: 1000 };
const anonymous = { query: "", headers: {} };
const ticket: UpstreamTicket = { connectionId: "c", connectionToken: "a+b/c=", cookie: undefined };
const never = new AbortController().signal;
let origin: HttpOrigin | undefined;

afterEach(async () => {
  await origin?.close();
  origin = undefined;
});

/** An origin whose upgrades are answered by hand. */
async function startOrigin(upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): Promise<string> {
  origin = await startHttpOrigin((_request, response) => response.writeHead(500).end());
  origin.server.on("upgrade", upgrade);
  return origin.url;
}

function refuseWith(lines: readonly string[], body = ""): (request: IncomingMessage, socket: Duplex) => void {
  return (_request, socket) => void socket.write([...lines, "", body].join("\r\n"));
}

test("an accepted upgrade is an open WebSocket, asked for with the client's query, headers and the token", async () => {
  let seen: IncomingMessage | undefined;
  const webSockets = new WebSocketServer({ noServer: true });
  const url = await startOrigin((request, socket, head) => {
    seen = request;
    webSockets.handleUpgrade(request, socket, head, () => undefined);
  });
  const as = { query: "x=1", headers: { authorization: "Bearer s" } };
  const outcome = await dial(url, as, ticket, limits, never);
  expect(outcome.kind).toBe("opened");
  expect(seen?.url).toBe("/hub?x=1&id=a%2Bb%2Fc%3D");
  expect(seen?.headers).toMatchObject({ authorization: "Bearer s" });
  expect(seen?.headers["sec-websocket-extensions"]).toBeUndefined();
  if (outcome.kind === "opened") outcome.webSocket.terminate();
});

test.each([
  [undefined, "lb=1", "lb=1"],
  ["session=2", "lb=1", "session=2; lb=1"],
  ["session=2", undefined, "session=2"],
])("the client's cookies %s and the affinity cookies %s go together", async (own, affinity, expected) => {
  let cookie: string | undefined;
  const url = await startOrigin((request, socket) => {
    cookie = request.headers.cookie;
    socket.destroy();
  });
  const headers: Record<string, string> = own === undefined ? {} : { cookie: own };
  await dial(url, { query: "", headers }, { ...ticket, cookie: affinity }, limits, never);
  expect(cookie).toBe(expected);
});

test("a refusal comes with the origin's status, type and body", async () => {
  const head = ["HTTP/1.1 404 Not Found", "Content-Type: text/plain", "Content-Length: 26"];
  const url = await startOrigin(refuseWith(head, "No Connection with that ID"));
  expect(await dial(url, anonymous, ticket, limits, never)).toEqual({
    kind: "refused",
    status: 404,
    contentType: "text/plain",
    body: Buffer.from("No Connection with that ID"),
  });
});

test("a refusal for want of credentials comes with the origin's challenge", async () => {
  const head = ["HTTP/1.1 401 Unauthorized", 'WWW-Authenticate: Bearer error="invalid_token"', "Content-Length: 0"];
  const url = await startOrigin(refuseWith([...head, ""]));
  expect(await dial(url, anonymous, ticket, limits, never)).toMatchObject({
    kind: "refused",
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  });
});

test("an answer that is neither an upgrade nor a refusal is unreachable: no client could be told so", async () => {
  const url = await startOrigin(refuseWith(["HTTP/1.1 200 OK", "Content-Length: 2"], "ok"));
  expect(await dial(url, anonymous, ticket, limits, never)).toMatchObject({
    kind: "unreachable",
    reason: expect.stringContaining("200"),
  });
});

test("of a huge refusal no more than 64 KiB are kept", async () => {
  const url = await startOrigin(refuseWith(["HTTP/1.1 500 No", "Content-Length: 10000000"], "x".repeat(200_000)));
  const outcome = await dial(url, anonymous, ticket, limits, never);
  expect(outcome).toMatchObject({ kind: "refused", status: 500 });
  expect(outcome.kind === "refused" && outcome.body.length).toBeLessThanOrEqual(65_536);
});

test("a refusal whose body breaks off is unreachable", async () => {
  const url = await startOrigin((_request, socket) => {
    socket.end("HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf");
  });
  expect((await dial(url, anonymous, ticket, limits, never)).kind).toBe("unreachable");
});

test.each([
  ["never answers", () => undefined],
  ["never ends its refusal", refuseWith(["HTTP/1.1 500 No", "Content-Length: 100"], "half")],
])("an origin that %s is unreachable after the connect timeout", async (_name, upgrade) => {
  const url = await startOrigin(upgrade);
  const outcome = await dial(url, anonymous, ticket, { ...limits, upstreamConnectTimeoutMs: 50 }, never);
  expect(outcome.kind).toBe("unreachable");
});

test("an answer that is no WebSocket handshake is unreachable", async () => {
  const head = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: no",
  ];
  const url = await startOrigin(refuseWith(head));
  const outcome = await dial(url, anonymous, ticket, limits, never);
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("Sec-WebSocket-Accept") });
});

test("nobody at the address is unreachable", async () => {
  const outcome = await dial(await closedUrl(), anonymous, ticket, limits, never);
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("ECONNREFUSED") });
});

test("an abort before the answer ends the attempt and its socket", async () => {
  const aborter = new AbortController();
  let ended: Promise<unknown> | undefined;
  const url = await startOrigin((_request, socket) => {
    ended = once(socket.resume(), "end");
    aborter.abort();
  });
  expect((await dial(url, anonymous, ticket, limits, aborter.signal)).kind).toBe("unreachable");
  await ended;
});

test("an abort that came first makes no attempt that could be answered", async () => {
  const aborter = new AbortController();
  aborter.abort();
  const url = await startOrigin(refuseWith(["HTTP/1.1 500 No", "Content-Length: 0"]));
  const outcome: DialOutcome = await dial(url, anonymous, ticket, limits, aborter.signal);
  expect(outcome.kind).toBe("unreachable");
});
