import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createSelfSigned, TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { buildCommand, Command } from "../support/command.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { type ConfiguredGateway, startConfigured } from "./support/configured-gateway.ts";
import { resultOf } from "./support/invoke.ts";
import { waitForSequence } from "./support/updates.ts";

const files = new TestFiles();
const { cert, key } = createSelfSigned();
const [certFile, keyFile] = [files.write("cert.pem", cert), files.write("key.pem", key)];
const dispatcher = new Agent({ connect: { ca: cert } });
const handshake = '{"protocol":"json","version":1}\u001e';

afterAll(async () => {
  await dispatcher.close();
  files.remove();
});

describe.skipIf(!aspNetOriginAvailable)("TLS", () => {
  let origin: Origin;
  /** With a certificate of its own, right in front of the origin. */
  let secure: ConfiguredGateway;
  /** In front of `secure`, which is its origin. */
  let edge: ConfiguredGateway;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    const contract = origin.hubUrl(hubPaths.contract);
    secure = await startConfigured({
      listen: { tls: { certFile, keyFile } },
      hubs: [{ path: "/hub", origin: contract }],
    });
    const behind = { origin: `${secure.url}/hub`, originCaFile: certFile };
    edge = await startConfigured({
      hubs: [
        { path: "/eager", ...behind },
        { path: "/lazy", ...behind, groups: contractGroups },
        { path: "/doubting", origin: `${secure.url}/hub` },
      ],
    });
  });
  afterAll(async () => {
    await edge.gateway.stop();
    await secure.gateway.stop();
    await origin.stop();
  });

  describe("towards clients", () => {
    async function ask(path: string, options: Partial<Parameters<typeof request>[1]> = {}): Promise<string> {
      const { statusCode, body } = await request(secure.url + path, { ...options, dispatcher });
      const text = await body.text();
      return statusCode === 200 ? text : `${statusCode} ${text}`;
    }

    async function negotiateToken(): Promise<string> {
      const text = await ask("/hub/negotiate?negotiateVersion=1", { method: "POST" });
      return (JSON.parse(text) as { connectionToken: string }).connectionToken;
    }

    test("the listener says so in its URL", () => {
      expect(secure.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    });

    test("a WebSocket works", async () => {
      const token = await negotiateToken();
      const socket = new WebSocket(`${secure.url.replace("https", "wss")}/hub?id=${token}`, { ca: cert });
      onTestFinished(() => socket.terminate());
      await once(socket, "open");
      const answered = once(socket, "message");
      socket.send(
        `${handshake}{"type":1,"invocationId":"1","target":"HeaderValue","arguments":["x-forwarded-proto"]}\u001e`,
      );
      expect(String((await answered)[0])).toBe("{}\u001e");
      expect(String((await once(socket, "message"))[0])).toContain('"result":"https"');
    });

    test("long polling works", async () => {
      const path = `/hub?id=${await negotiateToken()}`;
      expect(await ask(path)).toBe("");
      expect(await ask(path, { method: "POST", body: handshake })).toBe("");
      expect(await ask(path)).toBe("{}\u001e");
      expect(await ask(path, { method: "DELETE" })).toBe("202 ");
    });

    test("server-sent events work", async () => {
      const path = `/hub?id=${await negotiateToken()}`;
      const events = await request(secure.url + path, { dispatcher, headers: { accept: "text/event-stream" } });
      onTestFinished(() => void events.body.destroy());
      expect(await ask(path, { method: "POST", body: handshake })).toBe("");
      let received = "";
      for await (const chunk of events.body) {
        received += String(chunk);
        if (received.includes("{}\u001e")) break;
      }
      expect(received).toBe(":\r\ndata: {}\u001e\r\n\r\n");
    });

    test("nothing older than TLS 1.2 is spoken", async () => {
      const { port } = new URL(secure.url);
      const attempt = (version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<unknown> => {
        const options = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0", ca: cert } as const;
        const socket = connectTls({ host: "127.0.0.1", port: Number(port), ...options });
        onTestFinished(() => void socket.destroy());
        return once(socket, "secureConnect").then(
          () => socket.getProtocol(),
          (error: unknown) => String(error),
        );
      };
      expect(await attempt("TLSv1.2")).toBe("TLSv1.2");
      expect(await attempt("TLSv1.3")).toBe("TLSv1.3");
      expect(await attempt("TLSv1.1")).toMatch(/protocol version/);
    });

    test("plain HTTP gets no answer and no patience", async () => {
      const { port } = new URL(secure.url);
      const socket = connectTcp(Number(port), "127.0.0.1");
      socket.write("POST /hub/negotiate HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      let received = "";
      socket.on("data", (chunk) => {
        received += String(chunk);
      });
      await once(socket, "close");
      expect(received).not.toContain("HTTP/1.1");
    });
  });

  describe("towards the origin", () => {
    for (const path of ["/eager", "/lazy"]) {
      test(`private and shared connections of ${path} are checked with originCaFile`, async () => {
        const client = await RawClient.connect({ url: edge.url + path });
        onTestFinished(() => client.close());
        expect(await resultOf(client, "1", "Add", 1, 2)).toBe(3);
        await resultOf(client, "2", "Subscribe", 7);
        await origin.control.publish({ eventId: 7 });
        await waitForSequence(client, (await origin.control.publish({ eventId: 7 })).last);
      });
    }

    test("an origin with a certificate that nobody vouches for is as good as none", async () => {
      const { statusCode, body } = await request(`${edge.url}/doubting/negotiate`, { method: "POST" });
      expect([statusCode, await body.text()]).toEqual([502, "The origin of this hub cannot be reached."]);
    });
  });
});

describe("the files of TLS", () => {
  beforeAll(() => buildCommand());

  function configWith(tls: object): string {
    const hubs = [{ path: "/hub", origin: "http://127.0.0.1:9/hub" }];
    return files.write("gateway.json", JSON.stringify({ listen: { port: 0, tls }, admin: { port: 0 }, hubs }));
  }

  test("a gateway with good ones says where it listens", async () => {
    const command = Command.start(["run", "--config", configWith({ certFile, keyFile })]);
    expect(await command.find("stdout", /^listening on (https:\/\/127\.0\.0\.1:\d+)$/m)).toBeDefined();
    command.kill("SIGTERM");
    expect((await command.ended).code).toBe(0);
  });

  for (const { name, tls, error } of [
    { name: "missing", tls: { certFile: "/nowhere.pem", keyFile }, error: "/nowhere.pem cannot be read: ENOENT" },
    { name: "of another certificate", tls: { certFile, keyFile: "OTHER" }, error: "cannot be used with" },
    { name: "swapped", tls: { certFile: keyFile, keyFile: certFile }, error: "has no certificate in PEM" },
  ]) {
    for (const command of ["run", "check"]) {
      test(`${command} with files that are ${name} exits with 2 and one line that says so`, async () => {
        const other = files.write("other.pem", createSelfSigned().key);
        const chosen = Object.fromEntries(
          Object.entries(tls).map(([option, file]) => [option, file === "OTHER" ? other : file]),
        );
        const { code, stdout, stderr } = await Command.run([command, "--config", configWith(chosen)]);
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        expect(stderr).toMatch(/^listen\.tls: /);
        expect(stderr).toContain(error);
        expect(stderr).not.toContain("PRIVATE KEY");
      });
    }
  }
});
