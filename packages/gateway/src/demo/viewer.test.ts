import { HttpTransportType } from "@microsoft/signalr";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeliveryCounts } from "./delivery-counts.ts";
import type { CreateDemoClient } from "./demo-client.ts";
import { LightClient } from "./light-client.ts";
import { dotNetValue, oddsHubPath, oddsTarget } from "./odds-hub.ts";
import { OfficialClient } from "./official-client.ts";
import { HubException, stringArgument } from "./server/hub-definition.ts";
import { HubServer } from "./server/hub-server.ts";
import { Viewer } from "./viewer.ts";

const snapshotSequence = 7;

let server: HubServer;
let url: string;
let counts: DeliveryCounts;
let viewer: Viewer;
let latencies: number[];

beforeEach(async () => {
  server = new HubServer({
    hubs: {
      [oddsHubPath]: {
        methods: {
          SubscribeToEvent: (context, eventId) => {
            if (eventId === "closed") throw new HubException("This event is closed.");
            context.addToGroup(stringArgument(eventId));
            return dotNetValue({ eventId, sequence: snapshotSequence });
          },
          UnsubscribeFromEvent: (context, eventId) => context.removeFromGroup(stringArgument(eventId)),
        },
      },
    },
  });
  url = `${await server.listen()}${oddsHubPath}`;
  counts = new DeliveryCounts();
  latencies = [];
});

afterEach(async () => {
  await viewer.stop();
  await server.close();
});

function watch(createClient: CreateDemoClient, ...events: string[]): Viewer {
  const wanted = [...events];
  viewer = new Viewer({
    createClient,
    counts,
    pickEvent: () => wanted.shift() ?? "",
    eventsToFollow: events.length,
    recordLatency: (sentAt) => latencies.push(sentAt),
  });
  return viewer;
}

/** Sends to the members of the group `to`, in one turn. */
function publish(eventId: string, sequences: readonly number[], to = eventId): void {
  for (const sequence of sequences) {
    const update = dotNetValue({
      eventId,
      sequence,
      sentAt: 1_700_000_000_123_456,
      markets: [{ name: "x", odds: 1.5 }],
    });
    server.clients(oddsHubPath).group(to).send(oddsTarget, update);
  }
}

async function deliveries(count: number): Promise<void> {
  await vi.waitFor(() => expect(counts.deliveries).toBe(count));
}

const clients: readonly (readonly [name: string, create: () => CreateDemoClient])[] = [
  ["light client, JSON", () => (events) => new LightClient({ url, protocol: "json", negotiate: true }, events)],
  [
    "light client, JSON, negotiation skipped",
    () => (events) => new LightClient({ url, protocol: "json", negotiate: false }, events),
  ],
  [
    "light client, MessagePack",
    () => (events) => new LightClient({ url, protocol: "messagepack", negotiate: true }, events),
  ],
  [
    "official client, JSON",
    () => (events) => new OfficialClient({ url, protocol: "json", transport: HttpTransportType.WebSockets }, events),
  ],
  [
    "official client, MessagePack",
    () => (events) =>
      new OfficialClient({ url, protocol: "messagepack", transport: HttpTransportType.WebSockets }, events),
  ],
];

describe.each(clients)("with the %s", (_name, create) => {
  test("an unbroken stream has no errors", async () => {
    await watch(create(), "a", "b").connect();
    publish("a", [8, 9]);
    publish("b", [8]);
    publish("a", [10]);
    await deliveries(4);
    viewer.finish((eventId) => (eventId === "a" ? 10 : 8));
    expect(counts.errors).toBe(0);
    expect(latencies).toEqual(Array.from({ length: 4 }, () => 1_700_000_000_123_456));
  });

  test("a planted hole, duplicate, swap and stray message are each found", async () => {
    await watch(create(), "a").connect();
    publish("a", [8, 10, 11, 11, 14, 13]);
    publish("b", [1], "a");
    await deliveries(7);
    // 9 and 12 never come, 11 comes twice, 13 comes late, and "b" is not followed.
    expect(counts).toMatchObject({ lost: 2, duplicated: 1, reordered: 1, misrouted: 1 });
    viewer.finish(() => 17);
    expect(counts.lost).toBe(5);
  });

  test("after a switch the new event is followed and the old one's messages are strays", async () => {
    const wanted = ["a", "b"];
    viewer = new Viewer({
      createClient: create(),
      counts,
      pickEvent: () => wanted.shift() ?? "",
      eventsToFollow: 1,
      recordLatency: () => {},
    });
    await viewer.connect();
    await viewer.switchEvent();
    publish("b", [8]);
    publish("a", [8]);
    await deliveries(1);
    expect(counts.errors).toBe(0);
    publish("a", [8], "b");
    await deliveries(2);
    expect(counts.misrouted).toBe(1);
  });

  test("a new connection starts from new snapshots", async () => {
    await watch(create(), "a").connect();
    publish("a", [8, 9]);
    await deliveries(2);
    await viewer.reconnect();
    expect(viewer.isWatching).toBe(true);
    publish("a", [8]);
    await deliveries(3);
    expect(counts.errors).toBe(0);
  });

  test("a refused join is a failure with the hub's words", async () => {
    await watch(create(), "closed").connect();
    expect(counts.failures).toBe(1);
    expect(counts.firstFailure).toContain("This event is closed.");
    expect(viewer.isDisconnected).toBe(true);
  });

  test("a connection that the server ends is counted once", async () => {
    await watch(create(), "a").connect();
    await server.close();
    await vi.waitFor(() => expect(counts.unexpectedEnds).toBe(1));
    expect(counts.failures).toBe(0);
  });

  test("a connection that is reset is counted once", async () => {
    await watch(create(), "a").connect();
    await server.kill();
    await vi.waitFor(() => expect(counts.unexpectedEnds).toBe(1));
    expect(counts.failures).toBe(0);
  });
});
