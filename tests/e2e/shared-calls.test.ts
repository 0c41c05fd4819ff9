import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonFrame } from "../support/json-wire.ts";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { haltOrigin } from "./support/halt-origin.ts";
import { invoke, resultOf, send } from "./support/invoke.ts";
import { patienceMs, range } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** One hub each for results that are not kept, for a long time, and for a short one. */
const [unkept, kept, brief] = [hubPaths.contract, hubPaths.stateful, hubPaths.detailed];
const ttlMs = 3_600_000;
const shared = (method: string, key: string, more: object = {}): object => ({ method, key, access: "public", ...more });
/** Leaving it is answered by the gateway itself: behind it, what a client sent before has arrived there. */
const barrier = ["barrier", "Unsubscribe", 127] as const;

describe.skipIf(!aspNetOriginAvailable)("shared calls", () => {
  let edge: Edge;

  beforeAll(async () => {
    const calls = [shared("Add", "{0}+{1}"), shared("Echo", "any"), shared("Void", "all"), shared("ThrowHub", "{0}")];
    edge = await Edge.start({
      hubs: {
        [unkept]: { groups: contractGroups, calls },
        [kept]: {
          groups: contractGroups,
          calls: ["Add", "ThrowHub", "Echo"].map((method) => shared(method, "{0}", { ttlMs })),
          partitionBy: ["query.market"],
        },
        [brief]: { calls: [shared("Add", "{0}", { ttlMs: 50 })] },
      },
    });
  });
  afterAll(() => edge.stop());

  async function invocationsOf(method: string): Promise<number> {
    return (await edge.origin.control.state()).invocations[method] ?? 0;
  }

  for (const protocol of protocols) {
    test(`100 equal ${protocol} calls that wait at the same time are one invocation, each answered under its own id`, async () => {
      const clients = await edge.connectMany(50, { protocol });
      await resultOf(clients[0] ?? (await edge.connect()), "first", "Add", 0, 0);
      const before = await invocationsOf("Add");
      const counterBefore = edge.gateway.metrics.hub(unkept).sharedCalls;
      const origin = haltOrigin(edge.origin);
      const answers = clients.flatMap((client) => [
        invoke(client, "a", "Add", 20, 22),
        invoke(client, "b", "add", 20, 22),
      ]);
      await Promise.all(clients.map((client) => resultOf(client, ...barrier)));
      origin.resume();
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        expect(answer).toEqual({ type: 3, invocationId: index % 2 === 0 ? "a" : "b", result: 42 });
      }
      expect((await invocationsOf("Add")) - before).toBe(1);
      expect(edge.gateway.metrics.hub(unkept).sharedCalls - counterBefore).toBe(99);
      expect(edge.hub(unkept).privateUpstreams).toBe(0);
    });

    test(`100 ${protocol} clients that call at once, before there is a shared upstream, cost the origin a few invocations`, async () => {
      const own = await Edge.startForTest({
        origin: edge.origin,
        hubs: { [unkept]: { calls: [shared("Add", "{0}")] } },
      });
      const clients = await own.connectMany(100, { protocol });
      const before = await invocationsOf("Add");
      const results = await Promise.all(clients.map((client) => resultOf(client, "1", "Add", 1, 2)));
      expect(new Set(results)).toEqual(new Set([3]));
      const invocations = (await invocationsOf("Add")) - before;
      expect(invocations).toBeGreaterThanOrEqual(1);
      expect(invocations).toBeLessThanOrEqual(5);
    });

    test(`${protocol} calls with different arguments are never mixed`, async () => {
      const [first, second, direct] = [
        await edge.connect({ protocol }),
        await edge.connect({ protocol }),
        await edge.connectDirectly({ protocol }),
      ];
      const values = [
        1,
        "1",
        true,
        "true",
        null,
        "",
        0,
        -1,
        11,
        1.5,
        [1],
        [[1]],
        [],
        { a: 1 },
        { a: "1" },
        "{}",
        "[1]",
      ];
      const expected = await Promise.all(values.map((value, index) => resultOf(direct, String(index), "Echo", value)));
      const origin = haltOrigin(edge.origin);
      const echoes = [first, second].map((client) =>
        Promise.all(values.map((value, index) => resultOf(client, `echo ${index}`, "Echo", value))),
      );
      const sums = [first, second].map((client) =>
        Promise.all(
          range(0, 99).map((number) => resultOf(client, `sum ${number}`, "Add", number % 10, Math.floor(number / 10))),
        ),
      );
      await Promise.all([first, second].map((client) => resultOf(client, ...barrier)));
      origin.resume();
      expect(await Promise.all(echoes)).toEqual([expected, expected]);
      const right = range(0, 99).map((number) => (number % 10) + Math.floor(number / 10));
      expect(await Promise.all(sums)).toEqual([right, right]);
    });

    test(`a ${protocol} result answers further calls for ttlMs, in its own partition`, async () => {
      const [first, second] = [
        await edge.connect({ protocol, hub: kept }),
        await edge.connect({ protocol, hub: kept, query: "market=uk" }),
      ];
      const before = await invocationsOf("Add");
      const argument = protocol === "json" ? 5 : 6;
      for (const id of ["1", "2"]) expect(await resultOf(first, id, "Add", argument, 7)).toBe(argument + 7);
      const late = await edge.connect({ protocol, hub: kept });
      expect(await resultOf(late, "1", "ADD", argument, 7)).toBe(argument + 7);
      expect((await invocationsOf("Add")) - before).toBe(1);
      expect(await resultOf(second, "1", "Add", argument, 7)).toBe(argument + 7);
      expect((await invocationsOf("Add")) - before).toBe(2);
      expect(await resultOf(late, "2", "Add", argument, 8)).toBe(argument + 8);
      expect((await invocationsOf("Add")) - before).toBe(3);
    });

    test(`a ${protocol} result is not kept beyond ttlMs`, async () => {
      const client = await edge.connect({ protocol, hub: brief });
      const before = await invocationsOf("Add");
      let id = 0;
      const call = async (): Promise<number> => {
        id += 1;
        expect(await resultOf(client, String(id), "Add", 1, 1)).toBe(2);
        return (await invocationsOf("Add")) - before;
      };
      expect(await call()).toBe(1);
      await expect.poll(call, { timeout: patienceMs }).toBeGreaterThan(1);
    });

    test(`an error goes to all ${protocol} callers that wait, in the origin's words, and is not kept`, async () => {
      const clients = await edge.connectMany(20, { protocol, hub: kept });
      const direct = await edge.connectDirectly({ protocol });
      const expected = await invoke(direct, "1", "ThrowHub", "no such event");
      expect(expected).toMatchObject({ type: 3, error: expect.stringContaining("no such event") });
      await resultOf(clients[0] ?? direct, "first", "Add", 0, 0);
      const before = await invocationsOf("ThrowHub");
      const origin = haltOrigin(edge.origin);
      const errors = clients.map((client) => invoke(client, "1", "ThrowHub", "no such event"));
      await Promise.all(clients.map((client) => resultOf(client, ...barrier)));
      origin.resume();
      expect(await Promise.all(errors)).toEqual(clients.map(() => expected));
      expect((await invocationsOf("ThrowHub")) - before).toBe(1);
      const again = await invoke(clients[0] ?? direct, "2", "ThrowHub", "no such event");
      expect(again).toEqual({ ...expected, invocationId: "2" });
      expect((await invocationsOf("ThrowHub")) - before).toBe(2);
    });

    test(`the ${protocol} completion is that of the origin byte for byte, also of a method without a result`, async () => {
      const [through, direct] = [await edge.connect({ protocol }), await edge.connectDirectly({ protocol })];
      for (const client of [through, direct]) {
        await invoke(client, "1", "Void");
        await invoke(client, "2", "Add", 1, 2);
        await invoke(client, "3", "ThrowHub", "x");
        await invoke(client, "4", "Echo", null);
      }
      expect(through.frames).toEqual(direct.frames);
      expect(edge.hub(unkept).privateUpstreams).toBe(0);
    });

    test(`a call that asks a plain method for a stream is refused in the words of the origin (${protocol})`, async () => {
      const [through, direct] = [await edge.connect({ protocol }), await edge.connectDirectly({ protocol })];
      for (const client of [through, direct]) {
        client.sendMessages({ type: 4, invocationId: "1", target: "Add", arguments: [1, 2] });
        client.sendMessages({ type: 1, invocationId: "2", target: "Add", arguments: [1, 2], streamIds: ["3"] });
        await client.completionOf("2");
      }
      expect(through.frames).toEqual(direct.frames);
    });
  }

  test("a result keeps the bytes that the origin wrote, also from the cache", async () => {
    const values = ["1.0", "9007199254740993", "-0", "1e2", '{"b":1,"a":"\\u00e9","a":[]}', '"\\ud83d\\ude00"'];
    const [through, direct] = [await edge.connect({ hub: kept }), await edge.connectDirectly()];
    const texts = values.map(
      (value, index) => `{"type":1,"invocationId":"${index}","target":"Echo","arguments":[${value}]}`,
    );
    for (const client of [through, direct]) {
      for (const [index, text] of texts.entries()) {
        client.send(jsonFrame(text));
        await client.completionOf(String(index));
      }
    }
    expect(through.frames.map(String)).toEqual(direct.frames.map(String));
    const later = await edge.connect({ hub: kept });
    for (const [index, text] of texts.entries()) {
      later.send(jsonFrame(text));
      await later.completionOf(String(index));
    }
    expect(later.frames.map(String)).toEqual(direct.frames.map(String));
  });

  test("a call whose shared upstream is lost is made again, and answered once", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [unkept]: { groups: contractGroups, calls: [shared("Slow", "{0}")] } },
    });
    const clients = await own.connectMany(10);
    const before = await invocationsOf("Slow");
    const answers = clients.map((client) => invoke(client, "1", "Slow", 400));
    const invoked = (count: number) =>
      own.origin.control.waitFor({ kind: "invoked", name: "Slow" }, { count: before + count, timeoutMs: patienceMs });
    await invoked(1);
    await Promise.all(clients.map((client) => resultOf(client, ...barrier)));
    await own.origin.control.abortConnections(unkept);
    await invoked(2);
    expect(await Promise.all(answers)).toEqual(clients.map(() => ({ type: 3, invocationId: "1", result: null })));
    await Promise.all(clients.map((client) => resultOf(client, "2", "Unsubscribe", 127)));
    for (const client of clients) expect(client.frames).toHaveLength(3);
    expect(await invocationsOf("Slow")).toBe(before + 2);
  });

  test("a caller that is gone takes nobody's answer with it", async () => {
    const [gone, staying] = [await edge.connect(), await edge.connect()];
    await resultOf(staying, "first", "Add", 0, 0);
    const origin = haltOrigin(edge.origin);
    gone.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [3, 4] });
    await resultOf(gone, ...barrier);
    const answer = resultOf(staying, "1", "Add", 3, 4);
    await resultOf(staying, ...barrier);
    await gone.close();
    origin.resume();
    expect(await answer).toBe(7);
  });

  test("a call without an id, or without a key, is not shared: the origin gets it as the client's own", async () => {
    const client = await edge.connect({ headers: { authorization: "Bearer user:alone" } });
    const direct = await edge.connectDirectly();
    send(client, "Add", 1, 2);
    await edge.origin.control.waitFor({ kind: "invoked", name: "Add", user: "alone" });
    for (const args of [[[1], 2], [1], [null, 2]]) {
      const id = JSON.stringify(args);
      expect(await invoke(client, id, "Add", ...args)).toEqual(await invoke(direct, id, "Add", ...args));
    }
    expect(client.frames).toHaveLength(3);
  });

  test("a call over limits.maxSharedCalls is refused while the others wait; results that are kept make room", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [unkept]: { groups: contractGroups, calls: [shared("Add", "{0}", { ttlMs })] } },
      limits: { maxSharedCalls: 2 },
    });
    const client = await own.connect();
    for (const number of [1, 2, 3, 4])
      expect(await resultOf(client, String(number), "Add", number, 1)).toBe(number + 1);
    const origin = haltOrigin(own.origin);
    const answers = [5, 6, 5, 6].map((number, index) => invoke(client, `w${index}`, "Add", number, 1));
    const error = "Failed to invoke 'Add' due to an error on the server. HubException: Too many calls are waiting.";
    expect(await invoke(client, "7", "Add", 7, 1)).toEqual({ type: 3, invocationId: "7", error });
    origin.resume();
    expect(await Promise.all(answers)).toMatchObject([6, 7, 6, 7].map((result) => ({ result })));
    expect(await resultOf(client, "8", "Add", 7, 1)).toBe(8);
  });

  test("calls on a shared upstream that the origin refuses are answered with an error, and the client stays", async () => {
    const own = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [hubPaths.auth]: { authentication: "none", groups: contractGroups, calls: [shared("Add", "{0}")] } },
    });
    const client = await own.connect({ hub: hubPaths.auth });
    const error = "Failed to invoke 'Add' due to an error on the server.";
    expect(await invoke(client, "1", "Add", 1, 2)).toMatchObject({ error });
    expect(await invoke(client, "2", "Add", 1, 2)).toMatchObject({ error });
    expect(await resultOf(client, ...barrier)).toBeNull();
  });
});
