import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent } from "undici";
import { afterEach, expect, test } from "vitest";
import { closedUrl, type HttpOrigin, startHttpOrigin } from "./http-origin.testing.ts";
import { type NegotiateOptions, type NegotiateOutcome, negotiate, negotiateShowing } from "./upstream-negotiate.ts";

const accepted =
  '{"negotiateVersion":1,"connectionId":"c","connectionToken":"t","availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}';
const anonymous = { query: "", headers: {} };
const options: NegotiateOptions = { dispatcher: new Agent({ connect: { timeout: 5000 } }), timeoutMs: 5000 };
let origin: HttpOrigin | undefined;

afterEach(async () => {
  await origin?.close();
  origin = undefined;
});

async function negotiateWith(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  as = anonymous,
  timeoutMs = 5000,
): Promise<NegotiateOutcome> {
  origin = await startHttpOrigin(answer);
  return negotiate(origin.url, as, { ...options, timeoutMs });
}

test("the request is a POST without a body to {hub}/negotiate, with the client's query and headers", async () => {
  let seen: IncomingMessage | undefined;
  let body = "";
  const as = { query: "access_token=a%20b&x=1", headers: { authorization: "Bearer s", cookie: "c=1" } };
  await negotiateWith((request, response) => {
    seen = request;
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => response.end(accepted));
  }, as);
  expect([seen?.method, seen?.url]).toEqual(["POST", "/hub/negotiate?access_token=a%20b&x=1&negotiateVersion=1"]);
  expect(seen?.headers).toMatchObject({ authorization: "Bearer s", cookie: "c=1", "content-length": "0" });
  expect(body).toBe("");
});

test("an answer with WebSockets is a ticket", async () => {
  expect(await negotiateWith((_request, response) => response.end(accepted))).toMatchObject({
    kind: "accepted",
    ticket: { connectionId: "c", connectionToken: "t", cookie: undefined },
  });
});

test("an origin of version 0 has one id for both purposes", async () => {
  const text = '{"connectionId":"c","availableTransports":[{"transport":"WebSockets","transferFormats":["Text"]}]}';
  expect(await negotiateWith((_request, response) => response.end(text))).toMatchObject({
    ticket: { connectionId: "c", connectionToken: "c" },
  });
});

test("affinity cookies are kept for the transport, without their attributes", async () => {
  const outcome = await negotiateWith((_request, response) => {
    response.setHeader("set-cookie", ["lb=a; Path=/; HttpOnly", "node=7"]);
    response.end(accepted);
  });
  expect(outcome).toMatchObject({ ticket: { cookie: "lb=a; node=7" } });
});

test.each([401, 403, 404, 500, 503])("a status of %i is a refusal with the origin's own body", async (status) => {
  const outcome = await negotiateWith((_request, response) => {
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end('{"title":"no"}');
  });
  expect(outcome).toMatchObject({
    kind: "refused",
    status,
    contentType: "application/problem+json",
    body: Buffer.from('{"title":"no"}'),
  });
});

test("an HTTP redirect is a refusal and not followed", async () => {
  const paths: (string | undefined)[] = [];
  const outcome = await negotiateWith((request, response) => {
    paths.push(request.url);
    response.writeHead(307, { location: "/elsewhere" });
    response.end();
  });
  expect(outcome).toMatchObject({ kind: "refused", status: 307 });
  expect(paths.length).toBe(1);
});

test("an error in the answer is the origin's own text", async () => {
  const outcome = await negotiateWith((_request, response) => response.end('{"error":"full"}'));
  expect(outcome).toEqual({ kind: "error", error: "full" });
});

test.each([
  ["a redirect to an unknown service", '{"url":"https://x.example/client?secret=1","accessToken":"t"}', "x.example"],
  ["a redirect to nonsense", '{"url":"nonsense"}', ""],
  ["no WebSockets", '{"connectionId":"c","availableTransports":[]}', "WebSockets"],
  ["HTML", "<html>", ""],
  ["ASP.NET Classic", '{"ProtocolVersion":"1.5"}', "ASP.NET SignalR Server"],
  ["nothing", "", ""],
])("%s is as good as no origin", async (_name, body, reason) => {
  const outcome = await negotiateWith((_request, response) => response.end(body));
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining(reason) });
  expect(JSON.stringify(outcome)).not.toContain("secret");
});

test.each([
  ["http://edge.example/hub", "http://service.example/hub", undefined],
  [undefined, "http://service.example/hub", undefined],
  ["https://edge.example/hub", "https://service.example/hub", undefined],
  ["https://edge.example/hub", "http://service.example/hub", "by http:"],
  ["http://edge.example/hub", "http://edge.example/hub", "circle"],
  ["http://edge.example/hub", "http://elsewhere.example/hub", "not in redirectHosts"],
])("of a client at %s a redirect to %s is shown, unless: %s", async (clientUrl, target, reason) => {
  const body = JSON.stringify({ url: target, accessToken: "for this client" });
  origin = await startHttpOrigin((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(body);
  });
  const redirectHosts = ["edge.example", "service.example"];
  const outcome = await negotiateShowing(origin.url, anonymous, { ...options, redirectHosts }, clientUrl);
  expect(outcome).toEqual(
    reason === undefined
      ? { kind: "redirected", contentType: "application/json", body: Buffer.from(body) }
      : { kind: "unreachable", reason: expect.stringContaining(reason), redirectHost: new URL(target).host },
  );
});

test("an answer of more than 64 KiB is not read to its end", async () => {
  let closed: Promise<unknown> | undefined;
  const outcome = await negotiateWith((_request, response) => {
    closed = once(response, "close");
    const more = (): void => {
      if (response.write(Buffer.alloc(65_536, "x"))) setImmediate(more);
      else response.once("drain", more);
    };
    more();
  });
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("65536 bytes") });
  await closed;
});

test("an origin that does not answer in time is unreachable", async () => {
  const outcome = await negotiateWith(() => undefined, anonymous, 50);
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("timeout") });
});

test("an answer that never ends is unreachable after the same time", async () => {
  const outcome = await negotiateWith((_request, response) => void response.write('{"connectionId"'), anonymous, 50);
  expect(outcome.kind).toBe("unreachable");
});

test("nobody at the address is unreachable", async () => {
  const outcome = await negotiate(await closedUrl(), anonymous, options);
  expect(outcome).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("ECONNREFUSED") });
});
