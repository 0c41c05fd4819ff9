import type { HubConnection, IStreamResult } from "@microsoft/signalr";
import { Subject } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MessageLog } from "../support/message-log.ts";
import { type HubPath, hubPaths } from "../support/origin.ts";
import { contractGroups } from "../support/start-gateway.ts";
import { aspNetOriginAvailable } from "../support/start-origin.ts";
import { Edge } from "./support/edge.ts";
import { range } from "./support/updates.ts";

const protocols = ["json", "messagepack"] as const;
const userCount = 100;
const itemCount = 20;

/** what a client says and hears that no rule names is between it and the origin. */
describe.skipIf(!aspNetOriginAvailable)("R-14 private traffic of many users at once", { timeout: 60_000 }, () => {
  let edge: Edge;

  beforeAll(async () => {
    edge = await Edge.start({ hubs: { [hubPaths.contract]: { groups: contractGroups } } });
  });
  afterAll(() => edge.stop());

  for (const { hub, mode } of [
    { hub: hubPaths.auth, mode: "eager" },
    { hub: hubPaths.contract, mode: "lazy" },
  ]) {
    for (const protocol of protocols) {
      test(`every one of ${userCount} users gets its own results, streams, messages and questions in ${protocol}, on ${mode} upstreams`, async () => {
        const users = range(1, userCount).map((number) => `${mode}-${protocol}-${number}`);
        const connections = users.map((user) => edge.buildRealClient({ hub, protocol, accessToken: `user:${user}` }));
        await Promise.all(connections.map((connection) => connection.start()));
        await Promise.all(connections.map((connection, index) => useEverything(connection, users[index] ?? "", index)));

        const atOrigin = (await edge.origin.control.state()).connections.filter((connection) => connection.hub === hub);
        expect(atOrigin.map(({ user }) => user).filter((user) => users.includes(user ?? ""))).toHaveLength(userCount);
        expect(new Set(atOrigin.map(({ user }) => user))).toEqual(new Set(users));
        expect(edge.hub(hub)).toMatchObject({ clients: userCount, privateUpstreams: userCount });
        await Promise.all(connections.map((connection) => connection.stop()));
        await Promise.all(users.map((user) => edge.origin.control.waitFor({ kind: "disconnected", user })));
        await expectNothingLeft(hub);
      });
    }
  }

  async function expectNothingLeft(hub: HubPath): Promise<void> {
    const { connections } = await edge.origin.control.state();
    expect(connections.filter((connection) => connection.hub === hub)).toEqual([]);
  }

  test("WhoAmI is the connectionId that an eager client was given, for every client", async () => {
    const connections = range(1, 20).map((number) =>
      edge.buildRealClient({ hub: hubPaths.detailed, accessToken: `user:who-${number}` }),
    );
    await Promise.all(connections.map((connection) => connection.start()));
    const ids = await Promise.all(connections.map((connection) => connection.invoke<string>("WhoAmI")));
    expect(ids).toEqual(connections.map(({ connectionId }) => connectionId));
    expect(new Set(ids).size).toBe(connections.length);
  });
});

/** All four kinds of private traffic at the same time; what it hears must carry its own name or number. */
async function useEverything(connection: HubConnection, user: string, number: number): Promise<void> {
  const whispers = new MessageLog<[token: string, text: string]>(connection, "Whispered");
  connection.on("Question", (question: string) => `${user} answers ${question}`);
  const connectionId = await connection.invoke<string>("WhoAmI");
  const token = `${user}:${connectionId}`;
  const numbers = range(number, number + 9);
  const subject = new Subject<number>();
  const uploaded = connection.invoke<number>("Upload", subject);
  const streamed = collect(connection.stream<string>("PrivateCounter", itemCount, 1));
  const answered = connection.invoke<string>("AskClient", `question ${number}`);
  const whispered = range(1, itemCount).map((index) => connection.invoke<string>("Whisper", `${user} ${index}`));
  for (const value of numbers) subject.next(value);
  subject.complete();

  expect(await uploaded).toBe(numbers.reduce((sum, value) => sum + value, 0));
  expect(await streamed).toEqual(range(0, itemCount - 1).map((index) => `${token}:${index}`));
  expect(await answered).toBe(`${user} answers question ${number}`);
  expect(new Set(await Promise.all(whispered))).toEqual(new Set([token]));
  expect(whispers.messages).toEqual(range(1, itemCount).map((index) => [token, `${user} ${index}`]));
  expect(await connection.invoke("UserName")).toBe(user);
}

function collect<T>(stream: IStreamResult<T>): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const items: T[] = [];
    stream.subscribe({ next: (item) => items.push(item), error: reject, complete: () => resolve(items) });
  });
}
