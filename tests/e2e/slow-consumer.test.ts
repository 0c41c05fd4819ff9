import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hubPaths, type Origin } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { patienceMs, range, sequencesOf, waitForFrames, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const hubs = { [hubPaths.contract]: { groups: contractGroups } };
const limits = { outboxMaxBytes: 65_536 };
/** Less at a time than the bound of an outbox, so that a reader never gets near it, however busy the machine is. */
const portion = { count: 10, payloadBytes: 50_000 };
const roomForPortion = { outboxMaxBytes: 1_048_576 };
/** Far more than what the kernel holds for one connection, which is some megabytes. */
const mostMessages = 1000;

describe.skipIf(!aspNetOriginAvailable)("slow consumers", { timeout: 60_000 }, () => {
  let origin: Origin;

  beforeAll(async () => {
    origin = await startAspNetOrigin();
  });
  afterAll(() => origin.stop());
  beforeEach(() => origin.control.reset());

  for (const protocol of protocols) {
    test(`a ${protocol} member that stops reading is cut and counted once, while another one receives everything in order`, async () => {
      const edge = await Edge.startForTest({ origin, hubs, limits: roomForPortion });
      const [slow, quick] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      for (const client of [slow, quick]) await resultOf(client, "1", "Subscribe", 1);
      slow.socket.pause();
      let last = 0;
      while (edge.counter("slowConsumers") === 0 && last < mostMessages) {
        ({ last } = await edge.origin.control.publish({ eventId: 1, ...portion }));
        // The first frame is the completion of the join.
        await waitForFrames(quick, 1 + last);
      }
      expect(sequencesOf(quick)).toEqual(range(1, last));
      expect(edge.counter("slowConsumers")).toBe(1);
      expect(edge.hub()).toMatchObject({ clients: 1, groups: [{ key: "event:1", members: 1 }] });

      slow.socket.resume();
      // Cut, not closed: a Close message would queue behind what it did not read.
      expect((await slow.closed).code).toBe(1006);
      const received = sequencesOf(slow);
      expect(received).toEqual(range(1, received.length));
      expect(received.length).toBeLessThan(last);
      await edge.origin.control.publish({ eventId: 1 });
      await waitForSequence(quick, last + 1);
      expect(edge.counter("slowConsumers")).toBe(1);
    });

    test(`a private ${protocol} result far over the outbox bound is delivered to a client that reads`, async () => {
      const edge = await Edge.startForTest({ origin, hubs, limits });
      const client = await edge.connect({ protocol });
      expect(await resultOf(client, "1", "Big", 5_000_000)).toBe("x".repeat(5_000_000));
      expect(await resultOf(client, "2", "Echo", "alive")).toBe("alive");
      expect(edge.counter("slowConsumers")).toBe(0);
    });

    test(`group messages that come behind a private result over the outbox bound do not cut a ${protocol} client that reads`, async () => {
      const edge = await Edge.startForTest({ origin, hubs, limits });
      const client = await edge.connect({ protocol });
      await resultOf(client, "1", "Subscribe", 1);
      const results = ["2", "3", "4"].map((id) => resultOf(client, id, "Big", 3_000_000));
      await edge.origin.control.publish({ eventId: 1, count: 100, payloadBytes: 100 });
      await waitForSequence(client, 100);
      for (const result of await Promise.all(results)) expect(result).toHaveLength(3_000_000);
      expect(sequencesOf(client)).toEqual(range(1, 100));
      expect(edge.counter("slowConsumers")).toBe(0);
    });
  }

  test("a client that does not read its own private stream pauses its own upstream and nobody else's", async () => {
    const edge = await Edge.startForTest({ origin, hubs, limits });
    const [slow, quick] = [await edge.connect(), await edge.connect()];
    await resultOf(slow, "1", "WhoAmI");
    slow.socket.pause();
    for (let number = 2; number < 40; number += 1) {
      slow.sendMessages({ type: 1, invocationId: String(number), target: "Big", arguments: [500_000] });
    }
    await resultOf(quick, "1", "Subscribe", 1);
    await edge.origin.control.publish({ eventId: 1, count: 500 });
    await waitForSequence(quick, 500);
    expect(await resultOf(quick, "2", "Echo", "alive")).toBe("alive");
    slow.socket.resume();
    await slow.completionOf("39", patienceMs);
    expect(slow.frames).toHaveLength(39);
    expect(edge.counter("slowConsumers")).toBe(0);
  });
});
