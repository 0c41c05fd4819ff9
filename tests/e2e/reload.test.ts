import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { TestFiles } from "../../packages/gateway/src/config/self-signed.testing.ts";
import { TokenIssuer, testAudience, testIssuer } from "../../packages/gateway/src/http/token-issuer.testing.ts";
import { buildCommand, Command } from "../support/command.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { range, sequencesOf, waitForSequence } from "./support/updates.ts";

const closeForReconnect = {
  json: Buffer.from('{"type":7,"allowReconnect":true}\u001e'),
  messagepack: Buffer.from("049307c0c3", "hex"),
};
/** Whoever is in by then has not been asked about at the origin. */
const narrowed = { access: "probe" };

/** The contract hub's groups, each with the settings given for it. */
function hubsWith(settings: Readonly<Record<string, object>>) {
  const groups = contractGroups.map((group) => ({ ...group, ...settings[group.name] }));
  return { [hubPaths.contract]: { groups } };
}

describe.skipIf(!aspNetOriginAvailable)("reload", () => {
  let origin: Origin;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());

  for (const protocol of ["json", "messagepack"] as const) {
    test(`members that have lost access are closed within a second, the others stay (${protocol})`, async () => {
      const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
      const eventId = edge.newEventId();
      const lost = await edge.connect({ protocol });
      const kept = await edge.connect({ protocol });
      await resultOf(lost, "1", "Subscribe", eventId);
      await resultOf(kept, "1", "SubscribeText", "t");
      const startedAt = performance.now();
      const outcome = edge.reload({ hubs: hubsWith({ event: narrowed }) });
      expect(outcome).toEqual({ kind: "reloaded", changes: [`adjusted ${hubPaths.contract}`] });
      expect(await lost.closed).toEqual({ code: 1000, reason: "" });
      expect(performance.now() - startedAt).toBeLessThan(1000);
      expect(lost.frames.at(-1)).toEqual(closeForReconnect[protocol]);
      expect(edge.log.count("client.closed", { reason: "reloaded" })).toBe(1);
      expect(await resultOf(kept, "2", "Subscribe", eventId)).not.toBeUndefined();
      expect(await resultOf(kept, "3", "UnsubscribeText", "t")).toBeNull();
      expect(edge.hub().clients).toBe(1);
    });
  }

  test("a rule that asks for a claim closes those whose token has it not", async () => {
    const files = new TestFiles();
    onTestFinished(() => files.remove());
    const issuer = await TokenIssuer.create();
    const jwt = { issuer: testIssuer, audience: testAudience, jwksFile: files.write("keys.json", issuer.jwks()) };
    const hubs = (access: unknown) => ({
      [hubPaths.contract]: { authentication: { jwt }, groups: [{ ...contractGroups[0], access }] },
    });
    const edge = await Edge.startForTest({ origin, hubs: hubs("authenticated") });
    const eventId = edge.newEventId();
    const [vip, user] = await Promise.all(
      ["vip", "basic"].map(async (tier) => {
        const authorization = `Bearer ${await issuer.sign(tier, { claims: { tier } })}`;
        const client = await edge.connect({ headers: { authorization } });
        await resultOf(client, "1", "Subscribe", eventId);
        return client;
      }),
    );
    edge.reload({ hubs: hubs({ claims: { tier: ["vip"] } }) });
    await user?.closed;
    expect(edge.hub().groups).toEqual([{ key: `event:${eventId}`, members: 1 }]);
    if (vip === undefined) throw new Error("no client");
    const { last } = await edge.origin.control.publish({ eventId, count: 1 });
    await waitForSequence(vip, last);
  });

  test("whoever stays a member misses nothing and costs the origin nothing", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const eventId = edge.newEventId();
    const client = await edge.connect();
    await resultOf(client, "1", "Subscribe", eventId);
    const [joins] = await edge.joinsAndLeaves(eventId);
    await edge.origin.control.publish({ eventId, count: 2 });
    edge.reload({ hubs: hubsWith({ event: { onGap: "ignore", lingerMs: 1 }, text: narrowed }) });
    const { last } = await edge.origin.control.publish({ eventId, count: 2 });
    await waitForSequence(client, last);
    expect(sequencesOf(client)).toEqual(range(last - 3, last));
    expect((await edge.joinsAndLeaves(eventId))[0]).toBe(joins);
    // The rule that holds now also says how long the origin is kept subscribed.
    await resultOf(client, "2", "Unsubscribe", eventId);
    await edge.origin.control.waitFor({ kind: "left", name: `event:${eventId}` });
  });

  test("the same configuration changes nothing and closes nobody", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const client = await edge.connect();
    await resultOf(client, "1", "Subscribe", edge.newEventId());
    expect(edge.reload({ hubs: hubsWith({}) })).toEqual({ kind: "unchanged" });
    expect(edge.log.count("config.unchanged")).toBe(1);
    expect(edge.gateway.metrics.reloads).toBe(0);
    expect(await resultOf(client, "2", "Subscribe", edge.newEventId())).not.toBeUndefined();
  });

  test("a hub that shares something else has its clients reconnect, the others do not notice", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const eventId = edge.newEventId();
    const clients = await edge.connectMany(50);
    await Promise.all(clients.map((client) => resultOf(client, "1", "Subscribe", eventId)));
    const bystander = await edge.connect({ hub: hubPaths.detailed });
    await resultOf(bystander, "1", "WhoAmI");
    const outcome = edge.reload({ hubs: { [hubPaths.contract]: { groups: contractGroups.slice(0, 1) } } });
    expect(outcome).toEqual({ kind: "reloaded", changes: [`replaced ${hubPaths.contract}`] });
    for (const client of clients) {
      await client.closed;
      expect(client.frames.at(-1)).toEqual(closeForReconnect.json);
    }
    await resultOf(bystander, "2", "WhoAmI");
    const returned = await edge.connect();
    await resultOf(returned, "1", "Subscribe", eventId);
    const { last } = await edge.origin.control.publish({ eventId, count: 1 });
    await waitForSequence(returned, last);
    expect(edge.hub().clients).toBe(1);
  });

  test("an id that was negotiated before the reload is good after it", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const reconnecting = edge.buildRealClient();
    const starting = reconnecting.start();
    edge.reload({ hubs: { [hubPaths.contract]: { groups: contractGroups.slice(0, 1) } } });
    await starting;
    expect(await reconnecting.invoke("Subscribe", edge.newEventId())).toBeDefined();
  });

  test("clients that come after may send WebSocket messages of the new size", async () => {
    const hubs = { [hubPaths.contract]: { groups: contractGroups, privateUpstream: "never" } };
    const edge = await Edge.startForTest({ origin, hubs });
    edge.reload({ hubs, limits: { maxMessageBytes: 3_000_000 } });
    const client = await edge.connect();
    const long = "x".repeat(2_000_000);
    expect(await invoke(client, "1", "Echo", long)).toMatchObject({
      error: expect.stringContaining("Method does not exist."),
    });
  });

  test("limits hold for the joins that come after", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const client = await edge.connect();
    await resultOf(client, "1", "Subscribe", edge.newEventId());
    const outcome = edge.reload({ hubs: hubsWith({}), limits: { maxGroupsPerClient: 1 } });
    expect(outcome).toEqual({ kind: "reloaded", changes: [] });
    expect(await invoke(client, "2", "Subscribe", edge.newEventId())).toMatchObject({
      error: expect.stringContaining("1 groups"),
    });
  });

  test("a configuration with an error leaves everything as it is, and says what is wrong", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    const client = await edge.connect();
    await resultOf(client, "1", "Subscribe", edge.newEventId());
    const outcome = edge.reload({ hubs: hubsWith({ event: { access: "everyone" } }) });
    expect(outcome).toMatchObject({ kind: "refused", errors: [expect.stringContaining("groups[0].access")] });
    expect(edge.gateway.metrics.reloadsRefused).toBe(1);
    const missing = { authentication: { jwt: { issuer: "i", audience: "a", jwksFile: "/nowhere/keys.json" } } };
    const refused = edge.reload({ hubs: { ...hubsWith({ text: narrowed }), [hubPaths.detailed]: missing } });
    expect(refused).toMatchObject({ kind: "refused", errors: [expect.stringContaining("/nowhere/keys.json")] });
    expect(await resultOf(client, "2", "SubscribeText", "still public")).not.toBeUndefined();
  });

  test("what needs a restart is refused with the name of the setting", async () => {
    const edge = await Edge.startForTest({ origin, hubs: hubsWith({}) });
    expect(edge.reload({ hubs: hubsWith({ event: narrowed }), admin: { token: "another-long-token" } })).toEqual({
      kind: "refused",
      errors: ["admin: cannot change while the gateway runs; restart it, or set it back"],
    });
  });
});

