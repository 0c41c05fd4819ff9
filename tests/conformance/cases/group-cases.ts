import { expect } from "vitest";
import { hubPaths } from "../../support/origin.ts";
import type { RawConnection } from "../../support/raw-connection.ts";
import { expectAlive, resultOf, uniqueName } from "../invoke.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

/** Q159, Q208-Q210, Q213: who gets what the hub sends. */
export function groupCases(suite: SuiteContext, leg: Leg): void {
  addresseeCases(suite, leg);

  suite.test("Q208 a member of a group gets one copy, and none after leaving or reconnecting", async () => {
    const group = uniqueName();
    const [member, sender] = [await suite.connectOver(leg), await suite.connectOver(leg)];
    await resultOf(member, "Join", group);
    await resultOf(member, "Join", group);
    await resultOf(sender, "SendGroup", group, "first");
    expect(await textsOf(member)).toEqual(["first"]);
    await resultOf(member, "Leave", group);
    await resultOf(sender, "SendGroup", group, "second");
    expect(await textsOf(member)).toEqual([]);
    await resultOf(member, "Join", group);
    await member.close();
    const again = await suite.connectOver(leg);
    await resultOf(sender, "SendGroup", group, "third");
    expect(await textsOf(again)).toEqual([]);
  });

  suite.test("Q209 a member of two groups gets a copy of each", async () => {
    const groups = [uniqueName(), uniqueName()];
    const client = await suite.connectOver(leg);
    for (const group of groups) await resultOf(client, "Join", group);
    const sender = await suite.connectOver(leg);
    await resultOf(sender, "SendGroups", ...groups, "twice");
    expect(await textsOf(client)).toEqual(["twice", "twice"]);
  });
}

function addresseeCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q210 others are all but the caller, and all are all", async () => {
    const [caller, other] = [await suite.connectOver(leg), await suite.connectOver(leg)];
    // A connection that has sent nothing may be unknown to the hub.
    for (const client of [caller, other]) await expectAlive(client);
    await resultOf(caller, "SendOthers", "others");
    expect(await textsOf(caller)).toEqual([]);
    expect(await textsOf(other)).toEqual(["others"]);
    caller.sendMessages({ type: 1, target: "SendAll", arguments: ["all"] });
    for (const client of [caller, other]) expect(textOf(await client.nextMessage())).toBe("all");
  });

  suite.test("Q210 a user is every connection of exactly that name", async () => {
    const [user, otherCase] = ["ann", "Ann"].map((name) => `${name}-${uniqueName()}`);
    const connectAs = (name = ""): Promise<RawConnection> =>
      suite.connectOver(leg, { hub: hubPaths.auth, headers: { authorization: `Bearer user:${name}` } });
    const [first, second, stranger] = [await connectAs(user), await connectAs(user), await connectAs(otherCase)];
    for (const client of [first, second, stranger]) await expectAlive(client);
    await resultOf(stranger, "SendUser", user, "to ann");
    expect(await textsOf(first)).toEqual(["to ann"]);
    expect(await textsOf(second)).toEqual(["to ann"]);
    await resultOf(first, "SendUser", user?.toUpperCase(), "to nobody");
    for (const client of [first, second, stranger]) expect(await textsOf(client)).toEqual([]);
  });

  suite.test("Q213 the name of a method arrives as it is", async () => {
    const client = await suite.connectOver(leg);
    const target = "Größe in 漢字 😀/%20+";
    client.sendMessages({ type: 1, invocationId: "1", target, arguments: [] });
    const error = `Failed to invoke '${target}' due to an error on the server. HubException: Method does not exist.`;
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", error });
  });
}

/** Groups and broadcasts over all transports and protocols together. */
export function mixedCases(suite: SuiteContext): void {
  suite.test("Q159 members get the same message, each in its own protocol", async () => {
    const group = uniqueName();
    const clients = await Promise.all(suite.legs.map((leg) => suite.connectOver(leg)));
    for (const client of clients) await resultOf(client, "Join", group);
    const sender = await suite.connect();
    await resultOf(sender, "SendGroup", group, "für alle");
    for (const client of clients) expect(await textsOf(client)).toEqual(["für alle"]);
  });

  suite.test(
    "Q211 50 clients on all transports each get every broadcast once and in order",
    async () => {
      const count = 10_000;
      const clients = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const leg = suite.legs[index % suite.legs.length];
          return leg === undefined ? suite.connect() : suite.connectOver(leg);
        }),
      );
      for (const client of clients) await expectAlive(client);
      const { first, last } = await suite.target.origin.control.broadcast({ count, text: "to all" });
      await Promise.all(
        clients.map((client) => client.log.until(() => client.frames[count], "all broadcasts", 90_000)),
      );
      const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      for (const client of clients) {
        const numbers = client.frames.slice(1).map((frame) => sequenceOf(client, frame));
        expect(numbers).toEqual(expected);
      }
    },
    120_000,
  );
}

/** What came since the last call, up to the answer to an invocation that is made here. */
async function textsOf(client: RawConnection): Promise<string[]> {
  client.sendMessages({ type: 1, invocationId: "fence", target: "Add", arguments: [1, 2] });
  const texts: string[] = [];
  for (;;) {
    const message = await client.nextMessage();
    if (message.type === 3) return texts;
    texts.push(textOf(message));
  }
}

function textOf(message: Awaited<ReturnType<RawConnection["nextMessage"]>>): string {
  if (message.type !== 1 || message.target !== "Message") throw new Error(`not expected: ${JSON.stringify(message)}`);
  return String(message.arguments[0]);
}

/** JSON clients see `sequence`, MessagePack clients the name as it is declared. */
function sequenceOf(client: RawConnection, frame: Buffer): number {
  const message = client.wire.decode(frame);
  const [argument] = (message.type === 1 ? message.arguments : []) as { sequence?: number; Sequence?: number }[];
  return Number(argument?.sequence ?? argument?.Sequence);
}
