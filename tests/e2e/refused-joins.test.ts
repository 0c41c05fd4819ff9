import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke, resultOf } from "./support/invoke.ts";
import { waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;

const closedEventGroup = {
  name: "closed",
  access: "public",
  join: { method: "SubscribeFails", key: "{0}" },
  messages: [{ target: "ClosedEventChanged", key: "{0.eventId}" }],
};

/** Its join asks the caller, which is the gateway. */
const askingGroup = {
  name: "asking",
  access: "public",
  join: { method: "AskClient", key: "{0}" },
  messages: [{ target: "AskedEventChanged", key: "{0.eventId}" }],
};

/** Joins that the origin refuses before or in the hub method. */
const badJoins: readonly { readonly what: string; readonly args: readonly unknown[] }[] = [
  { what: "no argument", args: [] },
  { what: "an argument too many", args: [1, 2] },
  { what: "null", args: [null] },
  { what: "an object", args: [{ eventId: 1 }] },
  { what: "a list", args: [[1]] },
  { what: "a fraction", args: [1.5] },
  { what: "a text", args: ["one"] },
  { what: "a boolean", args: [true] },
];

describe.skipIf(!aspNetOriginAvailable)("refused joins", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: { [hubPaths.contract]: { groups: [...contractGroups, closedEventGroup, askingGroup] } },
    });
  });
  afterAll(() => edge.stop());

  function connectBoth(protocol: (typeof protocols)[number]): Promise<[through: RawClient, direct: RawClient]> {
    return Promise.all([edge.connect({ protocol }), edge.connectDirectly({ protocol })]);
  }

  for (const protocol of protocols) {
    test(`R-22 a refused ${protocol} join reports the origin's own error to every client that waits, and makes none a member`, async () => {
      const eventId = edge.newEventId();
      const clients = await edge.connectMany(20, { protocol });
      const direct = await edge.connectDirectly({ protocol });
      const refusal = await invoke(direct, "join", "SubscribeFails", eventId);
      expect(refusal).toMatchObject({ error: expect.stringContaining(`Event ${eventId} is closed.`) });
      const answers = await Promise.all(clients.map((client) => invoke(client, "join", "SubscribeFails", eventId)));
      expect(answers).toEqual(clients.map(() => refusal));

      // A member by another rule brings the group's messages to the gateway; this one would belong to the refused rule.
      const member = await edge.connect({ protocol });
      await resultOf(member, "join", "Subscribe", eventId);
      const before = edge.counter("unattributed");
      await edge.origin.control.publish({ eventId, target: "ClosedEventChanged" });
      const { last } = await edge.origin.control.publish({ eventId });
      await waitForSequence(member, last);
      expect(edge.counter("unattributed")).toBe(before + 1);
      for (const client of clients) expect(await resultOf(client, "2", "Unsubscribe", eventId)).toBeNull();
      expect(clients.map((client) => client.frames.length)).toEqual(clients.map(() => 2));
    });

    for (const { what, args } of badJoins) {
      test(`a ${protocol} join with ${what} is refused in the words of the origin`, async () => {
        const [through, direct] = await connectBoth(protocol);
        const expected = await invoke(direct, "1", "Subscribe", ...args);
        expect(expected).toMatchObject({ type: 3, error: expect.any(String) });
        expect(await invoke(through, "1", "Subscribe", ...args)).toEqual(expected);
        expect(await resultOf(through, "2", "Unsubscribe", edge.newEventId())).toBeNull();
      });
    }

    test(`a ${protocol} join that asks for a stream, or brings one, is refused in the words of the origin`, async () => {
      const clients = await connectBoth(protocol);
      const answers = clients.map(async (client) => {
        client.sendMessages(
          { type: 4, invocationId: "1", target: "Subscribe", arguments: [1] },
          { type: 1, invocationId: "2", target: "Subscribe", arguments: [1], streamIds: ["3"] },
        );
        return [await client.completionOf("1"), await client.completionOf("2")];
      });
      const [through, direct] = await Promise.all(answers);
      expect(through).toEqual(direct);
      expect(direct).toMatchObject([{ error: expect.any(String) }, { error: expect.any(String) }]);
    });

    test(`R-05 a ${protocol} join in which the hub asks its caller is refused, for nobody may answer for all`, async () => {
      const client = await edge.connect({ protocol });
      const before = edge.counter("unattributed");
      const { error } = { error: "", ...(await invoke(client, "1", "AskClient", "how much?")) };
      expect(error).toContain("An unexpected error occurred invoking 'AskClient' on the server. HubException: ");
      expect(edge.counter("unattributed")).toBe(before + 1);
      expect(client.frames).toHaveLength(1);
    });
  }

  test("a join over limits.maxGroupsPerClient is refused, and possible again after a leave", async () => {
    const narrow = await Edge.startForTest({
      origin: edge.origin,
      hubs: { [hubPaths.contract]: { groups: contractGroups } },
      limits: { maxGroupsPerClient: 2 },
    });
    const client = await narrow.connect();
    await resultOf(client, "1", "Subscribe", 1);
    await resultOf(client, "2", "Subscribe", 2);
    expect(await invoke(client, "3", "Subscribe", 3)).toMatchObject({ error: expect.stringContaining("2 groups") });
    await resultOf(client, "4", "Unsubscribe", 1);
    await resultOf(client, "5", "Subscribe", 3);
  });
});
