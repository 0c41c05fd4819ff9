import { expect } from "vitest";
import { jsonFrame } from "../../support/json-wire.ts";
import { messagePackFrame } from "../../support/messagepack-wire.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q128, Q231: message types that mean nothing on the connection. */
export function unknownMessageCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q231 acks and sequences nobody asked for are ignored", async () => {
    const client = await suite.connectOver(leg);
    client.sendMessages({ type: 8, sequenceId: 1 }, { type: 9, sequenceId: 5 });
    client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });

  // ASP.NET Core 10 reads nothing more from a connection that sent an unknown type. A gateway must not let one client
  // do that to an upstream, so it drops the message.
  if (suite.traits.gateway) {
    suite.test("Q128 a message of an unknown type is ignored", async () => {
      const client = await suite.connectOver(leg);
      client.send(leg.protocol === "json" ? jsonFrame('{"type":10,"x":1}') : messagePackFrame([10, {}, "x"]));
      client.sendMessages({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
      expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
    });
  }
}
