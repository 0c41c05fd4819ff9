import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type HubPath, hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { callerSnapshotGroup, manyEventsGroup } from "./support/group-rules.ts";
import { resultOf } from "./support/invoke.ts";
import { range, sequencesOf, updatesOf, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const [rejoining, ignoring, listing] = [hubPaths.contract, hubPaths.detailed, hubPaths.stateful];

describe.skipIf(!aspNetOriginAvailable)("a join that is refused while joining again", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({
      hubs: {
        [rejoining]: { groups: [{ ...callerSnapshotGroup, onGap: "rejoin" }] },
        [ignoring]: { groups: contractGroups.map((group) => ({ ...group, onGap: "ignore" })) },
        [listing]: { groups: [{ ...manyEventsGroup, onGap: "ignore" }] },
      },
    });
  });
  afterAll(() => edge.stop());
  beforeEach(() => edge.origin.control.reset());

  /** The origin takes no more joins of the first event, and ends the shared upstream. Resolves when it has judged all joins. */
  async function refuseAfterGap(hub: HubPath, method: string, joins: number, closedEventId: number): Promise<void> {
    const { control } = edge.origin;
    await control.closeEvent({ hub, eventId: closedEventId });
    const { invocations } = await control.state();
    const before = invocations[method] ?? 0;
    await control.abortConnections(hub);
    await control.waitFor({ kind: "returned", name: method }, { count: before + joins, timeoutMs: 30_000 });
  }

  async function expectGap(client: RawClient): Promise<void> {
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
    const [close] = client.frames.slice(-1).map((frame) => client.wire.decode(frame));
    expect(close).toMatchObject({ type: 7, allowReconnect: true });
  }

  for (const protocol of protocols) {
    test(`R-32 ${protocol} members of that key are told of the gap, those of another key get their snapshot and stay`, async () => {
      const [closed, open] = [edge.newEventId(), edge.newEventId()];
      const [lost, both, kept] = await edge.connectMany(3, { hub: rejoining, protocol });
      if (lost === undefined || both === undefined || kept === undefined) throw new Error("three clients");
      const method = "SubscribeWithCallerSnapshot";
      for (const client of [lost, both]) await resultOf(client, "1", method, closed);
      for (const client of [both, kept]) await resultOf(client, "2", method, open);
      await edge.origin.control.publish({ hub: rejoining, eventId: open, count: 5 });
      await waitForSequence(kept, 5);
      const errorsBefore = edge.gateway.metrics.hub(rejoining).joinErrors;
      await refuseAfterGap(rejoining, method, 2, closed);
      await expectGap(lost);
      await expectGap(both);
      expect(edge.gateway.metrics.hub(rejoining).joinErrors).toBe(errorsBefore + 1);
      await edge.origin.control.publish({ hub: rejoining, eventId: open, count: 5 });
      await waitForSequence(kept, 10);
      expect(sequencesOf(kept)).toEqual(range(1, 10));
      // The one of its own join, and the one of the rejoin.
      expect(updatesOf(kept, "EventSnapshot").map(({ sequence }) => sequence)).toEqual([0, 5]);
      expect(edge.hub(rejoining).groups).toEqual([{ key: `event:${open}`, members: 1 }]);
      kept.socket.terminate();
    });

    test(`R-32 also where ${protocol} members are told nothing of a gap: without the group there is no next update`, async () => {
      const [closed, open] = [edge.newEventId(), edge.newEventId()];
      const [lost, kept] = await edge.connectMany(2, { hub: ignoring, protocol });
      if (lost === undefined || kept === undefined) throw new Error("two clients");
      await resultOf(lost, "1", "Subscribe", closed);
      await resultOf(kept, "1", "Subscribe", open);
      await refuseAfterGap(ignoring, "Subscribe", 2, closed);
      await expectGap(lost);
      await edge.origin.control.publish({ hub: ignoring, eventId: open });
      await waitForSequence(kept, 1);
      kept.socket.terminate();
    });

    test(`R-32 a ${protocol} join of several keys that is refused is a gap for the members of each of them`, async () => {
      const [closed, open, other] = [edge.newEventId(), edge.newEventId(), edge.newEventId()];
      const [lost, kept] = await edge.connectMany(2, { hub: listing, protocol });
      if (lost === undefined || kept === undefined) throw new Error("two clients");
      await resultOf(lost, "1", "SubscribeMany", [open, closed]);
      await resultOf(kept, "1", "SubscribeMany", [other]);
      await refuseAfterGap(listing, "SubscribeMany", 2, closed);
      await expectGap(lost);
      await edge.origin.control.publish({ hub: listing, eventId: other });
      await waitForSequence(kept, 1);
      kept.socket.terminate();
    });
  }
});
