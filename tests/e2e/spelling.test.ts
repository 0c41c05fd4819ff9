import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { invoke } from "./support/invoke.ts";

const protocols = ["json", "messagepack"] as const;
const messages = [{ target: "ClosedEventChanged", key: "{0.eventId}" }];
const join = { method: "SubscribeFails", key: "{0}" };
const shared = (method: string): object => ({ method, key: "{0}", access: "public" });
const rules = {
  groups: [...contractGroups, { name: "closed", access: "public", join, messages }],
  calls: [shared("ThrowHub")],
  streams: [shared("Counter")],
};
/** The join is a question at the client's own connection here. */
const probing = {
  groups: [{ name: "closed", access: "probe", join, leave: { method: "Unsubscribe", key: "{0}" }, messages }],
};

/** The origin finds a method in any case, and its errors name it as it is declared, which is how rules should spell it. */
describe.skipIf(!aspNetOriginAvailable)(
  "an error names the method as the origin does, however the client spelled it",
  () => {
    let edge: Edge;

    beforeAll(async () => {
      edge = await Edge.start({ hubs: { [hubPaths.contract]: rules, [hubPaths.detailed]: probing } });
    });
    afterAll(() => edge.stop());

    for (const protocol of protocols) {
      const asked = [
        { what: "a join that the hub refuses", hub: hubPaths.contract, method: "SubscribeFails", args: [1] },
        { what: "a join without its argument", hub: hubPaths.contract, method: "Subscribe", args: [] },
        { what: "a leave without its argument", hub: hubPaths.contract, method: "Unsubscribe", args: [] },
        { what: "a join that is put to the origin", hub: hubPaths.detailed, method: "SubscribeFails", args: [1] },
        { what: "a shared call", hub: hubPaths.contract, method: "ThrowHub", args: ["ThrowHub 'ThrowHub'"] },
        {
          what: "a shared stream that is invoked as if it were none",
          hub: hubPaths.contract,
          method: "Counter",
          args: [1, 0],
        },
      ] as const;
      for (const { what, hub, method, args } of asked) {
        test(`${what}, in ${protocol}`, async () => {
          const spellings = [method, method.toLowerCase(), method.toUpperCase()];
          const direct = await edge.connectDirectly({ protocol, hub });
          const through = await edge.connectMany(spellings.length, { protocol, hub });
          const expected = await Promise.all(
            spellings.map((spelling, id) => invoke(direct, `${id}`, spelling, ...args)),
          );
          // At the same time, so that they share the origin's answer where it is asked.
          const answers = through.map((client, id) => invoke(client, `${id}`, spellings[id] ?? "", ...args));
          expect(await Promise.all(answers)).toEqual(expected);
          for (const answer of expected)
            expect(answer).toMatchObject({ error: expect.stringContaining(`'${method}'`) });
        });
      }

      test(`other forms of invocation than the method has, in ${protocol}`, async () => {
        const clients = await Promise.all([edge.connectDirectly({ protocol }), edge.connect({ protocol })]);
        const [expected, answers] = await Promise.all(
          clients.map(async (client) => {
            client.sendMessages(
              { type: 4, invocationId: "1", target: "cOUNTER", arguments: ["x", 0] },
              { type: 4, invocationId: "2", target: "sUBSCRIBE", arguments: [1] },
              { type: 1, invocationId: "3", target: "sUBSCRIBE", arguments: [1], streamIds: ["4"] },
            );
            return [await client.completionOf("1"), await client.completionOf("2"), await client.completionOf("3")];
          }),
        );
        expect(answers).toEqual(expected);
      });
    }
  },
);
