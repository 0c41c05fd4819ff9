import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { keyedMap, packedInteger } from "./support/packed-bytes.ts";
import { sequencesOf, updatesOf, waitForFrames, waitForSequence } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
/** Equal as 64-bit floating point numbers. */
const neighbours = [9007199254740992n, 9007199254740993n] as const;

describe.skipIf(!aspNetOriginAvailable)("keys of groups", () => {
  let edge: Edge;

  beforeAll(async () => {
    const textKind = contractGroups.map((group) => ({ ...group, keyKind: "text" }));
    edge = await Edge.start({
      hubs: { [hubPaths.contract]: { groups: contractGroups }, [hubPaths.detailed]: { groups: textKind } },
    });
  });
  afterAll(() => edge.stop());

  /** Subscribes to an event by the literal that stands on the wire, which JSON.stringify could not write. */
  async function subscribe(client: RawClient, eventId: bigint): Promise<void> {
    if (client.wire.protocol === "json") {
      client.sendText(`{"type":1,"invocationId":"join","target":"Subscribe","arguments":[${eventId}]}\u001e`);
      await client.completionOf("join");
    } else {
      await resultOf(client, "join", "Subscribe", eventId);
    }
  }

  for (const protocol of protocols) {
    test(`R-04 ${neighbours.join(" and ")} are different keys in ${protocol}`, async () => {
      const { control } = edge.origin;
      const [first, second] = [await edge.connect({ protocol }), await edge.connect({ protocol })];
      await subscribe(first, neighbours[0]);
      await subscribe(second, neighbours[1]);
      // The last message of each comes behind everything that could have been delivered wrongly.
      await control.publish({ eventId: neighbours[0], count: 3 });
      const toSecond = await control.publish({ eventId: neighbours[1], count: 3 });
      const toFirst = await control.publish({ eventId: neighbours[0] });
      await Promise.all([waitForSequence(first, toFirst.last), waitForSequence(second, toSecond.last)]);
      for (const [index, client] of [first, second].entries()) {
        const secrets = new Set(updatesOf(client).map(({ secret }) => secret));
        expect(secrets).toEqual(new Set([`secret of event:${neighbours[index]}`]));
      }
      expect(updatesOf(first)).toHaveLength(4);
      expect(updatesOf(second)).toHaveLength(3);
    });

    test(`R-03 a ${protocol} message that names no joined key reaches nobody and is counted`, async () => {
      const eventId = edge.newEventId();
      const member = await edge.connect({ protocol });
      await resultOf(member, "join", "Subscribe", eventId);
      const before = edge.counter("unattributed");
      const strays = protocol === "json" ? jsonStrays(eventId) : packedStrays(eventId);
      for (const stray of strays) {
        await edge.origin.control.publishRaw({ target: "OddsChanged", ...stray, eventId });
      }
      const { last } = await edge.origin.control.publish({ eventId });
      await waitForSequence(member, last);
      expect(member.frames).toHaveLength(2);
      expect(edge.counter("unattributed") - before).toBe(strays.length);
    });
  }

  test("R-04 a key is the same however its integer is encoded in MessagePack", async () => {
    const eventId = edge.newEventId();
    const member = await edge.connect({ protocol: "messagepack" });
    await resultOf(member, "join", "Subscribe", eventId);
    const encodings = ["", "cc", "cd00", "ce000000", "cf00000000000000", "d0", "d100", "d2000000", "d300000000000000"];
    const byte = Buffer.from([eventId]);
    for (const encoding of encodings) {
      const argument = keyedMap([["EventId", Buffer.concat([Buffer.from(encoding, "hex"), byte])]]);
      const args = Buffer.concat([Buffer.from([0x91]), argument]);
      await edge.origin.control.publishRaw({ eventId, target: "OddsChanged", arguments: args });
    }
    await waitForFrames(member, 1 + encodings.length);
  });

  test("R-04 a key is the same however its text is escaped in JSON", async () => {
    const [escaped, plain] = [await edge.connect(), await edge.connect()];
    for (const [client, literal] of [
      [escaped, '"gr\\u00fcn\\/1"'],
      [plain, '"grün/1"'],
    ] as const) {
      client.sendText(`{"type":1,"invocationId":"1","target":"SubscribeText","arguments":[${literal}]}\u001e`);
      await client.completionOf("1");
    }
    const { last } = await edge.origin.control.publish({ key: "grün/1", count: 3 });
    await Promise.all([escaped, plain].map((client) => waitForSequence(client, last, { target: "TextChanged" })));
    for (const client of [escaped, plain]) expect(sequencesOf(client, "TextChanged")).toEqual([1, 2, 3]);
  });

  test("R-04 names of object members that mean something in JavaScript are keys like any other", async () => {
    for (const key of ["__proto__", "constructor", "", " ", "a:1", "1:a"]) {
      const [member, other] = [await edge.connect(), await edge.connect()];
      await resultOf(member, "1", "SubscribeText", key);
      await resultOf(other, "1", "SubscribeText", `${key}x`);
      await edge.origin.control.publish({ key });
      await edge.origin.control.publish({ key: `${key}x` });
      await Promise.all([member, other].map((client) => waitForFrames(client, 2)));
      const secrets = [member, other].map((client) => updatesOf(client, "TextChanged").map(({ secret }) => secret));
      expect(secrets).toEqual([[`secret of text:${key}`], [`secret of text:${key}x`]]);
    }
  });

  test("R-04 an exact member name wins over one that differs in case, which is found where there is no other", async () => {
    const eventId = edge.newEventId();
    const member = await edge.connect();
    await resultOf(member, "join", "Subscribe", eventId);
    const delivered = [
      `{"EventId":1,"eventId":${eventId}}`,
      `{"eventId":${eventId},"EventId":1}`,
      `{"EVENTID":${eventId}}`,
    ];
    for (const argument of [`{"EventId":${eventId},"eventId":1}`, ...delivered]) {
      await edge.origin.control.publishRaw({ eventId, target: "OddsChanged", arguments: `[${argument}]` });
    }
    await waitForFrames(member, 1 + delivered.length);
    const texts = member.frames.slice(1).map(String);
    expect(texts.map((text, index) => text.includes(`[${delivered[index]}]`))).toEqual([true, true, true]);
  });

  test("R-04 MessagePack members in PascalCase are found by the template of JSON", async () => {
    const eventId = edge.newEventId();
    const member = await edge.connect({ protocol: "messagepack" });
    await resultOf(member, "join", "Subscribe", eventId);
    await edge.origin.control.publish({ eventId, count: 3 });
    await waitForSequence(member, 3);
    expect(member.frames[1]?.includes("EventId")).toBe(true);
    expect(sequencesOf(member)).toEqual([1, 2, 3]);
  });

  for (const { hub, keyKind, reached } of [
    { hub: hubPaths.contract, keyKind: "exact", reached: ['"500"', '"500"'] },
    { hub: hubPaths.detailed, keyKind: "text", reached: ['"500"', "500", '"500"'] },
  ]) {
    test(`the number 500 and the text "500" are ${reached.length === 3 ? "one key" : "different keys"} with keyKind ${keyKind}`, async () => {
      // The second member is what brings messages of the event's group here, where the first is none.
      const [member, carrier] = [await edge.connect({ hub }), await edge.connect({ hub })];
      await resultOf(member, "join", "SubscribeText", "500");
      await resultOf(carrier, "join", "Subscribe", 500);
      const before = edge.counter("unattributed", hub);
      for (const literal of ['"500"', "500", '"500"']) {
        await edge.origin.control.publishRaw({
          hub,
          eventId: 500,
          target: "TextChanged",
          arguments: `[{"key":${literal}}]`,
        });
      }
      await waitForFrames(member, 1 + reached.length);
      const frames = member.frames.slice(1).map(String);
      expect(frames.map((frame) => /"key":([^}]+)/.exec(frame)?.[1])).toEqual(reached);
      expect(edge.counter("unattributed", hub) - before).toBe(3 - reached.length);
    });
  }
});

