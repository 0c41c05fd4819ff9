import type { HubProtocolName } from "@signalr-edge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messagePackBody } from "../support/messagepack-wire.ts";
import { hubPaths } from "../support/origin.ts";
import type { RawClient } from "../support/raw-client.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { resultOf } from "./support/invoke.ts";
import { keyedMap, packedInteger, packedText } from "./support/packed-bytes.ts";
import { waitForFrames } from "./support/updates.ts";

/** Members of a JSON object, as written. Each is something that parsing and writing again would change. */
const jsonMembers = [
  '"beyondDouble":9007199254740993',
  '"negative":-9223372036854775808',
  '"huge":1e400,"tiny":1E-400',
  '"one":1.0,"hundred":1.00e2,"zero":-0',
  '"nested":{"b":1,"a":2,"a":3,"10":4,"2":5}',
  '"escaped":"\\u00e9\\u002f\\/\\ud83d\\ude00"',
  '"raw":"é/😀\\u001e"',
  '"spaced" : [ 1 ,\t2 , { } ]',
  '"__proto__":{"x":1}',
];

/** MessagePack values in hex that a decoder and an encoder would not give back as they are. */
const packedMembers = [
  { name: "timestamp of 32 bits", hex: "d6ff 65e03f80" },
  { name: "timestamp of 64 bits", hex: "d7ff 0000019065e03f80" },
  { name: "timestamp of 96 bits", hex: "c70cff 00000064 ffffffff7c558180" },
  { name: "uint64 max", hex: "cf ffffffffffffffff" },
  { name: "int64 min", hex: "d3 8000000000000000" },
  { name: "9007199254740993", hex: "cf 0020000000000001" },
  { name: "float32", hex: "ca 3dcccccd" },
  { name: "float64 without a fraction", hex: "cb 3ff0000000000000" },
  { name: "negative zero", hex: "cb 8000000000000000" },
  { name: "bin with a separator of JSON", hex: "c4 03 1e00ff" },
  { name: "bin with a long header", hex: "c5 0001 aa" },
  { name: "small integer in 16 bits", hex: "cd 0001" },
  { name: "short text with a long header", hex: "d9 01 61" },
  { name: "long map header, a key twice", hex: "de 0002 a161 01 a161 02" },
  { name: "integers as keys", hex: "82 02 01 01 02" },
  { name: "extension of the application", hex: "d4 05 2a" },
];

describe.skipIf(!aspNetOriginAvailable)("R-02 bytes of group messages", () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs: { [hubPaths.contract]: { groups: contractGroups } } });
  });
  afterAll(() => edge.stop());

  /** A member of the same group on either side: through the gateway, and at the origin itself. */
  async function subscribeBoth(protocol: HubProtocolName, eventId: number): Promise<readonly [RawClient, RawClient]> {
    const clients = await Promise.all([edge.connect({ protocol }), edge.connectDirectly({ protocol })]);
    await Promise.all(clients.map((client) => resultOf(client, "join", "Subscribe", eventId)));
    return clients;
  }

  /** Waits until both have received `messageCount` messages and compares all frames. */
  async function expectSameFrames(
    [through, direct]: readonly [RawClient, RawClient],
    messageCount: number,
  ): Promise<void> {
    // The first frame of each is the completion of its own join.
    await Promise.all([through, direct].map((client) => waitForFrames(client, messageCount + 1)));
    const other = through.frames.findIndex((frame, index) => index > 0 && direct.frames[index]?.equals(frame) !== true);
    expect(through.frames[other]?.toString("latin1")).toBe(direct.frames[other]?.toString("latin1"));
    expect(through.frames).toHaveLength(direct.frames.length);
  }

  test("a JSON message arrives as the origin wrote it, with every number, escape, space and duplicate", async () => {
    const eventId = edge.newEventId();
    const clients = await subscribeBoth("json", eventId);
    for (const member of jsonMembers) {
      await edge.origin.control.publishRaw({
        eventId,
        target: "OddsChanged",
        arguments: `[{"eventId":${eventId},${member}},{${member}}]`,
      });
    }
    await expectSameFrames(clients, jsonMembers.length);
    const frames = clients[0].frames.slice(1).map(String);
    for (const [index, member] of jsonMembers.entries()) expect(frames[index]).toContain(`${member}}]`);
  });

  test("a MessagePack message arrives as the origin wrote it, with every kind and every length of header", async () => {
    const eventId = edge.newEventId();
    const clients = await subscribeBoth("messagepack", eventId);
    for (const { name, hex } of packedMembers) {
      const value = Buffer.from(hex.replaceAll(" ", ""), "hex");
      const argument = keyedMap([
        ["EventId", packedInteger(eventId)],
        [name, value],
      ]);
      const args = Buffer.concat([Buffer.from([0x92]), argument, value]);
      await edge.origin.control.publishRaw({ eventId, target: "OddsChanged", arguments: args });
    }
    await expectSameFrames(clients, packedMembers.length);
    const bodies = clients[0].frames.slice(1).map((frame) => messagePackBody(frame).toString("hex"));
    for (const [index, { name, hex }] of packedMembers.entries()) {
      expect(bodies[index]).toContain(packedText(name).toString("hex") + hex.replaceAll(" ", ""));
    }
  });

  for (const protocol of ["json", "messagepack"] as const) {
    test(`a ${protocol} message with a value of every kind of .NET arrives as the origin wrote it`, async () => {
      const eventId = edge.newEventId();
      const clients = await subscribeBoth(protocol, eventId);
      await edge.origin.control.publishKinds({ eventId });
      await expectSameFrames(clients, 1);
    });

    test(`${protocol} messages of all sizes of WebSocket frames arrive as the origin wrote them`, async () => {
      const eventId = edge.newEventId();
      const clients = await subscribeBoth(protocol, eventId);
      for (const payloadBytes of [0, 100, 65_000, 65_536, 300_000]) {
        await edge.origin.control.publish({ eventId, payloadBytes, count: 3 });
      }
      await expectSameFrames(clients, 15);
    });

    test(`a burst of ${protocol} messages arrives as the origin wrote it, in text or binary WebSocket messages as from the origin`, async () => {
      const eventId = edge.newEventId();
      const clients = await subscribeBoth(protocol, eventId);
      await edge.origin.control.publish({ eventId, count: 1000 });
      await expectSameFrames(clients, 1000);
      for (const client of clients) {
        expect(new Set(client.webSocketMessages.map(({ binary }) => binary))).toEqual(
          new Set([protocol === "messagepack"]),
        );
      }
    });
  }
});
