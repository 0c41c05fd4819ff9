import { expect } from "vitest";
import { maskedText } from "../../support/masked-text.ts";
import { hubPaths } from "../../support/origin.ts";
import { askUpgrade, type UpgradeAnswer } from "../../support/upgrade.ts";
import { expectAlive, idAtOrigin, uniqueName } from "../invoke.ts";
import type { Leg, SuiteContext } from "../suite-context.ts";

const closeForReconnect = { type: 7, allowReconnect: true };
const canceled = "Invocation canceled due to the underlying connection being closed.";

/** Q168, Q173, Q174, Q204: ends of connections over any transport. */
export function endCases(suite: SuiteContext, leg: Leg): void {
  if (suite.traits.variants) shutdownCases(suite, leg);

  suite.test("Q173 invocations that wait are rejected when the server ends the connection", async () => {
    const connection = await suite.startRealClient(leg);
    const connectionId = String(await connection.invoke("WhoAmI"));
    const slow = connection.invoke("Slow", 30_000);
    const { control } = suite.target.origin;
    await control.waitFor({ kind: "invoked", name: "Slow", connectionId });
    await control.abortConnections(hubPaths.contract);
    await expect(slow).rejects.toThrow(canceled);
  });

  suite.test("Q174 the hub sees the end of a client at once, and without an error", async () => {
    const client = await suite.connectOver(leg);
    const connectionId = await idAtOrigin(client);
    await client.close();
    const ended = { kind: "disconnected", connectionId } as const;
    expect(await suite.target.origin.control.waitFor(ended, { timeoutMs: 2_000 })).toMatchObject({ error: null });
  });

  suite.test("Q204 an upload ends with an error when its client is gone", async () => {
    const client = await suite.connectOver(leg);
    const connectionId = await idAtOrigin(client);
    client.sendMessages(
      { type: 1, invocationId: "1", target: "Upload", arguments: [], streamIds: ["s"] },
      { type: 2, invocationId: "s", item: 1 },
    );
    const { control } = suite.target.origin;
    await control.waitFor({ kind: "invoked", name: "Upload", connectionId });
    await client.close();
    const ended = { kind: "uploadEnded", name: "Upload", connectionId } as const;
    expect((await control.waitFor(ended, { timeoutMs: 2_000 })).error).not.toBeNull();
  });

  suite.test("Q247 a client and the hub that end at the same time end the connection once", async () => {
    const { control } = suite.target.origin;
    for (let round = 0; round < 10; round++) {
      const client = await suite.connectOver(leg);
      const connectionId = await idAtOrigin(client);
      client.sendMessages({ type: 1, target: "AbortMe", arguments: [] });
      await client.close();
      await control.waitFor({ kind: "disconnected", connectionId });
      const { lastDisconnects } = await control.state();
      expect(lastDisconnects.filter((entry) => entry.connectionId === connectionId)).toHaveLength(1);
    }
    await expectAlive(await suite.connectOver(leg));
  });
}

function shutdownCases(suite: SuiteContext, leg: Leg): void {
  suite.test("Q168 a server that shuts down tells the client to reconnect", async () => {
    const client = await suite.connectOver(leg);
    await expectAlive(client);
    await suite.target.origin.control.closeGracefully(hubPaths.contract);
    expect(await client.nextMessage()).toEqual(closeForReconnect);
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });

  suite.test("Q168 the TypeScript client reconnects under a new id", async () => {
    const connection = await suite.startRealClient(leg, { reconnectDelaysMs: [0, 0] });
    const { connectionId } = connection;
    await connection.invoke("Add", 1, 2);
    const reconnected = new Promise<string | undefined>((resolve) => connection.onreconnected(resolve));
    await suite.target.origin.control.closeGracefully(hubPaths.contract);
    const newId = await reconnected;
    expect(newId).not.toBe(connectionId);
    expect(newId).toBe(connection.connectionId);
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
  });
}

/** Q059, Q171, Q249: ends that only a WebSocket can have. */
export function webSocketCutCases(suite: SuiteContext): void {
  suite.test("Q059 a connection that is reset has ended for the hub within 2 s", async ({ onTestFinished }) => {
    const user = uniqueName();
    const { socket } = await openByHand(suite, user, onTestFinished);
    const { control } = suite.target.origin;
    await control.waitFor({ kind: "invoked", name: "Void", user });
    socket.resetAndDestroy();
    await control.waitFor({ kind: "disconnected", user }, { timeoutMs: 2_000 });
  });

  suite.test("Q171 whatever ends the connection, the Close frame has a code", async () => {
    const ends = [
      (client: Client) => client.sendMessages({ type: 1, target: "AbortMe", arguments: [] }),
      (client: Client) => client.sendText('{"type":7}\u001e'),
      (client: Client) => client.sendText("not JSON\u001e"),
      (client: Client) => client.socket.close(),
    ];
    for (const end of ends) {
      const client = await suite.connect();
      end(client);
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    }
    const refused = await suite.connect({ handshake: false });
    refused.sendText("{}\u001e");
    expect(await refused.closed).toEqual({ code: 1000, reason: "" });
    const failing = await suite.connect({ query: "failConnect=1" });
    if (suite.traits.groups) failing.sendMessages({ type: 1, target: "Void", arguments: [] });
    expect(await failing.closed).toEqual({ code: 1000, reason: "" });
  });

  suite.test("Q249 what a client sends behind its own Close frame is ignored", async ({ onTestFinished }) => {
    const user = uniqueName();
    const { socket, received } = await openByHand(suite, user, onTestFinished);
    const { control } = suite.target.origin;
    await control.waitFor({ kind: "invoked", name: "Void", user });
    const ended = new Promise((resolve) => socket.once("close", resolve));
    // A Close frame of a client with code 1000 and a mask of zeros.
    const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    socket.write(Buffer.concat([close, maskedText('{"type":1,"target":"CallerMessage","arguments":[]}\u001e')]));
    await ended;
    expect(Buffer.concat(received).subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
    expect(await control.waitFor({ kind: "disconnected", user })).toMatchObject({ error: null });
    await expect(control.waitFor({ kind: "invoked", name: "CallerMessage", user }, { timeoutMs: 1 })).rejects.toThrow();
  });
}

type Client = Awaited<ReturnType<SuiteContext["connect"]>>;

/** A WebSocket of the auth hub without a WebSocket library, whose handshake is sent and whose user is known to the hub. */
async function openByHand(suite: SuiteContext, user: string, onFinished: (end: () => void) => void) {
  const authorization = `Bearer user:${user}`;
  const answer: UpgradeAnswer = await askUpgrade(suite.hubUrl(hubPaths.auth), { authorization });
  const { socket } = answer;
  if (socket === undefined) throw new Error(`the upgrade was refused with ${answer.status}`);
  onFinished(() => void socket.destroy());
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.write(maskedText('{"protocol":"json","version":1}\u001e'));
  socket.write(maskedText('{"type":1,"target":"Void","arguments":[]}\u001e'));
  return { socket, received };
}
