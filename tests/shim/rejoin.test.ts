import { HttpTransportType, type HubConnection, type Rejoin } from "@signalr-edge/client-shim";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startNodeOrigin } from "../origin-node/start-node-origin.ts";
import { MessageLog } from "../support/message-log.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { startRelay } from "./support/relay.ts";
import { buildShimClient, type ShimClientOptions } from "./support/shim-client.ts";

const rejoin = [
  { method: "Subscribe", undo: "Unsubscribe" },
  { method: "SubscribeText", undo: "UnsubscribeText" },
  "Join",
  "SubscribeVip",
  "SubscribeFails",
];

let origin: Origin;
let gateway: TestGateway;

beforeEach(async () => {
  origin = await startNodeOrigin();
  gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: { groups: contractGroups } } });
});
afterEach(async () => {
  await gateway.stop();
  // Resets what is left of its connections, instead of waiting for their ends.
  await origin.stop("SIGKILL");
});

/** A client that rejoins, with a promise of its next reconnect and of the outcomes of what it repeats. */
function build(options: Partial<ShimClientOptions> = {}) {
  const rejoins: Rejoin[] = [];
  let wake = (): void => {};
  const edge = {
    rejoin,
    onRejoin: (outcome: Rejoin) => {
      rejoins.push(outcome);
      wake();
    },
    ...options.edge,
  };
  const client = buildShimClient({ origin, gateway, reconnect: [0, 0, 0, 0], ...options, edge });
  const rejoined = async (count: number): Promise<readonly Rejoin[]> => {
    while (rejoins.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return rejoins;
  };
  return { ...client, rejoins, rejoined };
}

/** The same beside the gateway: a client outside the roll-out whose connection to the origin can be reset. */
async function buildDirect(options: Partial<ShimClientOptions> = {}) {
  const relay = await startRelay(origin);
  const client = build({ ...options, origin: relay, edge: { rollout: 0 } });
  const reset = async (): Promise<void> => {
    const back = reconnected(client.connection);
    relay.leadTo(origin);
    await back;
  };
  return { ...client, reset };
}

/** Numbers of the journal's entries for the `count`th time that somebody joined these groups. */
function joinNumbers(groups: readonly string[], count: number): Promise<readonly number[]> {
  return Promise.all(
    groups.map(async (name) => (await origin.control.waitFor({ kind: "joined", name }, { count })).number),
  );
}

function reconnected(connection: HubConnection): Promise<unknown> {
  return new Promise((resolve) => {
    connection.onreconnected(resolve);
  });
}

test("after the origin was killed, a client that does nothing itself gets the updates of its groups again", async () => {
  const { connection, rejoined } = build();
  const log = new MessageLog(connection, "OddsChanged");
  await connection.start();
  await connection.invoke("Subscribe", 1);
  await connection.send("Subscribe", 2);
  await origin.control.waitFor({ kind: "joined", name: "event:2" });
  await origin.control.publish({ eventId: 1 });
  await log.waitForCount(1);
  await origin.stop("SIGKILL");
  await origin.restart();
  const outcomes = await rejoined(2);
  expect(outcomes).toContainEqual({
    kind: "joined",
    method: "Subscribe",
    args: [1],
    result: expect.objectContaining({ eventId: 1 }),
  });
  expect(outcomes).toContainEqual({ kind: "joined", method: "Subscribe", args: [2], result: undefined });
  await origin.control.waitFor({ kind: "joined", name: "event:2" });
  await origin.control.publish({ eventId: 1 });
  await origin.control.publish({ eventId: 2 });
  await log.waitForCount(3);
});

test("joins are repeated in order, before what the application does when it has reconnected", async () => {
  const { connection, reset } = await buildDirect();
  await connection.start();
  await connection.invoke("SubscribeText", "b");
  await connection.send("Subscribe", 7);
  await connection.invoke("SubscribeText", "a");
  connection.onreconnected(() => {
    void connection.send("SubscribeText", "late");
  });
  await reset();
  const numbers = await joinNumbers(["text:b", "event:7", "text:a"], 2);
  const [late = 0] = await joinNumbers(["text:late"], 1);
  expect([...numbers, late]).toEqual([...numbers, late].sort((left, right) => left - right));
});

test("what was undone, refused or not named in the rules is not repeated, and nothing twice", async () => {
  const { connection, reset, rejoined } = await buildDirect();
  await connection.start();
  for (const eventId of [1, 2, 1]) await connection.invoke("subscribe", eventId);
  await connection.invoke("Unsubscribe", 2);
  await connection.invoke("SubscribeMany", [3, 4]);
  await expect(connection.invoke("SubscribeFails", 5)).rejects.toThrow("Event 5 is closed.");
  await reset();
  await connection.invoke("WhoAmI");
  expect(await rejoined(1)).toMatchObject([{ kind: "joined", method: "subscribe", args: [1] }]);
  expect((await origin.control.state()).joinsByGroup).toEqual({
    "event:1": 3,
    "event:2": 1,
    "event:3": 1,
    "event:4": 1,
  });
});

test("a join that the hub now refuses is reported, and tried again after the next reconnect", async () => {
  const tokens = ["user:ada:vip", "user:ada", "user:ada:vip"];
  const { connection, reset, rejoined } = await buildDirect({
    connect: {
      transport: HttpTransportType.WebSockets,
      skipNegotiation: true,
      accessTokenFactory: () => tokens.shift() ?? "",
    },
  });
  await connection.start();
  await connection.invoke("SubscribeVip", 1);
  await reset();
  expect(await rejoined(1)).toMatchObject([
    { kind: "failed", method: "SubscribeVip", args: [1], error: expect.any(Error) },
  ]);
  await reset();
  expect(await rejoined(2)).toMatchObject([{ kind: "failed" }, { kind: "joined", result: { eventId: 1 } }]);
});

test("a connection that was stopped forgets its joins", async () => {
  const { connection, reset, rejoins } = await buildDirect();
  await connection.start();
  await connection.invoke("Subscribe", 1);
  await connection.stop();
  await connection.start();
  await reset();
  await connection.invoke("WhoAmI");
  expect((await origin.control.state()).joinsByGroup).toEqual({ "event:1": 1 });
  expect(rejoins).toEqual([]);
});

test("joins move along when a connection falls back to the origin", async () => {
  const relay = await startRelay(gateway);
  const { connection, originUrl, rejoined } = build({ gateway: relay });
  await connection.start();
  await connection.invoke("Subscribe", 1);
  relay.leadTo(undefined);
  expect(await rejoined(1)).toMatchObject([{ kind: "joined", method: "Subscribe", args: [1] }]);
  expect(connection.baseUrl).toBe(originUrl);
});
