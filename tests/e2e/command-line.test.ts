import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildCommand, Command } from "../support/command.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { startRealClient } from "../support/real-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { resultOf } from "./support/invoke.ts";
import { waitForSequence } from "./support/updates.ts";

const listeningUrl = /^listening on (http:\/\/\S+)$/m;
const closeForReconnect = Buffer.from('{"type":7,"allowReconnect":true}\u001e');

/** Somewhere that nobody listens; commands that do not get that far never ask. */
const nowhere = "http://127.0.0.1:9/hubs/odds";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signalr-edge-"));
  await buildCommand();
});
afterAll(() => rm(folder, { recursive: true }));

async function writeConfig(name: string, config: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, typeof config === "string" ? config : JSON.stringify(config));
  return file;
}

describe("signalr-edge without an origin", { timeout: 60_000 }, () => {
  test("--version prints the version of the package", async () => {
    const manifest: unknown = JSON.parse(
      await readFile(new URL("../../packages/gateway/package.json", import.meta.url), "utf8"),
    );
    const { version } = manifest as { version: string };
    expect(await Command.run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("--help names every command", async () => {
    const { code, stdout } = await Command.run(["--help"]);
    expect(code).toBe(0);
    for (const command of ["run --config", "run --origin", "check", "schema", "demo"])
      expect(stdout).toContain(command);
  });

  for (const { args, hint } of [
    { args: ["run", "--conifg", "x.yaml"], hint: "--config" },
    { args: ["rnu"], hint: "run" },
    { args: ["run"], hint: "--config" },
    { args: ["run", "--origin", nowhere, "--port", "65536"], hint: "65535" },
    { args: ["demo", "--clients", "0"], hint: "--clients" },
  ]) {
    test(`${args.join(" ")} exits with 2 and a hint, and starts nothing`, async () => {
      const { code, stdout, stderr } = await Command.run(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(hint);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    });
  }

  test("schema prints the JSON Schema of the file", async () => {
    const { code, stdout } = await Command.run(["schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "object",
      properties: { listen: {}, admin: {}, hubs: { type: "array" }, limits: {} },
    });
  });

  test("check prints the rules of a good file and exits with 0", async () => {
    const file = await writeConfig("good.yaml", {
      hubs: [{ path: "/hubs/odds", origin: nowhere, groups: contractGroups }],
    });
    const { code, stdout } = await Command.run(["check", "--config", file]);
    expect(code).toBe(0);
    for (const part of [
      "/hubs/odds",
      "Subscribe",
      "Unsubscribe",
      "OddsChanged",
      "SubscribeText",
      "for everyone who may connect",
    ]) {
      expect(stdout).toContain(part);
    }
  });

  const mistakes = {
    listen: { port: 99_999 },
    hubs: [
      { path: "hubs/odds", origin: "ftp://example.com/hubs/odds" },
      { path: "/hubs/more", origin: nowhere, grups: [] },
      {
        path: "/hubs/groups",
        origin: nowhere,
        groups: [{ name: "event", join: { method: "Join", key: "{0" }, messages: [] }],
      },
    ],
    limits: { maxMessageBytes: 0 },
  };
  const paths = [
    "listen.port",
    "hubs[0].path",
    "hubs[0].origin",
    "hubs[1].grups",
    "hubs[2].groups[0].join.key",
    "hubs[2].groups[0].messages",
    "hubs[2].groups[0].access",
    "limits.maxMessageBytes",
  ];
  for (const command of ["check", "run"]) {
    test(`${command} lists every mistake of a file with its path, exits with 2 and starts nothing`, async () => {
      const file = await writeConfig("bad.json", mistakes);
      const { code, stdout, stderr } = await Command.run([command, "--config", file]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      const named = stderr.split("\n").map((line) => /^([\w[\].]+): \S/.exec(line)?.[1]);
      expect(named.filter((path) => path !== undefined)).toEqual(paths);
    });
  }

  test("run of a file that is not there, or is no YAML, exits with 2", async () => {
    expect(await Command.run(["run", "--config", join(folder, "none.yaml")])).toMatchObject({ code: 2, stdout: "" });
    const file = await writeConfig("broken.yaml", "hubs: [");
    const { code, stderr } = await Command.run(["run", "--config", file]);
    expect(code).toBe(2);
    expect(stderr).toContain("broken.yaml:1");
  });

  test("run on a port that is taken exits with 1 and leaves nothing running", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      other.close();
    });
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const file = await writeConfig("taken.json", {
      listen: { port },
      admin: { port: 0 },
      hubs: [{ path: "/hubs/odds", origin: nowhere }],
    });
    const { code, stdout, stderr } = await Command.run(["run", "--config", file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("EADDRINUSE");
  });

  test("demo ends by itself with one JSON object, and nothing is lost, doubled, out of order or misled", async () => {
    const { code, stdout, stderr } = await Command.run(["demo", "--clients", "50", "--seconds", "3", "--json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(result).toMatchObject({
      clients: 50,
      clientConnections: 50,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      misrouted: 0,
      latencyMs: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
      seconds: expect.any(Number),
    });
    expect(result.originConnections).toBeGreaterThanOrEqual(1);
    expect(result.originConnections).toBeLessThanOrEqual(2);
    expect(result.originMessages).toBeGreaterThan(0);
    expect(result.deliveries).toBeGreaterThan(result.originMessages);
    expect(result.clientBytes).toBeGreaterThan(result.originBytes);
    expect(result.groups).toBeGreaterThan(0);
  });
});

describe.skipIf(!aspNetOriginAvailable)("signalr-edge run", { timeout: 60_000 }, () => {
  let origin: Origin;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());

  /** A gateway with groups on free ports. */
  async function startWithConfig(environment: Readonly<Record<string, string>> = {}): Promise<Command> {
    const file = await writeConfig("gateway.yaml", {
      listen: { port: 0 },
      admin: { port: `\${ADMIN_PORT:-0}` },
      log: { level: "debug" },
      hubs: [{ path: hubPaths.contract, origin: `\${ORIGIN}${hubPaths.contract}`, groups: contractGroups }],
      limits: { drainTimeoutMs: 1000 },
    });
    return Command.start(["run", "--config", file], { ORIGIN: origin.url, ...environment });
  }

  async function connect(command: Command, accessToken?: string): Promise<RawClient> {
    const url = await command.find("stdout", listeningUrl);
    const query = accessToken === undefined ? "" : `?access_token=${accessToken}`;
    const client = await RawClient.connect({ url: `${url}${hubPaths.contract}${query}` });
    onTestFinished(() => client.socket.terminate());
    return client;
  }

  test("--origin serves the hub at its own path, like the origin itself, until SIGTERM", async () => {
    const command = Command.start(["run", "--origin", origin.hubUrl(hubPaths.contract), "--port", "0"]);
    const url = await command.find("stdout", listeningUrl);
    const adminUrl = await command.find("stdout", /^admin on (http:\/\/127\.0\.0\.1:\d+)$/m);
    const connection = await startRealClient({ url: `${url}${hubPaths.contract}` });
    expect((await fetch(`${adminUrl}/readyz`, { headers: { connection: "close" } })).status).toBe(200);
    expect(await connection.invoke("WhoAmI")).toBe(connection.connectionId);
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
    const closed = new Promise((resolve) => connection.onclose(resolve));
    command.kill("SIGTERM");
    expect(await closed).toBeUndefined();
    expect(await command.ended).toMatchObject({ code: 0, stdout: `listening on ${url}\nadmin on ${adminUrl}\n` });
  });

  test("--origin runs twice at the same time: the second one takes another port for its admin listener", async () => {
    const args = ["run", "--origin", origin.hubUrl(hubPaths.contract), "--port", "0"];
    const commands = [Command.start(args), Command.start(args)];
    const adminUrls = await Promise.all(commands.map((command) => command.find("stdout", /^admin on (.+)$/m)));
    expect(new Set(adminUrls).size).toBe(2);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`--config serves groups until ${signal}, which closes every client for a reconnect and exits with 0`, async () => {
      const command = await startWithConfig();
      const [member, other] = [await connect(command), await connect(command)];
      await resultOf(member, "1", "Subscribe", 1);
      const { last } = await origin.control.publish({ eventId: 1 });
      await waitForSequence(member, last);
      command.kill(signal);
      for (const client of [member, other]) {
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
        expect(client.frames.at(-1)).toEqual(closeForReconnect);
      }
      expect(await command.ended).toMatchObject({ code: 0 });
      expect((await origin.control.state()).currentConnections).toBe(0);
    });
  }

  test("logs are JSON lines on stderr, and access tokens and connection tokens are in none of them", async () => {
    const command = await startWithConfig();
    const client = await connect(command, "user:secretive");
    expect(await resultOf(client, "1", "UserName")).toBe("secretive");
    await resultOf(client, "2", "Subscribe", 2);
    await client.close();
    command.kill("SIGTERM");
    const { stdout, stderr } = await command.ended;
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(
      expect.arrayContaining(["gateway.started", "upstream.opened", "client.closed", "gateway.stopped"]),
    );
    for (const secret of ["secretive", client.connectionToken ?? ""]) expect(stdout + stderr).not.toContain(secret);
  });

  test("the admin listener answers where the log says that it is", async () => {
    const command = await startWithConfig();
    const adminUrl = await command.find("stderr", /"adminUrl":"([^"]+)"/);
    const response = await fetch(`${adminUrl}/readyz`, { headers: { connection: "close" } });
    expect(response.status).toBe(200);
    await response.text();
    command.kill("SIGTERM");
    expect(await command.ended).toMatchObject({ code: 0 });
  });
});
