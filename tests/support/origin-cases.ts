import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { MessageLog } from "./message-log.ts";
import { type HubPath, hubPaths, type Origin } from "./origin.ts";
import { RawClient } from "./raw-client.ts";
import { startRealClient } from "./real-client.ts";

interface Update {
  readonly eventId: number;
  readonly sequence: number;
  readonly secret: string;
  readonly payload: string | null;
}

/** What the tests rely on in any test origin beyond SignalR: subscriptions, the control and its own life. */
export function originCases(name: string, start: () => Promise<Origin>): void {
  describe(name, () => {
    let origin: Origin;
    beforeAll(async () => {
      origin = await start();
    });
    afterAll(() => origin.stop());

    subscriptionCases(() => origin);
    closingCases(() => origin);
    publicationCases(() => origin);
    witnessCases(() => origin);
    lifeCases(start);
  });
}

function subscriptionCases(origin: () => Origin): void {
  test("every message above the snapshot's number reaches a client that joins while messages are sent", async () => {
    const connection = await real(origin());
    const updates = new MessageLog<[Update]>(connection, "OddsChanged");
    const publishing = origin().control.publish({ eventId: 1, count: 500 });
    const snapshot = await connection.invoke<Update>("Subscribe", 1);
    const { last } = await publishing;
    const afterwards = await origin().control.publish({ eventId: 1 });
    expect(afterwards.first).toBe(last + 1);
    await updates.waitFor(([update]) => update.sequence === afterwards.last);
    const newer = updates.messages
      .map(([update]) => update.sequence)
      .filter((sequence) => sequence > snapshot.sequence);
    expect(newer).toEqual(Array.from({ length: newer.length }, (_, index) => snapshot.sequence + 1 + index));
    expect(newer.at(-1)).toBe(afterwards.last);
    expect(snapshot).toMatchObject({ eventId: 1, secret: expect.any(String) });
    expect(new Set(updates.messages.map(([update]) => update.secret))).toEqual(new Set([snapshot.secret]));
  });

  test("a client that left gets no more messages, and groups have different secrets", async () => {
    const connection = await real(origin());
    const updates = new MessageLog<[Update]>(connection, "OddsChanged");
    const [first, second] = await connection.invoke<Update[]>("SubscribeMany", [21, 22]);
    expect(first?.secret).not.toBe(second?.secret);
    await connection.invoke("Unsubscribe", 21);
    await origin().control.publish({ eventId: 21 });
    await origin().control.publish({ eventId: 22 });
    await updates.waitForCount(1);
    expect(updates.messages.map(([update]) => update.eventId)).toEqual([22]);
  });

  test("a snapshot to the caller comes before the completion", async () => {
    const client = await raw(origin());
    client.sendMessages({ type: 1, invocationId: "1", target: "SubscribeWithCallerSnapshot", arguments: [3] });
    const snapshot = { eventId: 3, sequence: 0, secret: expect.any(String) };
    expect(await client.nextMessages(2)).toEqual([
      { type: 1, target: "EventSnapshot", arguments: [snapshot] },
      { type: 3, invocationId: "1", result: null },
    ]);
  });

  test("a refused subscription is an error, by its event or by the role", async () => {
    const connection = await real(origin());
    await expect(connection.invoke("SubscribeFails", 4)).rejects.toThrow(/HubException: Event 4 is closed\.$/);
    await expect(connection.invoke("SubscribeVip", 4)).rejects.toThrow(/because user is unauthorized$/);
    const vip = await real(origin(), "user:vera:vip");
    expect(await vip.invoke("SubscribeVip", 4)).toMatchObject({ eventId: 4 });
  });
}

function closingCases(origin: () => Origin): void {
  test("a closed event takes no new members, keeps those it has, and is open again after a reset", async () => {
    const [member, late] = [await real(origin()), await real(origin())];
    const updates = new MessageLog<[Update]>(member, "OddsChanged");
    await member.invoke("Subscribe", 31);
    await origin().control.closeEvent({ eventId: 31 });
    await expect(late.invoke("Subscribe", 31)).rejects.toThrow(/HubException: event:31 is closed\.$/);
    await late.invoke("Subscribe", 32);
    await origin().control.publish({ eventId: 31 });
    await updates.waitForCount(1);
    await origin().control.reset();
    expect(await late.invoke("Subscribe", 31)).toMatchObject({ eventId: 31 });
  });
}

