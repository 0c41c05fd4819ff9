import { expect, onTestFinished, test } from "vitest";
import { waitForSequence } from "../e2e/support/updates.ts";
import { askHub } from "../support/ask-hub.ts";
import { hubPaths } from "../support/origin.ts";
import { EventReader } from "./support/event-reader.ts";
import { startOperated } from "./support/operated-gateway.ts";

const maxReaders = 16;

test("a feed begins with the past and the events so far, and goes on with the present each second", async () => {
  const { adminUrl } = await startOperated();
  const first = await EventReader.open(adminUrl);
  expect(first.response.headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8" });
  await first.hello();
  const ticks = [await first.tick(), await first.tick(), await first.tick()];
  const times = ticks.map(({ sample }) => sample.time ?? 0);
  for (const [index, time] of times.slice(1).entries()) {
    expect(time - (times[index] ?? 0)).toBeGreaterThan(500);
    expect(time - (times[index] ?? 0)).toBeLessThan(2500);
  }
  const second = await EventReader.open(adminUrl);
  const { version, intervalMs, history, events } = await second.hello();
  expect({ version, intervalMs }).toEqual({ version: expect.stringMatching(/^\d/), intervalMs: 1000 });
  expect(history.time).toEqual(expect.arrayContaining(times));
  expect(new Set(Object.values(history).map(({ length }) => length)).size).toBe(1);
  expect(Object.keys(history)).toEqual(Object.keys(ticks[0]?.sample ?? {}));
  expect(events[0]).toEqual({
    number: 1,
    time: expect.any(Number),
    level: "info",
    event: "gateway.started",
    fields: { version },
  });
});

test("a tick has hubs, savings, upstreams, the largest groups, rates and latency", async () => {
  const { adminUrl, origin, joinText } = await startOperated();
  const clients = await Promise.all(["a", "a", "a", "b"].map(joinText));
  const reader = await EventReader.open(adminUrl);
  await reader.hello();
  await origin.control.publish({ key: "a", count: 20 });
  await waitForSequence(clients[0] ?? (await joinText("a")), 20, { target: "TextChanged" });
  const tick = await reader.tickWhere(({ hubs }) => (hubs[0]?.savings.rules[1]?.messages.direct ?? 0) >= 60);
  expect(tick).toMatchObject({
    draining: false,
    hubs: [
      {
        path: hubPaths.contract,
        clients: 4,
        clientsByTransport: { WebSockets: 4, ServerSentEvents: 0, LongPolling: 0 },
        sharedUpstreamCount: 1,
        sharedUpstreams: [{ protocol: "json", state: "open", groups: 2, shard: 0 }],
        privateUpstreams: 0,
        savings: { connections: { direct: 4, upstream: 1 } },
      },
    ],
    sample: { clients: 4, originConnections: 1, memoryBytes: expect.any(Number), internalErrors: 0 },
  });
  expect(tick.hubs[0]?.savings.rules[1]).toMatchObject({ name: "text", messages: { direct: 60, upstream: 20 } });
  const sent = tick.sample.clientMessages ?? 0;
  expect(sent / (tick.sample.originMessages ?? 1)).toBeCloseTo(3, 0);
  expect(tick.sample.latencyP50Ms).toBeGreaterThan(0);
  expect(tick.sample.latencyMaxMs).toBeGreaterThanOrEqual(tick.sample.latencyP50Ms ?? Number.POSITIVE_INFINITY);
  const { largestGroups } = await reader.tickWhere((each) => each.largestGroups.groupCount === 2);
  expect(largestGroups.groups).toEqual([
    { hub: hubPaths.contract, key: "text:a", members: 3 },
    { hub: hubPaths.contract, key: "text:b", members: 1 },
  ]);
  // A second without messages has no latency, which is not the same as none at all.
  expect((await reader.tickWhere(({ sample }) => sample.originMessages === 0)).sample.latencyP50Ms).toBeNull();
});

test("events come once, with the tick after they happened", async () => {
  const { adminUrl, joinText } = await startOperated();
  const reader = await EventReader.open(adminUrl);
  const { events } = await reader.hello();
  await reader.tick();
  await joinText("a");
  const tick = await reader.tickWhere(({ events: added }) => added.length > 0);
  expect(tick.events).toEqual([
    {
      number: (events.at(-1)?.number ?? 0) + 1,
      time: expect.any(Number),
      level: "info",
      event: "upstream.opened",
      fields: { hub: hubPaths.contract, protocol: "json", shard: "0" },
    },
  ]);
  expect((await reader.tick()).events).toEqual([]);
});

test("groups are found by a part of their key, in any case, the largest first", async () => {
  const { adminUrl, joinText } = await startOperated();
  await Promise.all(["Match-1", "match-2", "match-2", "other"].map(joinText));
  const find = async (search: string): Promise<unknown> =>
    JSON.parse((await askHub(`${adminUrl}/api/groups?search=${encodeURIComponent(search)}`)).text);
  expect(await find("MATCH")).toEqual({
    groupCount: 3,
    matchCount: 2,
    groups: [
      { hub: hubPaths.contract, key: "text:match-2", members: 2 },
      { hub: hubPaths.contract, key: "text:Match-1", members: 1 },
    ],
  });
  expect(await find("nowhere")).toEqual({ groupCount: 3, matchCount: 0, groups: [] });
});

test("a key that is very long is cut", async () => {
  const { adminUrl, joinText } = await startOperated();
  await joinText("x".repeat(5000));
  const { groups } = JSON.parse((await askHub(`${adminUrl}/api/groups`)).text);
  expect(groups).toEqual([{ hub: hubPaths.contract, key: `text:${"x".repeat(195)}…`, members: 1 }]);
});

test(`the feed takes ${maxReaders} readers, and another one when one has left`, async () => {
  const { adminUrl } = await startOperated();
  const readers = [];
  for (let index = 0; index < maxReaders; index += 1) readers.push(await EventReader.open(adminUrl));
  expect(readers.map(({ status }) => status)).toEqual(Array(maxReaders).fill(200));
  expect((await EventReader.open(adminUrl)).status).toBe(503);
  const [leaver, watch] = readers;
  await watch?.hello();
  leaver?.close();
  // By the next tick the gateway has heard of it.
  await watch?.tick();
  await watch?.tick();
  expect((await EventReader.open(adminUrl)).status).toBe(200);
});

test("a HEAD request of the feed is no reader", async () => {
  const { adminUrl } = await startOperated();
  expect((await askHub(`${adminUrl}/api/events`, { method: "HEAD" })).status).toBe(404);
});

test("dashboards see the gateway drain, and then that it ends", async () => {
  const { adminUrl, gateway, connect } = await startOperated();
  // A client that does not read keeps the gateway waiting for it.
  const client = await connect();
  client.socket.pause();
  onTestFinished(() => client.socket.terminate());
  const reader = await EventReader.open(adminUrl);
  await reader.hello();
  await reader.tick();
  const stopped = gateway.stop();
  const { events } = await reader.tickWhere(({ draining }) => draining);
  expect(events).toMatchObject([{ event: "gateway.draining", fields: { clients: "1" } }]);
  await expect(reader.tickWhere(({ draining }) => !draining)).rejects.toThrow("the feed ended");
  await stopped;
});

test("the page and what it loads are open, figures ask for the token", async () => {
  const token = "a-token-of-some-length";
  const { adminUrl } = await startOperated({ token });
  const page = await askHub(`${adminUrl}/`);
  expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
  expect(page.text).toContain('name="signalr-edge-token" content="required"');
  expect(page.text).not.toContain(token);
  for (const path of ["/dashboard/main.js", "/dashboard/dashboard.css", "/dashboard/icon.svg"]) {
    expect((await askHub(`${adminUrl}${path}`)).status).toBe(200);
  }
  for (const path of [
    "/api/events",
    "/api/groups",
    "/api/state",
    "/metrics",
    "/api%2Fstate",
    "//api/state",
    "/nothing",
  ]) {
    expect((await askHub(`${adminUrl}${path}`)).status).toBe(401);
    expect((await askHub(`${adminUrl}${path}?access_token=${token}`)).status).toBe(401);
  }
  const authorization = `Bearer ${token}`;
  expect((await EventReader.open(adminUrl, { authorization })).status).toBe(200);
  expect((await askHub(`${adminUrl}/api/groups`, { headers: { authorization } })).status).toBe(200);
});

test("the page may load and run its own files only, in no frame, and has nothing inline", async () => {
  const { adminUrl } = await startOperated();
  const { text, headers } = await askHub(`${adminUrl}/`);
  expect(headers).toMatchObject({
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)|https?:/);
  expect(text).toContain('name="signalr-edge-token" content="none"');
  for (const path of [
    "/dashboard/",
    "/dashboard/index.html",
    "/dashboard/tsconfig.json",
    "/dashboard/..%2Fpackage.json",
  ]) {
    expect((await askHub(`${adminUrl}${path}`)).status).toBe(404);
  }
});
