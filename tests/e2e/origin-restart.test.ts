import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MessageLog } from "../support/message-log.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { callerSnapshotGroup } from "./support/group-rules.ts";
import { resultOf } from "./support/invoke.ts";
import { patienceMs, range, readUpdate, sequencesOf, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** One hub for each way to treat a gap. */
const [closing, rejoining, ignoring] = [hubPaths.contract, hubPaths.detailed, hubPaths.auth];
const slowGroup = {
  name: "slow",
  access: "public",
  join: { method: "SubscribeSlow", key: "{0}" },
  messages: [{ target: "SlowEventChanged", key: "{0.eventId}" }],
};
/** An event that nobody is in: leaving it is answered by the gateway, with or without an origin. */
const noEvent = 127;

/** `{"type":7,"allowReconnect":true}` */
const closeForReconnect = {
  json: Buffer.from('{"type":7,"allowReconnect":true}\u001e'),
  messagepack: Buffer.from("049307c0c3", "hex"),
};

describe.skipIf(!aspNetOriginAvailable)("restart of the origin", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [closing]: { groups: [...contractGroups, slowGroup] },
        [rejoining]: { groups: [{ ...callerSnapshotGroup, onGap: "rejoin" }] },
        [ignoring]: {
          authentication: "none",
          sharedUpstream: { headers: { authorization: "Bearer user:edge" } },
          groups: contractGroups.map((group) => ({ ...group, onGap: "ignore" })),
        },
      },
    });
  });
  afterAll(() => edge.stop());
  beforeEach(async () => {
    // Only if the last test left it so.
    await edge.origin.control.state().catch(() => edge.origin.restart());
  });

  /** Resets every connection of the origin; resolves when the gateway has seen the end of this shared upstream. */
  async function kill(hub: HubPath, protocol: HubProtocolName = "json"): Promise<void> {
    const lossesBefore = edge.log.count("upstream.lost", { hub, protocol });
    await edge.origin.stop("SIGKILL");
    await edge.log.waitFor("upstream.lost", { hub, protocol }, lossesBefore + 1);
  }

  /** The gateway answers the clients, which have received nothing that ends them. */
  async function expectAlive(clients: readonly RawClient[], invocationId: string): Promise<void> {
    for (const client of clients) {
      expect(await resultOf(client, invocationId, "Unsubscribe", noEvent)).toBeNull();
      expect(client.frames.some((frame) => frame.equals(closeForReconnect[client.wire.protocol]))).toBe(false);
    }
  }

  for (const protocol of protocols) {
    test(`R-30 members of ${protocol} groups are closed for a reconnect after the origin is back, nobody else and not before`, async () => {
      const [eventId, otherId] = [edge.newEventId(), edge.newEventId()];
      const clients = [await edge.connect({ protocol }), await edge.connect({ protocol })] as const;
      const outsider = await edge.connect({ protocol });
      const [first, second] = clients;
      await resultOf(first, "1", "Subscribe", eventId);
      await resultOf(first, "2", "Subscribe", otherId);
      await resultOf(second, "1", "Subscribe", otherId);
      await resultOf(outsider, "1", "Subscribe", otherId);
      await resultOf(outsider, "2", "Unsubscribe", otherId);
      const gapsBefore = edge.counter("gaps");
      await kill(closing, protocol);
      await expectAlive([...clients, outsider], "while down");

      await edge.origin.restart();
      for (const client of clients) {
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
        expect(client.frames.at(-1)).toEqual(closeForReconnect[protocol]);
        expect(client.frames.filter((frame) => frame.equals(closeForReconnect[protocol]))).toHaveLength(1);
      }
      await expectAlive([outsider], "after");
      expect(edge.counter("gaps") - gapsBefore).toBe(2);
    });

    test(`an official ${protocol} client that subscribes again when it has reconnected is complete again`, async () => {
      const eventId = edge.newEventId();
      const connection = edge.buildRealClient({ protocol, reconnectDelaysMs: [0, 0, 0] });
      const log = new MessageLog(connection, "OddsChanged");
      const ends: (Error | undefined)[] = [];
      connection.onclose((error) => ends.push(error));
      connection.onreconnecting((error) => ends.push(error));
      const subscribedAgain = new Promise((resolve, reject) => {
        connection.onreconnected(() => connection.invoke("Subscribe", eventId).then(resolve, reject));
      });
      await connection.start();
      await connection.invoke("Subscribe", eventId);
      await edge.origin.control.publish({ eventId, count: 5 });
      await log.waitForCount(5);
      await kill(closing, protocol);
      await edge.origin.restart();
      expect(readUpdate(await subscribedAgain).sequence).toBe(0);
      await edge.origin.control.publish({ eventId, count: 5 });
      await log.waitForCount(10);
      const sequences = log.messages.map(([update]) => readUpdate(update).sequence);
      expect(sequences).toEqual([...range(1, 5), ...range(1, 5)]);
      // A Close message for a reconnect is no error.
      expect(ends).toEqual([undefined]);
    });

    test(`${protocol} joins asked for while the origin is down are answered when it is back`, async () => {
      const eventId = edge.newEventId();
      const [member, waiting] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await resultOf(member, "1", "Subscribe", eventId);
      await kill(closing, protocol);
      // The origin's verdict on anonymous clients is still known, so that this one gets in.
      const newcomer = await edge.connect({ protocol });
      const joins = [waiting, newcomer].map((client) => resultOf(client, "join", "Subscribe", eventId));
      await expectAlive([waiting, newcomer], "while down");
      expect([waiting, newcomer].map((client) => client.frames.length)).toEqual([1, 1]);

      await edge.origin.restart();
      for (const snapshot of await Promise.all(joins)) expect(readUpdate(snapshot).sequence).toBe(0);
      await edge.origin.control.publish({ eventId, count: 3 });
      for (const client of [waiting, newcomer]) {
        await waitForSequence(client, 3);
        expect(sequencesOf(client)).toEqual([1, 2, 3]);
      }
      expect(await member.closed).toEqual({ code: 1000, reason: "" });
      expect(sequencesOf(member)).toEqual([]);
    });
  }

  test("a join that the restart interrupted is asked again, and answered once", async () => {
    const eventId = edge.newEventId();
    const client = await edge.connect();
    const join = resultOf(client, "1", "SubscribeSlow", eventId, 500);
    await edge.origin.control.waitFor({ kind: "invoked", name: "SubscribeSlow" });
    await kill(closing);
    await edge.origin.restart();
    expect(readUpdate(await join).sequence).toBe(0);
    await edge.origin.control.publish({ eventId, target: "SlowEventChanged" });
    await waitForSequence(client, 1, { target: "SlowEventChanged" });
    expect(client.frames).toHaveLength(2);
    expect((await edge.origin.control.state()).invocations.SubscribeSlow).toBe(1);
  });

  test("R-30 onGap rejoin: all members get the hub's snapshot to its caller as their new one, and stay", async () => {
    const eventId = edge.newEventId();
    const clients = await edge.connectMany(3, { hub: rejoining });
    for (const client of clients) await resultOf(client, "1", "SubscribeWithCallerSnapshot", eventId);
    await edge.origin.control.publish({ hub: rejoining, eventId, count: 5 });
    await Promise.all(clients.map((client) => waitForSequence(client, 5)));
    await kill(rejoining);
    await edge.origin.restart();
    await edge.origin.control.waitFor(
      { kind: "returned", name: "SubscribeWithCallerSnapshot" },
      { timeoutMs: patienceMs },
    );
    await edge.origin.control.publish({ hub: rejoining, eventId, count: 5 });
    for (const client of clients) {
      await client.log.until(() => sequencesOf(client)[9], "the tenth update", patienceMs);
      expect(sequencesOf(client)).toEqual([...range(1, 5), ...range(1, 5)]);
      const targets = client.frames.map((frame) => client.wire.decode(frame)).map(targetOf);
      expect(targets.slice(0, 2)).toEqual(["EventSnapshot", undefined]);
      expect(targets.slice(2)).toEqual([...updates(5), "EventSnapshot", ...updates(5)]);
      expect(updatesOf(client, "EventSnapshot").map(({ sequence }) => sequence)).toEqual([0, 0]);
    }
    await expectAlive(clients, "after");
    expect((await edge.joinsAndLeaves(eventId))[0]).toBe(1);
  });

  test("R-30 onGap ignore: members stay and get what comes after the gap, however often the origin restarts", async () => {
    const eventId = edge.newEventId();
    const clients = await edge.connectMany(3, { hub: ignoring });
    for (const client of clients) await resultOf(client, "1", "Subscribe", eventId);
    for (const round of [1, 2]) {
      await kill(ignoring);
      await edge.origin.restart();
      await edge.origin.control.waitFor({ kind: "joined", name: `event:${eventId}` }, { timeoutMs: patienceMs });
      await edge.origin.control.publish({ hub: ignoring, eventId, count: 3 });
      for (const client of clients) {
        await client.log.until(() => sequencesOf(client)[3 * round - 1], `update ${3 * round}`, patienceMs);
        expect(client.frames).toHaveLength(1 + 3 * round);
      }
    }
    expect(edge.counter("gaps", ignoring)).toBe(2);
  });

  const orderlyEnds = [
    {
      how: "was shut down in good order",
      end: async () => {
        const lossesBefore = edge.log.count("upstream.lost", { hub: closing });
        await edge.origin.stop();
        await edge.log.waitFor("upstream.lost", { hub: closing }, lossesBefore + 1);
        await edge.origin.restart();
      },
    },
    { how: "aborted its connection", end: () => edge.origin.control.abortConnections(closing) },
  ];
  for (const { how, end } of orderlyEnds) {
    test(`R-31 the gateway comes back to an origin that ${how}, and its members are closed for a reconnect`, async () => {
      const [member, outsider] = [await edge.connect(), await edge.connect()];
      await resultOf(member, "1", "Subscribe", edge.newEventId());
      const opensBefore = edge.log.count("upstream.opened", { hub: closing });
      await end();
      expect(await member.closed).toEqual({ code: 1000, reason: "" });
      expect(member.frames.at(-1)).toEqual(closeForReconnect.json);
      expect(edge.log.count("upstream.opened", { hub: closing })).toBe(opensBefore + 1);
      await expectAlive([outsider], "after");
    });
  }

  test("R-11 a client with a private upstream is closed for a reconnect at once when the origin is killed", async () => {
    const [own, member] = [await edge.connect(), await edge.connect()];
    await resultOf(own, "1", "WhoAmI");
    await resultOf(member, "1", "Subscribe", edge.newEventId());
    await kill(closing);
    expect(await own.closed).toEqual({ code: 1000, reason: "" });
    expect(own.frames.at(-1)).toEqual(closeForReconnect.json);
    await expectAlive([member], "while down");
  });
});

function targetOf(message: ReturnType<RawClient["wire"]["decode"]>): string | undefined {
  return message.type === 1 ? message.target : undefined;
}

function updates(count: number): string[] {
  return Array.from({ length: count }, () => "OddsChanged");
}