function publicationCases(origin: () => Origin): void {
  test("a text subscription is published to by its key", async () => {
    const connection = await real(origin());
    const updates = new MessageLog(connection, "TextChanged");
    expect(await connection.invoke("SubscribeText", "ü/1")).toMatchObject({ key: "ü/1", sequence: 0 });
    expect(await origin().control.publish({ key: "ü/1", count: 2 })).toEqual({ first: 1, last: 2 });
    expect(await updates.waitForCount(2)).toMatchObject([[{ key: "ü/1", sequence: 1 }], [{ sequence: 2 }]]);
  });

  test("a publication has the target, payload and pace asked for", async () => {
    const connection = await real(origin());
    const messages = new MessageLog<[Update]>(connection, "BigMessage");
    await connection.invoke("Subscribe", 5);
    const startedAt = performance.now();
    await origin().control.publish({ eventId: 5, target: "BigMessage", payloadBytes: 1000, count: 5, perSecond: 20 });
    expect(performance.now() - startedAt).toBeGreaterThan(190);
    const [first] = await messages.waitForCount(5);
    expect(first?.[0].payload).toHaveLength(1000);
  });

  test("raw arguments arrive as they are", async () => {
    const json = await raw(origin());
    const messagePack = await raw(origin(), "messagepack");
    await join(json, 6);
    await join(messagePack, 7);
    const jsonArguments = '[9007199254740993,1.0,{"b":1,"a":2,"a":3},"\\u00e9"]';
    const packedArguments = Buffer.from("93d30000000000000001ca3dccccccd90178", "hex");
    await origin().control.publishRaw({ eventId: 6, target: "Raw", arguments: jsonArguments });
    await origin().control.publishRaw({ eventId: 7, target: "Raw", arguments: packedArguments });
    expect((await json.nextFrame()).toString()).toBe(`{"type":1,"target":"Raw","arguments":${jsonArguments}}\u001e`);
    expect((await messagePack.nextFrame()).includes(packedArguments)).toBe(true);
  });

  test("integers beyond 2^53 are event ids", async () => {
    const client = await raw(origin());
    const eventId = 9007199254740993n;
    client.sendText(`{"type":1,"invocationId":"1","target":"Subscribe","arguments":[${eventId}]}\u001e`);
    expect((await client.nextFrame()).toString()).toContain(`"eventId":${eventId},`);
    await origin().control.publishKinds({ eventId });
    expect((await client.nextFrame()).toString()).toContain(
      `"target":"KindsChanged","arguments":[{"eventId":${eventId},`,
    );
  });

  test("a personal publication has another secret for each member, and nothing for others", async () => {
    const clients = [await raw(origin()), await raw(origin(), "messagepack")];
    const stranger = await raw(origin());
    for (const client of clients) await join(client, 23);
    await origin().control.publishPersonal({ eventId: 23 });
    for (const client of clients) {
      expect(JSON.stringify(await client.nextMessage())).toContain(`secret of ${client.connectionId}`);
    }
    await origin().control.broadcast({ text: "next" });
    expect(await stranger.nextMessage()).toMatchObject({ target: "ServiceMessage" });
  });

  test("a broadcast reaches every client of its hub only", async () => {
    const clients = [await raw(origin()), await raw(origin(), "messagepack")];
    const elsewhere = await raw(origin(), "json", hubPaths.detailed);
    await origin().control.broadcast({ text: "hello" });
    await origin().control.broadcast({ hub: hubPaths.detailed, text: "there" });
    for (const client of clients) expect(JSON.stringify(await client.nextMessage())).toContain("hello");
    expect(await elsewhere.nextMessage()).toMatchObject({ target: "ServiceMessage", arguments: [{ text: "there" }] });
  });
}

