import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { negotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { resultOf } from "./support/invoke.ts";

const hub = hubPaths.contract;
const crlf = "\r\n";
const upgradeHeaders = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const padding = "x".repeat(40_000);

interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
  readonly body: string;
}

interface Case {
  readonly name: string;
  readonly raw: string;
  readonly status: number;
  readonly body?: string;
  /** ASP.NET Core would have taken it. */
  readonly isStricter?: true;
}

/** Request line, headers and body as they stand on the wire. */
function raw(line: string, headers: readonly string[] = [], body = ""): string {
  return [line, "Host: gateway.test", ...headers, "", body].join(crlf);
}

function get(target: string, ...headers: readonly string[]): string {
  return raw(`GET ${target} HTTP/1.1`, headers);
}

const none = { status: 400, body: "Connection ID required" };
const unknown = { status: 404, body: "No Connection with that ID" };
const noHub = { status: 404 };
const bad = { status: 400, body: "" };

const cases: readonly Case[] = [
  // Which connection?
  { name: "a poll without id", raw: get(hub), ...none },
  { name: "an event stream without id", raw: get(hub, "Accept: text/event-stream"), ...none },
  { name: "a POST without id", raw: raw(`POST ${hub} HTTP/1.1`, ["Content-Length: 0"]), ...none },
  { name: "a DELETE without id", raw: raw(`DELETE ${hub} HTTP/1.1`), ...none },
  { name: "an empty id", raw: get(`${hub}?id=`), ...none },
  { name: "a poll of an unknown id", raw: get(`${hub}?id=unknown`), ...unknown },
  { name: "an event stream of an unknown id", raw: get(`${hub}?id=unknown`, "Accept: text/event-stream"), ...unknown },
  {
    name: "a POST to an unknown id",
    raw: raw(`POST ${hub}?id=unknown HTTP/1.1`, ["Content-Length: 2"], "{}"),
    ...unknown,
  },
  { name: "a DELETE of an unknown id", raw: raw(`DELETE ${hub}?id=unknown HTTP/1.1`), ...unknown },
  { name: "an upgrade of an unknown id", raw: get(`${hub}?id=unknown`, ...upgradeHeaders), ...unknown },
  { name: "an id that looks like a path", raw: get(`${hub}?id=../../etc/passwd`), ...unknown },
  { name: "an id that is no UTF-8", raw: get(`${hub}?id=%ff%fe%00`), ...unknown },
  { name: "an id that is a prototype's", raw: get(`${hub}?id=__proto__`), ...unknown },
  { name: "an id of 10 kB", raw: get(`${hub}?id=${"x".repeat(10_000)}`), status: 404 },
  // Which method?
  ...["PUT", "PATCH", "HEAD", "OPTIONS", "PROPFIND"].map((method) => ({
    name: `${method} on a hub`,
    raw: raw(`${method} ${hub}?id=unknown HTTP/1.1`),
    status: 405,
    body: "",
  })),
  ...["GET", "PUT", "DELETE", "HEAD", "OPTIONS"].map((method) => ({
    name: `${method} on negotiate`,
    raw: raw(`${method} ${hub}/negotiate HTTP/1.1`),
    status: 405,
    body: "",
  })),
  { name: "a method that nobody knows", raw: raw(`HACK ${hub} HTTP/1.1`), ...bad },
  { name: "CONNECT", raw: raw("CONNECT internal:80 HTTP/1.1"), status: 0 },
  // Which path?
  { name: "an encoded slash", raw: get("/hubs%2fcontract?id=unknown"), ...noHub },
  {
    name: "an encoded slash before negotiate",
    raw: raw(`POST ${hub}%2fnegotiate HTTP/1.1`, ["Content-Length: 0"]),
    ...noHub,
  },
  { name: "a backslash", raw: get("/hubs\\contract?id=unknown"), ...noHub },
  { name: "two slashes", raw: get("//hubs/contract?id=unknown"), ...noHub },
  { name: "dots", raw: get("/x/../hubs/contract?id=unknown"), ...noHub },
  { name: "encoded dots", raw: get("/x/%2e%2e/hubs/contract?id=unknown"), ...noHub },
  { name: "a broken escape", raw: get("/hubs/%zz"), ...noHub },
  { name: "an escaped NUL", raw: get("/hubs/contract%00"), ...noHub },
  { name: "something that is no hub", raw: get("/admin"), ...noHub },
  { name: "the admin endpoints", raw: get("/metrics"), ...noHub },
  // Which host?
  { name: "two Host headers", raw: get(`${hub}?id=unknown`, "Host: other.test"), ...bad },
  { name: "two Host headers on an upgrade", raw: get(hub, "Host: other.test", ...upgradeHeaders), status: 400 },
  { name: "no Host header", raw: `GET ${hub}?id=unknown HTTP/1.1${crlf}${crlf}`, status: 400 },
  { name: "a target with a host", raw: get(`http://other.test${hub}?id=unknown`), ...bad },
  {
    name: "a target with a host on an upgrade",
    raw: get(`http://gateway.test${hub}`, ...upgradeHeaders),
    status: 400,
    isStricter: true,
  },
  { name: "OPTIONS *", raw: raw("OPTIONS * HTTP/1.1"), ...bad },
  // Is it HTTP?
  { name: "40 kB of a header", raw: get(`${hub}?id=unknown`, `X-Padding: ${padding}`), status: 431, body: "" },
  {
    name: "40 kB of headers",
    raw: get(hub, ...Array.from({ length: 400 }, (_, n) => `X-${n}: ${"x".repeat(90)}`)),
    status: 431,
    body: "",
  },
  { name: "a target of 40 kB", raw: get(`${hub}?id=${padding}`), status: 431, body: "" },
  { name: "40 kB of a header on an upgrade", raw: get(hub, ...upgradeHeaders, `X-Padding: ${padding}`), status: 431 },
  {
    name: "a length and chunks",
    raw: raw(`POST ${hub}?id=unknown HTTP/1.1`, ["Content-Length: 5", "Transfer-Encoding: chunked"], `0${crlf}${crlf}`),
    ...bad,
    isStricter: true,
  },
  {
    name: "two lengths",
    raw: raw(`POST ${hub}?id=unknown HTTP/1.1`, ["Content-Length: 1", "Content-Length: 2"], "ab"),
    ...bad,
  },
  { name: "a length that is none", raw: raw(`POST ${hub}?id=unknown HTTP/1.1`, ["Content-Length: 1x"], "a"), ...bad },
  {
    name: "an unknown coding",
    raw: raw(`POST ${hub}?id=unknown HTTP/1.1`, ["Transfer-Encoding: xchunked"], "a"),
    ...bad,
  },
  { name: "a space before the colon", raw: get(`${hub}?id=unknown`, "X-A : 1"), ...bad },
  { name: "a folded header", raw: get(`${hub}?id=unknown`, `X-A: 1${crlf} 2`), ...bad },
  { name: "a NUL in a header", raw: get(`${hub}?id=unknown`, "X-A: a\u0000b"), ...bad },
  { name: "bare line feeds", raw: `GET ${hub}?id=unknown HTTP/1.1\nHost: gateway.test\n\n`, ...bad, isStricter: true },
  { name: "a space in the target", raw: get(`${hub}?id=a b`), ...bad },
  { name: "HTTP/3.0", raw: `GET ${hub} HTTP/3.0${crlf}Host: a${crlf}${crlf}`, ...bad },
  { name: "the preface of HTTP/2", raw: `PRI * HTTP/2.0${crlf}${crlf}SM${crlf}${crlf}`, ...bad },
  { name: "TLS", raw: "\u0016\u0003\u0001\u0000\u0005hello", ...bad },
  { name: "noise", raw: `\u0000\u0001\u0002${crlf}${crlf}`, ...bad },
  // Is it an upgrade?
  {
    name: "an upgrade with a length",
    raw: raw(`GET ${hub} HTTP/1.1`, [...upgradeHeaders, "Content-Length: 4"], "abcd"),
    status: 400,
  },
  {
    name: "an upgrade in chunks",
    raw: raw(`GET ${hub} HTTP/1.1`, [...upgradeHeaders, "Transfer-Encoding: chunked"], `0${crlf}${crlf}`),
    status: 400,
  },
  {
    name: "an upgrade with a frame right behind it",
    raw: raw(`GET ${hub} HTTP/1.1`, upgradeHeaders, "\u0081\u0000"),
    status: 400,
    isStricter: true,
  },
  {
    name: "an upgrade by POST",
    raw: raw(`POST ${hub} HTTP/1.1`, [...upgradeHeaders, "Content-Length: 0"]),
    status: 400,
  },
  {
    name: "an upgrade to HTTP/2",
    raw: get(hub, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAA"),
    status: 400,
  },
  { name: "an upgrade of negotiate", raw: get(`${hub}/negotiate`, ...upgradeHeaders), status: 404 },
  { name: "an upgrade where no hub is", raw: get("/nowhere", ...upgradeHeaders), status: 404 },
  {
    name: "an upgrade of an old version",
    raw: get(hub, ...upgradeHeaders.map((line) => line.replace("13", "7"))),
    status: 400,
  },
  {
    name: "an upgrade with a bad key",
    raw: get(hub, ...upgradeHeaders.map((line) => line.replace("==", ""))),
    status: 400,
  },
  {
    name: "an upgrade without a key",
    raw: get(hub, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    status: 400,
  },
];

describe.skipIf(!aspNetOriginAvailable)("bad input", () => {
  let origin: Origin;
  let edge: ConfiguredGateway;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    edge = await startConfigured({
      hubs: [hub, hubPaths.detailed].map((path) => ({ path, origin: origin.hubUrl(path) })),
    });
  });
  afterAll(async () => {
    await edge.gateway.stop();
    await origin.stop();
  });

  async function ask(text: string): Promise<RawAnswer> {
    const answer = await askRaw(edge.url, text);
    expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node:|fastify|FST_|[Ee]rror:|\.[jt]s\b/);
    return answer;
  }

  for (const { name, raw: text, status, body, isStricter } of cases) {
    test(`${name} is answered with ${status}, and the origin hears nothing of it`, async () => {
      const before = (await origin.control.state()).traffic.bytesIn;
      const answer = await ask(text);
      expect(answer).toMatchObject({ status, ...(body === undefined ? {} : { body }) });
      const { traffic } = await origin.control.state();
      expect(traffic.bytesIn).toBe(before);
      const direct = await askRaw(origin.url, text);
      const isRefused = direct.status === 0 || direct.status >= 400;
      expect({ name, isRefused: isRefused || isStricter === true }).toEqual({ name, isRefused: true });
    });
  }

  test("an id of another hub is unknown here, whatever is asked of it", async () => {
    const { connectionToken } = await negotiate(edge.url + hubPaths.detailed);
    const target = `${hub}?id=${connectionToken}`;
    for (const text of [
      get(target),
      get(target, "Accept: text/event-stream"),
      get(target, ...upgradeHeaders),
      raw(`POST ${target} HTTP/1.1`, ["Content-Length: 2"], "{}"),
      raw(`DELETE ${target} HTTP/1.1`),
    ]) {
      expect(await ask(text)).toMatchObject(unknown);
    }
    expect(await ask(get(`${hubPaths.detailed}?id=${connectionToken}`))).toMatchObject({ status: 200 });
  });

  test("a WebSocket survives whatever else comes for its id", async () => {
    const client = await RawClient.connect({ url: edge.url + hub });
    onTestFinished(() => client.close());
    const target = `${hub}?id=${client.connectionToken}`;
    const answers = [
      [get(target), 400, "Cannot change transports mid-connection"],
      [get(target, "Accept: text/event-stream"), 400, "Cannot change transports mid-connection"],
      [get(target, ...upgradeHeaders), 409, ""],
      [
        raw(`POST ${target} HTTP/1.1`, ["Content-Length: 2"], "{}"),
        405,
        "POST requests are not allowed for WebSocket connections.",
      ],
      [raw(`DELETE ${target} HTTP/1.1`), 400, "Cannot terminate this connection using the DELETE endpoint."],
    ] as const;
    for (const [text, status, body] of answers) expect(await ask(text)).toMatchObject({ status, body });
    expect(await resultOf(client, "1", "Echo", "alive")).toBe("alive");
  });

  test("a refused upgrade leaves no socket behind, even if the client keeps its half open", async () => {
    const { hostname, port } = new URL(edge.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write(get("/nowhere", ...upgradeHeaders));
    // The gateway is rid of it when what this side writes has nowhere to go.
    await new Promise<void>((resolve) => {
      const write = (): void => void socket.write("more", (error) => (error ? resolve() : setImmediate(write)));
      socket.resume().on("end", write);
      socket.on("error", () => resolve());
    });
    expect(edge.gateway.state().hubs.map(({ clients }) => clients)).toEqual([0, 0]);
  });

  test("after all that the gateway serves as before", async () => {
    const client = await RawClient.connect({ url: edge.url + hub });
    onTestFinished(() => client.close());
    expect(await resultOf(client, "1", "Add", 1, 2)).toBe(3);
    expect(edge.log.count("connection.failed")).toBe(0);
  });
});

/** Sends the bytes and reads one answer. A byte per character. */
function askRaw(url: string, text: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const isHead = text.startsWith("HEAD ");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    const settle = (): void => {
      socket.destroy();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);
      resolve({ status, text: received, body: received.split("\r\n\r\n").slice(1).join("\r\n\r\n") });
    };
    socket.setTimeout(5000, () => {
      socket.destroy();
      reject(new Error(`no answer in 5 s to ${JSON.stringify(text.slice(0, 100))}; so far: ${received}`));
    });
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (isComplete(received, isHead)) settle();
    });
    socket.on("close", settle);
    // A reset behind the answer: what was received counts.
    socket.on("error", () => undefined);
    socket.write(text, "latin1");
  });
}

function isComplete(received: string, isHead: boolean): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (isHead || received.startsWith("HTTP/1.1 101")) return true;
  if (/^transfer-encoding: chunked$/im.test(received.slice(0, end))) return received.endsWith("\r\n0\r\n\r\n");
  const length = Number(/^content-length: (\d+)$/im.exec(received.slice(0, end))?.[1] ?? Number.NaN);
  return received.length >= end + 4 + length;
}
