import { type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { parseMetrics } from "./support/parse-metrics.ts";
import { waitForSequence } from "./support/updates.ts";

const hubs = { [hubPaths.contract]: { groups: contractGroups } };

interface AdminAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** On a connection of its own: one that is kept alive would be in the way of the listener's end. */
function ask(edge: Edge, path: string, headers: Readonly<Record<string, string>> = {}): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${edge.adminUrl}${path}`, { agent: false, headers }, (response) => {
      const answered = { status: response.statusCode ?? 0, headers: response.headers };
      text(response).then((body) => resolve({ ...answered, body }), reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe.skipIf(!aspNetOriginAvailable)("admin endpoints", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs });
  });
  afterAll(() => edge.stop());

  test("/healthz and /readyz answer 200 while the gateway takes clients", async () => {
    expect(await ask(edge, "/healthz")).toMatchObject({ status: 200 });
    expect(await ask(edge, "/readyz")).toMatchObject({ status: 200 });
  });

  test("/api/state has the shape of the documentation and the numbers of what happened", async () => {
    const [first, second] = [await edge.connect(), await edge.connect({ protocol: "messagepack" })];
    const eventId = edge.newEventId();
    for (const client of [first, second]) await resultOf(client, "1", "Subscribe", eventId);
    await resultOf(first, "2", "WhoAmI");
    await edge.origin.control.publish({ eventId, count: 5 });
    await Promise.all([first, second].map((client) => waitForSequence(client, 5)));

    const { status, headers, body } = await ask(edge, "/api/state");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    const state = JSON.parse(body);
    expect(state).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uptimeSeconds: expect.any(Number),
      draining: false,
    });
    expect(state.uptimeSeconds).toBeGreaterThan(0);
    expect(state.hubs.map(({ path }: { path: string }) => path)).toEqual(Object.values(hubPaths));
    expect(state.hubs[0]).toMatchObject({
      path: hubPaths.contract,
      clients: 2,
      clientsByTransport: { WebSockets: 2 },
      sharedUpstreams: [
        { partition: "", protocol: "json", state: "open", groups: 1 },
        { partition: "", protocol: "messagepack", state: "open", groups: 1 },
      ],
      privateUpstreams: 1,
      groupCount: 1,
      groups: [{ key: `event:${eventId}`, members: 2 }],
      counters: {
        // For each protocol the completion of its join and 5 updates.
        originMessages: 12,
        originBytes: expect.any(Number),
        deliveries: 10,
        clientBytes: expect.any(Number),
        unattributed: 0,
        duplicatesDropped: 0,
        slowConsumers: 0,
        gaps: 0,
      },
    });
    expect(state.hubs[0].counters.originBytes).toBeGreaterThan(1000);
    expect(state.hubs[0].counters.clientBytes).toBeGreaterThan(1000);
  });

  test("/metrics is Prometheus text with unique families, and says the same as /api/state", async () => {
    const client = await edge.connect();
    const eventId = edge.newEventId();
    await resultOf(client, "1", "Subscribe", eventId);
    await edge.origin.control.publish({ eventId, count: 3 });
    await waitForSequence(client, 3);
    const { status, headers, body } = await ask(edge, "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    const families = parseMetrics(body);
    const metric = (name: string): number | undefined =>
      families.get(`signalr_edge_${name}`)?.samples.find(({ labels }) => labels.hub === hubPaths.contract)?.value;
    expect(families.get("signalr_edge_clients")?.type).toBe("gauge");
    expect(metric("clients")).toBe(edge.hub().clients);
    for (const name of ["originMessages", "originBytes", "deliveries", "unattributed", "slowConsumers", "gaps"]) {
      const metricName = `${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
      expect(families.get(`signalr_edge_${metricName}`)?.type).toBe("counter");
      expect([name, metric(metricName)]).toEqual([name, edge.counter(name)]);
    }
    const names = [...families].flatMap(([, { samples }]) => samples.flatMap(({ labels }) => Object.keys(labels)));
    expect(["hub", "transport", "protocol", "reason"]).toEqual(expect.arrayContaining([...new Set(names)]));
    expect(body).not.toContain(`event:${eventId}`);
  });

  test("another path is 404", async () => {
    expect(await ask(edge, "/nothing")).toMatchObject({ status: 404 });
  });

  test("a token that is set is required for everything but /healthz and /readyz", async () => {
    const token = "a-token-of-some-length";
    const guarded = await Edge.startForTest({ origin: edge.origin, admin: { token } });
    for (const path of ["/healthz", "/readyz"]) expect(await ask(guarded, path)).toMatchObject({ status: 200 });
    for (const path of ["/metrics", "/api/state"]) {
      expect(await ask(guarded, path)).toMatchObject({ status: 401 });
      for (const authorization of [`Bearer ${token}x`, "Bearer ", token, `Basic ${token}`]) {
        expect(await ask(guarded, path, { authorization })).toMatchObject({ status: 401 });
      }
      expect((await ask(guarded, path)).body).not.toContain("uptimeSeconds");
      expect(await ask(guarded, path, { authorization: `Bearer ${token}` })).toMatchObject({ status: 200 });
    }
  });

  test("/readyz answers 503 with the reason while the gateway drains, /healthz still 200", async () => {
    const draining = await Edge.startForTest({ origin: edge.origin, hubs });
    // A client that does not read keeps the gateway waiting for it.
    const client = await draining.connect();
    client.socket.pause();
    const stopped = draining.gateway.stop();
    expect(await ask(draining, "/readyz")).toMatchObject({ status: 503, body: expect.stringContaining("draining") });
    expect(await ask(draining, "/healthz")).toMatchObject({ status: 200 });
    expect(JSON.parse((await ask(draining, "/api/state")).body)).toMatchObject({ draining: true });
    client.socket.resume();
    await stopped;
  });
});