describe.skipIf(!aspNetOriginAvailable)("reload of the command", { timeout: 60_000 }, () => {
  let origin: Origin;
  let folder: string;

  beforeAll(async () => {
    await buildCommand();
    folder = await mkdtemp(join(tmpdir(), "signalr-edge-"));
    origin = await startAspNetOrigin();
  });
  afterAll(async () => {
    await origin.stop();
    await rm(folder, { recursive: true });
  });

  async function startCommand(name: string) {
    const file = join(folder, name);
    const write = (settings: Readonly<Record<string, object>>): Promise<void> => {
      const hubs = [
        { path: "/hub", origin: origin.hubUrl(hubPaths.contract), ...hubsWith(settings)[hubPaths.contract] },
      ];
      return writeFile(file, JSON.stringify({ listen: { port: 0 }, admin: { port: 0 }, hubs }));
    };
    await write({});
    const command = Command.start(["run", "--config", file]);
    const url = await command.find("stdout", /^listening on (http:\/\/\S+)$/m);
    const adminUrl = await command.find("stderr", /"adminUrl":"([^"]+)"/);
    const client = await RawClient.connect({ url: `${url}/hub` });
    onTestFinished(() => client.socket.terminate());
    await resultOf(client, "1", "Subscribe", 1);
    return { file, write, command, adminUrl, client };
  }

  test("SIGHUP takes over the file as it is now; a bad one is reported with the path of the error", async () => {
    const { file, write, command, client } = await startCommand("signal.json");
    const good = await readFile(file, "utf8");
    await writeFile(file, good.replace('"public"', '"everyone"'));
    command.kill("SIGHUP");
    expect(await command.find("stderr", /"errors":"([^"]+)/)).toMatch(/^hubs\[0\]\.groups\[0\]\.access: /);
    expect(await resultOf(client, "2", "Subscribe", 2)).not.toBeUndefined();
    await write({ event: narrowed });
    command.kill("SIGHUP");
    await command.find("stderr", /"event":"(config\.reloaded)"/);
    await client.closed;
    expect(client.frames.at(-1)).toEqual(closeForReconnect.json);
    command.kill("SIGTERM");
    expect(await command.ended).toMatchObject({ code: 0 });
  });

  test("POST /api/reload does the same and answers with what became of it; a page cannot, and a GET changes nothing", async () => {
    const { file, write, adminUrl, client } = await startCommand("post.json");
    const post = async (headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${adminUrl}/api/reload`, { method: "POST", headers });
      return { status: response.status, body: await response.json() };
    };
    expect(await post()).toEqual({ status: 200, body: { kind: "unchanged" } });
    await write({ event: narrowed });
    expect(await post({ origin: "https://evil.example" })).toMatchObject({ status: 403 });
    expect((await fetch(`${adminUrl}/api/reload`)).status).toBe(404);
    expect(await resultOf(client, "2", "Subscribe", 2)).not.toBeUndefined();
    expect(await post()).toEqual({ status: 200, body: { kind: "reloaded", changes: ["adjusted /hub"] } });
    await client.closed;
    await writeFile(file, "hubs: [");
    expect(await post()).toMatchObject({ status: 422, body: { kind: "refused" } });
  });
});