interface Stray {
  readonly target?: string;
  readonly arguments: string | Uint8Array;
}

/** Sent to a group with one member, but without anything that says so to the gateway. */
function jsonStrays(eventId: number): Stray[] {
  const key = `{"eventId":${eventId}}`;
  const values = [
    "null",
    "{}",
    `{"id":${eventId}}`,
    `[${eventId}]`,
    `${eventId}.5`,
    `"${eventId}"`,
    "true",
    String(eventId + 1_000),
  ];
  return [
    { arguments: "[]" },
    { arguments: "[null]" },
    { arguments: `[${eventId}]` },
    { arguments: "[{}]" },
    { arguments: `[{},${key}]` },
    ...values.map((value) => ({ arguments: `[{"eventId":${value}}]` })),
    { target: "NobodyKnows", arguments: `[${key}]` },
    { target: "oddschanged", arguments: `[${key}]` },
  ];
}

function packedStrays(eventId: number): Stray[] {
  const values = ["c0", "80", "90", "ca3fc00000", "cb3ff8000000000000", "c4010b", "c3", "d6ff00000000"].map((hex) =>
    Buffer.from(hex, "hex"),
  );
  const keyed = (value: Uint8Array): Buffer => Buffer.concat([Buffer.from([0x91]), keyedMap([["EventId", value]])]);
  return [
    { arguments: Buffer.from([0x90]) },
    { arguments: Buffer.from([0x91, 0xc0]) },
    { arguments: Buffer.from([0x91, eventId]) },
    ...[...values, packedInteger(eventId + 1_000)].map((value) => ({ arguments: keyed(value) })),
    { target: "NobodyKnows", arguments: keyed(packedInteger(eventId)) },
    { target: "oddschanged", arguments: keyed(packedInteger(eventId)) },
  ];
}