function witnessCases(origin: () => Origin): void {
  test("the state counts connections, joins, sends and invocations since the last reset", async () => {
    const { control } = origin();
    await control.reset();
    const { totalConnections } = await control.state();
    const client = await raw(origin(), "messagepack");
    await join(client, 8);
    await control.publish({ eventId: 8, count: 3 });
    const state = await control.state();
    expect(state.totalConnections).toBe(totalConnections + 1);
    expect(state.connections).toContainEqual({
      connectionId: client.connectionId,
      hub: hubPaths.contract,
      protocol: "messagepack",
      transport: "WebSockets",
      user: null,
    });
    expect(state).toMatchObject({
      joins: 1,
      joinsByGroup: { "event:8": 1 },
      leaves: 0,
      sendsByGroup: { "event:8": 3 },
      invocations: { Subscribe: 1 },
    });
    expect(state.traffic.bytesOut).toBeGreaterThan(0);
  });

  test("waiting finds what happened already and what is still to happen", async () => {
    const { control } = origin();
    const client = await raw(origin());
    const connectionId = String(client.connectionId);
    const leaving = control.waitFor({ kind: "left", name: "event:9", connectionId });
    await join(client, 9);
    expect(await control.waitFor({ kind: "joined", name: "event:9", connectionId })).toMatchObject({ error: null });
    client.sendMessages({ type: 1, target: "Unsubscribe", arguments: [9] });
    expect(await leaving).toMatchObject({ kind: "left", hub: hubPaths.contract });
    await expect(control.waitFor({ kind: "refused", connectionId }, { timeoutMs: 1 })).rejects.toThrow();
  });

  test("aborting connections ends those of one hub", async () => {
    const aborted = await raw(origin(), "json", hubPaths.detailed);
    const other = await raw(origin());
    // The answer comes after the hub has seen the connection, the handshake may come before.
    await join(aborted, 10);
    expect(await origin().control.abortConnections(hubPaths.detailed)).toBeGreaterThan(0);
    expect(await aborted.nextMessage()).toEqual({ type: 7 });
    await join(other, 10);
  });
}

function lifeCases(start: () => Promise<Origin>): void {
  test("a restart ends all connections and comes back on the same port with nothing remembered", async () => {
    const origin = await start();
    onTestFinished(() => origin.stop());
    const client = await raw(origin);
    await join(client, 11);
    await origin.restart();
    await client.closed;
    expect(await origin.control.state()).toMatchObject({ totalConnections: 0, joins: 0 });
    await join(await raw(origin), 11);
  });

  test("a kill cuts the connections", async () => {
    const origin = await start();
    const client = await raw(origin);
    await origin.stop("SIGKILL");
    expect(await client.closed).toEqual({ code: 1006, reason: "" });
    expect(client.frames).toEqual([]);
    await expect(raw(origin)).rejects.toThrow();
  });

  test("closing gracefully tells the clients to reconnect", async () => {
    const origin = await start();
    onTestFinished(() => origin.stop());
    const client = await raw(origin);
    await join(client, 12);
    await origin.control.closeGracefully();
    expect(await client.nextMessage()).toEqual({ type: 7, allowReconnect: true });
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });
}

async function real(origin: Origin, accessToken?: string): ReturnType<typeof startRealClient> {
  const url = origin.hubUrl(hubPaths.contract);
  const connection = await startRealClient({ url, ...(accessToken === undefined ? {} : { accessToken }) });
  onTestFinished(() => connection.stop());
  return connection;
}

async function raw(
  origin: Origin,
  protocol: "json" | "messagepack" = "json",
  hub: HubPath = hubPaths.contract,
): Promise<RawClient> {
  const client = await RawClient.connect({ url: origin.hubUrl(hub), protocol });
  onTestFinished(() => client.close());
  return client;
}

async function join(client: RawClient, eventId: number): Promise<void> {
  client.sendMessages({ type: 1, invocationId: "join", target: "Subscribe", arguments: [eventId] });
  expect(await client.nextMessage()).toMatchObject({ type: 3, invocationId: "join" });
}
