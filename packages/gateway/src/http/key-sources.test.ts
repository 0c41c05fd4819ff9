import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { TestFiles } from "../config/self-signed.testing.ts";
import type { LogEvent, Logger } from "../observe/log.ts";
import { KeyFile } from "./key-file.ts";
import { KeyUrl } from "./key-url.ts";
import { TokenIssuer } from "./token-issuer.testing.ts";

let first: TokenIssuer;
let second: TokenIssuer;
let logged: LogEvent[];
const note = (event: LogEvent): void => void logged.push(event);
const log: Logger = { debug: note, info: note, warn: note, error: note };

beforeAll(async () => {
  first = await TokenIssuer.create("first");
  second = await TokenIssuer.create("second");
});
beforeEach(() => {
  logged = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether the key of this issuer is found. */
async function finds({ getKey }: KeyFile | KeyUrl, { jwk }: TokenIssuer): Promise<boolean> {
  const { alg = "", kid = "" } = jwk;
  const found = getKey({ alg, kid }, { payload: "", signature: "" });
  return Promise.resolve(found).then(
    () => true,
    () => false,
  );
}

/** Lets time pass for both kinds of clock that are read, not for timers. */
function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  vi.advanceTimersByTime(ms);
}

function fakeClocks(): void {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
}

test("a file is read again when it has changed, not more than once a second", async () => {
  const files = new TestFiles();
  try {
    fakeClocks();
    const keys = new KeyFile(files.write("keys.json", first.jwks()), log);
    expect([await finds(keys, first), await finds(keys, second)]).toEqual([true, false]);
    files.write("keys.json", first.jwks(second));
    expect(await finds(keys, second)).toBe(false);
    pass(1000);
    expect(await finds(keys, second)).toBe(true);
    expect(logged).toEqual(["keys.loaded"]);
  } finally {
    files.remove();
  }
});

test("a file that is gone or broken leaves the keys as they are, and is reported once", async () => {
  const files = new TestFiles();
  fakeClocks();
  const keys = new KeyFile(files.write("keys.json", first.jwks()), log);
  await finds(keys, first);
  for (const content of ["", '{"keys":[]}', "{"]) {
    files.write("keys.json", content);
    pass(1000);
    expect(await finds(keys, first)).toBe(true);
  }
  files.remove();
  pass(1000);
  expect(await finds(keys, first)).toBe(true);
  expect(logged).toEqual(["keys.unavailable"]);
});

test("a gateway does not start with a file that is broken", () => {
  const files = new TestFiles();
  try {
    expect(() => new KeyFile(files.write("keys.json", "{"), log)).toThrow("is not JSON");
    expect(() => new KeyFile("/nowhere.json", log)).toThrow("/nowhere.json cannot be read: ENOENT");
  } finally {
    files.remove();
  }
});

interface KeyServer {
  content: string | undefined;
  requestCount: number;
  readonly server: Server;
  readonly url: string;
}

async function serve(content: string | undefined): Promise<KeyServer> {
  const server = createServer((_request, response) => {
    keyServer.requestCount += 1;
    response.setHeader("connection", "close");
    if (keyServer.content === undefined) response.writeHead(500).end();
    else response.end(keyServer.content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?secret=1`;
  const keyServer: KeyServer = { content, requestCount: 0, server, url };
  return keyServer;
}

test("a key that is new is fetched, but not more than once in 30 seconds", async () => {
  const served = await serve(first.jwks());
  try {
    fakeClocks();
    const keys = new KeyUrl(served.url, log);
    expect(await finds(keys, first)).toBe(true);
    served.content = first.jwks(second);
    expect(await finds(keys, second)).toBe(false);
    expect(served.requestCount).toBe(1);
    pass(30_000);
    expect(await finds(keys, second)).toBe(true);
    expect(served.requestCount).toBe(2);
  } finally {
    served.server.close();
  }
});

test("known keys outlive the outage of their URL; after ten minutes they are asked for again, behind the back of a token", async () => {
  const served = await serve(first.jwks());
  try {
    fakeClocks();
    const keys = new KeyUrl(served.url, log);
    expect(await finds(keys, first)).toBe(true);
    served.content = undefined;
    pass(600_000);
    expect(await finds(keys, first)).toBe(true);
    await vi.waitFor(() => expect(logged).toEqual(["keys.unavailable"]));
    expect(served.requestCount).toBe(2);
    served.content = second.jwks();
    pass(600_000);
    expect(await finds(keys, first)).toBe(true);
    await vi.waitFor(async () => expect(await finds(keys, first)).toBe(false));
    expect(served.requestCount).toBe(3);
  } finally {
    served.server.close();
  }
});

test("the log names a URL without its query", async () => {
  const served = await serve(undefined);
  const fields: unknown[] = [];
  const noting: Logger = { ...log, warn: (_event, what) => void fields.push(what) };
  try {
    expect(await finds(new KeyUrl(served.url, noting), first)).toBe(false);
    expect(JSON.stringify(fields)).toContain("/keys");
    expect(JSON.stringify(fields)).not.toContain("secret");
  } finally {
    served.server.close();
  }
});
