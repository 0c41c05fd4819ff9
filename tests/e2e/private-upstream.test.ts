import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf, send } from "./support/invoke.ts";
import { updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** One hub of each kind. */
const [eager, lazy, never] = [hubPaths.detailed, hubPaths.contract, hubPaths.auth];
const closeFrames = { json: Buffer.from('{"type":7}\u001e'), messagepack: Buffer.from("049307c0c2", "hex") };

describe.skipIf(!aspNetOriginAvailable)("private upstreams", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [eager]: { forwardHeaders: ["x-tenant"] },
        [lazy]: { groups: contractGroups },
        [never]: {
          privateUpstream: "never",
          authentication: "none",
          sharedUpstream: { headers: { authorization: "Bearer user:edge" } },
          groups: contractGroups,
        },
      },
    });
  });
  afterAll(() => edge.stop());

  async function connectionsOf(user: string): Promise<number> {
    const { connections } = await edge.origin.control.state();
    return connections.filter((connection) => connection.user === user).length;
  }

  for (const protocol of protocols) {
    test(`R-10 a lazy ${protocol} client has no origin connection until it calls something that no rule names`, async () => {
      const user = `lazy-${protocol}`;
      const client = await edge.connect({ protocol, hub: lazy, headers: bearer(user) });
      await resultOf(client, "1", "Subscribe", edge.newEventId());
      client.send(client.wire.ping);
      expect(await resultOf(client, "2", "Unsubscribe", edge.newEventId())).toBeNull();
      expect(await connectionsOf(user)).toBe(0);
      expect(await resultOf(client, "3", "UserName")).toBe(user);
      expect(await connectionsOf(user)).toBe(1);
      expect(await resultOf(client, "4", "UserName")).toBe(user);
      expect(await connectionsOf(user)).toBe(1);
    });

    test(`R-10 what a lazy ${protocol} client sends while its upstream is opened arrives in order`, async () => {
      const client = await edge.connect({ protocol, hub: lazy });
      for (let number = 0; number < 100; number += 1) {
        client.sendMessages({ type: 1, invocationId: String(number), target: "Echo", arguments: [number] });
      }
      await client.completionOf("99");
      const results = client.frames.map((frame) => client.wire.decode(frame));
      expect(results).toEqual(results.map((_, number) => ({ type: 3, invocationId: String(number), result: number })));
      expect(results).toHaveLength(100);
    });

    test(`R-10 without private upstreams a ${protocol} call that no rule names is answered with an error, and groups work`, async () => {
      const eventId = edge.newEventId();
      const client = await edge.connect({ protocol, hub: never });
      const error = "Failed to invoke 'WhoAmI' due to an error on the server. HubException: Method does not exist.";
      expect(await invoke(client, "1", "WhoAmI")).toEqual({ type: 3, invocationId: "1", error });
      client.sendMessages({ type: 4, invocationId: "2", target: "Counter", arguments: [1, 0] });
      expect(await client.completionOf("2")).toMatchObject({ error: expect.stringContaining("'Counter'") });
      send(client, "WhoAmI");
      await resultOf(client, "3", "Subscribe", eventId);
      await edge.origin.control.publish({ hub: never, eventId });
      await waitForSequence(client, 1);
      expect(client.frames).toHaveLength(4);
      expect(edge.hub(never)).toMatchObject({ privateUpstreams: 0 });
    });

    for (const { hub, mode } of [
      { hub: eager, mode: "eager" },
      { hub: lazy, mode: "lazy" },
    ]) {
      test(`R-11 a hub that aborts one ${mode} ${protocol} client ends that client alone, with the origin's own Close message`, async () => {
        const [aborted, other] = [await edge.connect({ protocol, hub }), await edge.connect({ protocol, hub })];
        for (const client of [aborted, other]) await resultOf(client, "1", "WhoAmI");
        send(aborted, "AbortMe");
        expect(await aborted.closed).toEqual({ code: 1000, reason: "" });
        expect(aborted.frames.at(-1)).toEqual(closeFrames[protocol]);
        expect(await resultOf(other, "2", "Echo", "alive")).toBe("alive");
      });

      for (const { how, leave } of departures) {
        test(`R-11 the origin connection of a ${mode} ${protocol} client that ${how} ends within a second, as a direct one does`, async () => {
          const clients = [await edge.connect({ protocol, hub }), await edge.connectDirectly({ protocol, hub })];
          const ends = clients.map(async (client) => {
            const connectionId = String(await resultOf(client, "1", "WhoAmI"));
            leave(client);
            return edge.origin.control.waitFor({ kind: "disconnected", connectionId }, { timeoutMs: 1000 });
          });
          const [through, direct] = await Promise.all(ends);
          expect(through?.error).toBeNull();
          expect(direct?.error).toBeNull();
        });
      }
    }
  }

  test("query and cookies reach the hub, other headers only if they are named in forwardHeaders", async () => {
    const headers = { cookie: "theme=dark; lang=de", "x-tenant": "acme", "x-other": "secret", "user-agent": "test" };
    const seen = await Promise.all(
      [eager, lazy].map(async (hub) => {
        const client = await edge.connect({ hub, headers, query: "room=7&tenant=x%20z&empty=" });
        const values: unknown[] = [];
        for (const [method, name] of lookups) values.push(await resultOf(client, `${method} ${name}`, method, name));
        return values;
      }),
    );
    const common = ["7", "x z", "", "dark", "de"];
    expect(seen).toEqual([
      [...common, "acme", null],
      [...common, null, null],
    ]);
  });

  test("R-13 a group message that also comes privately reaches a member once", async () => {
    const eventId = edge.newEventId();
    const client = await edge.connect({ hub: lazy });
    await resultOf(client, "1", "Subscribe", eventId);
    // The same group on the private upstream, by a method that no rule names.
    await resultOf(client, "2", "Join", `event:${eventId}`);
    const before = edge.counter("duplicatesDropped", lazy);
    await edge.origin.control.publish({ eventId, count: 3 });
    await waitForSequence(client, 3);
    // Behind the private copies, on the connection that they come by.
    await resultOf(client, "3", "Echo", "end");
    expect(updatesOf(client).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(edge.counter("duplicatesDropped", lazy) - before).toBe(3);
  });

  test("R-13 a group message that comes privately is delivered to a client that is no member", async () => {
    const eventId = edge.newEventId();
    const client = await edge.connect({ hub: lazy });
    await resultOf(client, "1", "Join", `event:${eventId}`);
    await edge.origin.control.publish({ eventId, count: 3 });
    await waitForSequence(client, 3);
    expect(updatesOf(client).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });
});

/** ASP.NET Core takes the end of a WebSocket without a Close frame for a graceful one, too. */
const departures: readonly { readonly how: string; readonly leave: (client: RawClient) => void }[] = [
  { how: "closes its WebSocket", leave: (client) => client.socket.close() },
  { how: "sends a Close message", leave: (client) => client.sendMessages({ type: 7 }) },
  { how: "vanishes", leave: (client) => client.socket.terminate() },
];

const lookups = [
  ["QueryValue", "room"],
  ["QueryValue", "tenant"],
  ["QueryValue", "empty"],
  ["CookieValue", "theme"],
  ["CookieValue", "lang"],
  ["HeaderValue", "x-tenant"],
  ["HeaderValue", "x-other"],
] as const;

function bearer(user: string): Record<string, string> {
  return { authorization: `Bearer user:${user}` };
}
