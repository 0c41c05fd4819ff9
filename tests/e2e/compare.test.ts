import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Advice } from "../../packages/gateway/src/compare/advice.ts";
import { buildCommand, Command } from "../support/command.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { type Comparison, type ComparisonOptions, compare } from "./support/compare.ts";
import { callerSnapshotGroup, manyEventsGroup } from "./support/group-rules.ts";

/** Long enough for a machine that is busy with other tests. */
const marginMs = 700;
const wait = { wait: 3 };

/** The event rule with its first message replaced. */
function eventRule(message: object, ...more: readonly object[]): object {
  return { ...contractGroups[0], messages: [{ target: "OddsChanged", key: "{0.eventId}", ...message }, ...more] };
}

describe.skipIf(!aspNetOriginAvailable)("signalr-edge compare", { timeout: 60_000 }, () => {
  let origin: Origin;
  let lastEventId = 0;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());

  function newEvents(): { readonly eventId: number; readonly publish: () => Promise<unknown> } {
    lastEventId += 1;
    const eventId = lastEventId;
    return { eventId, publish: () => origin.control.publish({ eventId, count: 5, perSecond: 50 }) };
  }

  function run(options: ComparisonOptions): Promise<Comparison> {
    return compare(origin, { ...options, scenario: { marginMs, spreadMs: 200, ...options.scenario } });
  }

  /** The one advice of a comparison that found something. */
  function adviceOf({ code, result, text }: Comparison): Advice {
    expect({ code, equal: result.equal }, text).toEqual({ code: 1, equal: false });
    expect(result.advice, text).toHaveLength(1);
    const [advice] = result.advice;
    if (advice === undefined) throw new Error("no advice");
    expect(text).toContain(`${advice.path}: ${advice.message}`);
    return advice;
  }

  describe("of a right configuration finds nothing", () => {
    test("in group messages, answers, errors and streams, in both hub protocols", async () => {
      const { eventId, publish } = newEvents();
      const { code, result, text } = await run({
        hub: { groups: contractGroups },
        publish,
        scenario: {
          values: { event: [eventId] },
          steps: [
            "connect",
            { invoke: "Add", arguments: [1, 2] },
            { invoke: "ThrowHub", arguments: ["no"] },
            { invoke: "Nope" },
            { invoke: "CallerThenReturn", arguments: [3] },
            { join: "Subscribe", arguments: ["{event}"] },
            { stream: "Counter", arguments: [5, 1] },
            { stream: "Counter", arguments: [1000, 10], items: 3 },
            { send: "Void" },
            wait,
            { leave: "Unsubscribe", arguments: ["{event}"] },
            { wait: 1 },
            { join: "Subscribe", arguments: ["{event}"] },
            { wait: 2, until: "OddsChanged", count: 5 },
            "disconnect",
          ],
        },
      });
      expect({ code, differences: result.differences }, text).toEqual({ code: 0, differences: [] });
      expect(result.equal).toBe(true);
      expect(result.compared.messages).toBeGreaterThan(4 * 50);
      // Add, ThrowHub, Nope, CallerThenReturn, two joins, two streams and a leave, of four pairs.
      expect(result.compared.answers).toBe(4 * 9);
      expect(result.compared.streamItems).toBeGreaterThanOrEqual(4 * 8);
      expect(text).toContain("4 pairs (2 json, 2 messagepack)");
      expect(text).toContain("equal: ");
    });

    test("in snapshots to the caller and in joins of several keys", async () => {
      const { eventId, publish } = newEvents();
      const snapshot = await run({
        hub: { groups: [callerSnapshotGroup] },
        publish,
        scenario: { steps: [{ join: "SubscribeWithCallerSnapshot", arguments: [eventId] }, wait] },
      });
      expect({ code: snapshot.code, differences: snapshot.result.differences }).toEqual({ code: 0, differences: [] });
      const many = await run({
        hub: { groups: [manyEventsGroup] },
        publish,
        scenario: { pairs: 2, steps: [{ join: "SubscribeMany", arguments: [[eventId, eventId + 1000]] }, wait] },
      });
      expect({ code: many.code, differences: many.result.differences }).toEqual({ code: 0, differences: [] });
    });

    test("in broadcasts, and in what is made for each client, when the connection ids are the origin's", async () => {
      const { code, result, text } = await run({
        hub: { broadcasts: [{ target: "ServiceMessage" }], privateUpstream: "eager", forwardHeaders: ["x-tenant"] },
        publish: () => origin.control.broadcast({ count: 3 }).then(() => new Promise(setImmediate)),
        scenario: {
          accessToken: "user:pair{pair}",
          headers: { "x-tenant": "acme" },
          query: { greet: "1" },
          answers: { Question: "42" },
          steps: [
            { invoke: "WhoAmI" },
            { invoke: "UserName" },
            { invoke: "HeaderValue", arguments: ["x-tenant"] },
            { invoke: "Whisper", arguments: ["x"] },
            { invoke: "AskClient", arguments: ["?"] },
            { stream: "PrivateCounter", arguments: [3, 1] },
            { wait: 2.5, until: "ServiceMessage", count: 20 },
          ],
        },
      });
      expect({ code, differences: result.differences }, text).toEqual({ code: 0, differences: [] });
      expect(result.compared.streamItems).toBe(4 * 3);
    });

    test("in messages without a key, of upstreams of single keys", async () => {
      const { eventId, publish } = newEvents();
      const group = { ...contractGroups[0], messages: [{ target: "OddsChanged" }], upstream: "perKey" };
      const { code, result, text } = await run({
        hub: { groups: [group] },
        publish,
        scenario: {
          pairs: 2,
          steps: [
            { join: "Subscribe", arguments: [eventId] },
            wait,
            { join: "Subscribe", arguments: [eventId + 1000] },
            { wait: 2 },
          ],
        },
      });
      expect({ code, differences: result.differences }, text).toEqual({ code: 0, differences: [] });
    });

    test("in connections that the hub refuses", async () => {
      const { code, result, text } = await run({
        hub: { groups: contractGroups, privateUpstream: "eager" },
        scenario: { query: { failConnect: "1" }, steps: ["connect", { invoke: "Add", arguments: [1, 2] }] },
      });
      expect({ code, differences: result.differences }, text).toEqual({ code: 0, differences: [] });
      expect(result.compared).toEqual({ messages: 0, answers: 4, streamItems: 0 });
    });
  });

  describe("finds a planted fault and says what to change:", () => {
    test("a key template that finds no key", async () => {
      const { eventId, publish } = newEvents();
      const comparison = await run({
        hub: { groups: [eventRule({ key: "{0.id}" })] },
        publish,
        scenario: { values: { event: [eventId] }, steps: [{ join: "Subscribe", arguments: ["{event}"] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0].key");
      expect(message).toContain('"{0.id}" does not find the key');
      expect(message).toContain('write key: "{0.eventId}"');
      expect(message).toContain(`OddsChanged({ eventId: integer ${eventId}, sequence: integer`);
      const { differences, notes } = comparison.result;
      expect(new Set(differences.map(({ kind, protocol }) => `${kind} ${protocol}`))).toEqual(
        new Set(["missing json", "missing messagepack"]),
      );
      expect(notes.join("\n")).toMatch(/counted \d+ unattributed/);
    });

    test("a key template that finds another value", async () => {
      const { eventId, publish } = newEvents();
      const comparison = await run({
        hub: { groups: [eventRule({ key: "{0.sequence}" })] },
        publish,
        scenario: { pairs: 2, steps: [{ join: "Subscribe", arguments: [eventId] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0].key");
      expect(message).toContain('write key: "{0.eventId}"');
    });

    test("a target that belongs to another group", async () => {
      const { eventId } = newEvents();
      const key = `key ${eventId}`;
      const [event, text] = contractGroups;
      const comparison = await run({
        hub: {
          groups: [
            { ...event, messages: [...(event?.messages ?? []), { target: "TextChanged", key: "{0.key}" }] },
            { ...text, messages: [{ target: "TextRemoved", key: "{0.key}" }] },
          ],
        },
        publish: () => origin.control.publish({ key, count: 5, perSecond: 50 }),
        scenario: {
          pairs: 2,
          steps: [{ join: "Subscribe", arguments: [eventId] }, { join: "SubscribeText", arguments: [key] }, wait],
        },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[2]");
      expect(message).toContain("TextChanged does not belong to group event");
      expect(message).toContain('hubs[0].groups[1].messages as { target: TextChanged, key: "{0.key}" }');
    });

    test("a message that the hub makes for each client, declared as a group message", async () => {
      const { eventId } = newEvents();
      const comparison = await run({
        hub: { groups: contractGroups },
        publish: () => origin.control.publishPersonal({ eventId }).then(() => origin.control.state()),
        scenario: { pairs: 2, steps: [{ join: "Subscribe", arguments: [eventId] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0]");
      expect(message).toContain("the hub makes OddsChanged for each client");
      expect(message).toMatch(/see what was made for another \(they differ at .*\{0\.[sS]ecret\}/);
      expect(comparison.result.differences.map(({ kind }) => kind)).toContain("different");
    });

    test("to: joiner forgotten", async () => {
      const { eventId, publish } = newEvents();
      const snapshot = { target: "EventSnapshot", key: "{0.eventId}" };
      const group = { ...callerSnapshotGroup, messages: [callerSnapshotGroup.messages[0], snapshot] };
      const comparison = await run({
        hub: { groups: [group] },
        publish,
        scenario: {
          pairs: 3,
          protocols: ["json"],
          spreadMs: 2400,
          steps: [{ join: "SubscribeWithCallerSnapshot", arguments: [eventId] }, wait],
        },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[1].to");
      expect(message).toContain("Write to: joiner");
    });

    test("to: joiner where it does not belong", async () => {
      const { eventId, publish } = newEvents();
      const comparison = await run({
        hub: { groups: [eventRule({ to: "joiner" })] },
        publish,
        scenario: { pairs: 2, steps: [{ join: "Subscribe", arguments: [eventId] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0].to");
      expect(message).toContain("Take to: joiner out");
    });

    test("a broadcast without a rule", async () => {
      const { eventId } = newEvents();
      const comparison = await run({
        hub: { groups: contractGroups },
        publish: () => origin.control.broadcast({ text: "hello" }).then(() => origin.control.state()),
        scenario: { steps: [{ join: "Subscribe", arguments: [eventId] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].broadcasts");
      expect(message).toContain("Add - { target: ServiceMessage }");
    });

    test("a target of a group without a rule", async () => {
      const { eventId } = newEvents();
      const comparison = await run({
        hub: { groups: contractGroups },
        publish: () => origin.control.publish({ eventId, target: "OddsClosed", count: 5, perSecond: 50 }),
        scenario: { pairs: 2, steps: [{ join: "Subscribe", arguments: [eventId] }, wait] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages");
      expect(message).toContain('add - { target: OddsClosed, key: "{0.eventId}" }');
    });

    test("a message that does not say to which key it belongs", async () => {
      const { eventId } = newEvents();
      const comparison = await run({
        hub: { groups: [eventRule({}, { target: "Said", key: "{0}" })] },
        publish: () => origin.control.publishRaw({ eventId, target: "Said", arguments: '["hello"]' }),
        scenario: { pairs: 1, protocols: ["json"], steps: [{ join: "Subscribe", arguments: [eventId] }, { wait: 2 }] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[1].key");
      expect(message).toContain('no value in Said(text "hello")');
      expect(message).toContain("upstream: perKey");
    });

    test("a target that the hub also sends to its caller", async () => {
      const { eventId } = newEvents();
      const key = `whisper ${eventId}`;
      const group = { ...contractGroups[1], messages: [{ target: "Whispered", key: "{1}" }] };
      const comparison = await run({
        hub: { groups: [group], privateUpstream: "eager" },
        scenario: {
          pairs: 2,
          steps: [
            { join: "SubscribeText", arguments: [key] },
            { invoke: "Whisper", arguments: [key] },
          ],
        },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0].privateCopies");
      expect(message).toContain("write privateCopies: deliver");
    });

    test("onSlow: drop, for clients that fall behind", async () => {
      const { eventId } = newEvents();
      const comparison = await run({
        hub: { groups: [eventRule({ onSlow: "drop" })] },
        limits: { outboxMaxBytes: 1 },
        publish: () => origin.control.publish({ eventId, count: 100, payloadBytes: 500 }),
        scenario: { pairs: 2, steps: [{ join: "Subscribe", arguments: [eventId] }, { wait: 2 }] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].groups[0].messages[0].onSlow");
      expect(message).toContain("drop leaves messages out");
    });

    test("a refusal that the hub makes when clients connect, which lazy does not hear", async () => {
      const comparison = await run({
        hub: { groups: contractGroups },
        scenario: { pairs: 2, query: { failConnect: "1" }, steps: ["connect"] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].privateUpstream");
      expect(message).toContain("write eager");
    });

    test("a join key that is no value", async () => {
      const { eventId, publish } = newEvents();
      const group = { ...contractGroups[0], join: { method: "Subscribe", key: "{1}" }, leave: undefined };
      const comparison = await run({
        hub: { groups: [group] },
        publish,
        scenario: {
          pairs: 1,
          steps: [
            { join: "Subscribe", arguments: [eventId] },
            { invoke: "Add", arguments: [1, 1] },
          ],
        },
      });
      const paths = comparison.result.advice.map(({ path }) => path);
      expect(paths, comparison.text).toContain("hubs[0].groups[0].join.key");
      expect(comparison.text).toContain(`"{1}" finds no key in Subscribe(integer ${eventId})`);
    });

    test("a shared call whose result depends on the caller", async () => {
      const comparison = await run({
        hub: { calls: [{ method: "UserName", key: "all", access: "public" }] },
        scenario: { pairs: 2, accessToken: "user:pair{pair}", steps: [{ invoke: "UserName" }] },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].calls[0]");
      expect(message).toContain("does not answer all clients alike");
    });

    test("a header that is not passed on", async () => {
      const comparison = await run({
        hub: { groups: contractGroups },
        scenario: {
          pairs: 1,
          headers: { "x-tenant": "acme" },
          steps: [{ invoke: "HeaderValue", arguments: ["x-tenant"] }],
        },
      });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].forwardHeaders");
      expect(message).toContain("add x-tenant");
    });

    test("connection ids that are not the client's own, which the scenario may leave out", async () => {
      const hub = { groups: contractGroups };
      const steps = [{ invoke: "WhoAmI" }, { invoke: "Add", arguments: [1, 2] }];
      const comparison = await run({ hub, scenario: { pairs: 2, steps } });
      const { path, message } = adviceOf(comparison);
      expect(path).toBe("hubs[0].privateUpstream");
      expect(message).toContain('- { method: WhoAmI, path: "{result}" }');
      const ignoring = await run({
        hub,
        scenario: { pairs: 2, steps, ignore: [{ method: "WhoAmI", path: "{result}" }] },
      });
      expect({ code: ignoring.code, differences: ignoring.result.differences }).toEqual({ code: 0, differences: [] });
    });
  });

  describe("as a command", () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "signalr-edge-"));
      await buildCommand();
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function file(name: string, content: object): Promise<string> {
      const path = join(folder, name);
      await writeFile(path, JSON.stringify(content));
      return path;
    }

    test("reads a gateway's own file, and exits with 0 and one JSON object when all is equal", async () => {
      const { eventId, publish } = newEvents();
      const config = await file("gateway.json", {
        listen: { port: 0 },
        admin: { port: 0 },
        hubs: [{ path: hubPaths.contract, origin: origin.hubUrl(hubPaths.contract), groups: contractGroups }],
      });
      const scenario = await file("scenario.json", {
        marginMs,
        steps: [
          { join: "Subscribe", arguments: [eventId] },
          { wait: 10, until: "OddsChanged", count: 30 },
        ],
      });
      const gateway = Command.start(["run", "--config", config]);
      const url = await gateway.find("stdout", /^listening on (http:\/\/\S+)$/m);
      const given = ["--config", config, "--scenario", scenario, "--gateway", url, "--pairs", "2", "--json"];
      const command = Command.start(["compare", ...given]);
      let isOver = false;
      const ended = command.ended.finally(() => {
        isOver = true;
      });
      while (!isOver) await publish();
      const { code, stdout, stderr } = await ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout.trim().split("\n")).toHaveLength(1);
      expect(JSON.parse(stdout)).toMatchObject({ equal: true, pairs: 2, passes: 1, seed: 1, differences: [] });
    });

    test("exits with 2 and a path for every mistake, before it connects to anything", async () => {
      const hubs = [
        { path: "/a", origin: "http://127.0.0.1:9/a" },
        { path: "/b", origin: "http://127.0.0.1:9/b" },
      ];
      const config = await file("two.json", { hubs });
      const wrong = await file("wrong.json", { pairs: 0, steps: ["conect"] });
      const bad = await Command.run(["compare", "--config", config, "--scenario", wrong]);
      expect(bad).toMatchObject({ code: 2, stdout: "" });
      expect(bad.stderr).toMatch(/^pairs: must be .*\nsteps\[0\]: must be .*\n2 error\(s\); nothing was compared\n$/);
      const vague = await file("vague.json", { steps: ["connect"] });
      const hub = await Command.run(["compare", "--config", config, "--scenario", vague, "--gateway", "ftp://x"]);
      expect(hub).toMatchObject({ code: 2, stdout: "" });
      expect(hub.stderr).toContain('hub: is missing; the configuration has several hubs, so it must be "/a" or "/b"');
      const missing = await Command.run(["compare", "--config", config, "--scenario", join(folder, "none.yaml")]);
      expect(missing).toMatchObject({ code: 2, stdout: "" });
      expect(missing.stderr).toContain("none.yaml: cannot be read");
    });

    test("says what it cannot reach, and exits with 1", async () => {
      const config = await file("nowhere.json", { hubs: [{ path: "/a", origin: "http://127.0.0.1:9/a" }] });
      const scenario = await file("connect.json", { steps: ["connect"] });
      const given = ["--config", config, "--scenario", scenario, "--gateway", origin.hubUrl(hubPaths.contract)];
      const { code, stderr } = await Command.run(["compare", ...given]);
      expect(code).toBe(1);
      expect(stderr).toContain("the origin cannot be reached at http://127.0.0.1:9/a: ");
      expect(stderr).not.toContain("the gateway cannot");
    });
  });

  test("a run in which no message came is no success", async () => {
    const { eventId } = newEvents();
    const { code, result, text } = await run({
      hub: { groups: contractGroups },
      scenario: { pairs: 1, steps: [{ join: "Subscribe", arguments: [eventId] }, { wait: 0.1 }] },
    });
    expect({ code, equal: result.equal, differences: result.differences }).toEqual({
      code: 1,
      equal: false,
      differences: [],
    });
    expect(text).toContain("note: nothing was compared: no message of a group or broadcast reached both sides");
    expect(text).toContain("not seen: OddsChanged (hubs[0].groups[0].messages[0])");
  });

  test("a gap, of which the gateway tells its clients by a reconnect, is one difference and not many", async () => {
    const { eventId, publish } = newEvents();
    const proxy = await startTcpProxy(origin.url);
    onTestFinished(() => proxy.stop());
    let flowing = 0;
    const comparison = await run({
      hub: { groups: contractGroups },
      originUrl: proxy.url,
      limits: { gapSpreadMs: 1 },
      publish: async () => {
        const { joinsByGroup } = await origin.control.state();
        // The direct client, the shared upstream, the control.
        if ((joinsByGroup[`event:${eventId}`] ?? 0) >= 3) flowing += 1;
        if (flowing === 8) proxy.cut();
        await publish();
      },
      scenario: { pairs: 1, steps: [{ join: "Subscribe", arguments: [eventId] }, { wait: 5 }] },
    });
    const { path, message } = adviceOf(comparison);
    expect(path).toBe("hubs[0].groups");
    expect(message).toContain("onGap: close");
    expect(comparison.result.differences).toMatchObject([{ kind: "reconnected", count: 1 }]);
    expect(comparison.result.compared.messages).toBeGreaterThan(50);
  });
});
