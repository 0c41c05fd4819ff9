import type { HubProtocolName } from "@signalr-edge/protocol";
import { expect } from "vitest";
import { askNegotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { askUpgrade } from "../../support/upgrade.ts";
import { addFrame, expectAlive, idAtOrigin, resultOf, uniqueName } from "../invoke.ts";
import type { SuiteClientOptions, SuiteContext } from "../suite-context.ts";

const hub = hubPaths.stateful;
const ask = { negotiateVersion: "1", useStatefulReconnect: "true" };

/** Q229, Q230, Q232-Q234, Q236-Q240: stateful reconnect, at the hub that allows it. */
export function statefulCases(suite: SuiteContext): void {
  suite.test(
    "Q229 it is not granted by a hub that does not allow it, and the TypeScript client does without",
    async () => {
      const answer = await askNegotiate(suite.hubUrl(), { query: ask });
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain("useStatefulReconnect");
      const leg = { transport: "WebSockets", protocol: "json" } as const;
      const connection = await suite.startRealClient(leg, { stateful: true });
      expect(await connection.invoke("Add", 1, 2)).toBe(3);
    },
  );

  suite.test("Q230 it is granted only to those who ask, in front of everything else", async () => {
    expect((await askNegotiate(suite.hubUrl(hub))).text).not.toContain("useStatefulReconnect");
    const { text } = await askNegotiate(suite.hubUrl(hub), { query: ask });
    expect(text).toMatch(/^\{"useStatefulReconnect":true,"negotiateVersion":1,"connectionId":/);
  });

  for (const protocol of suite.traits.protocols) {
    resumeCases(suite, protocol);
    repeatCases(suite, protocol);
    takeOverCases(suite, protocol);
    refusalCases(suite, protocol);
    limitCases(suite, protocol);
  }
}

function resumeCases(suite: SuiteContext, protocol: HubProtocolName): void {
  suite.test(`Q232 what was counted is acknowledged within 2 s in ${protocol}`, async () => {
    const client = await connect(suite, protocol);
    for (const id of ["1", "2", "3"]) client.send(addFrame(client, id));
    await client.waitFor((frame) => isAck(client, frame, 3), 3_000);
  });

  suite.test(
    `Q233 a new WebSocket brings what the client missed, in order and behind a Sequence in ${protocol}`,
    async () => {
      const group = uniqueName();
      const client = await connect(suite, protocol);
      await resultOf(client, "Join", group);
      const sender = await suite.connect({ hub });
      await resultOf(sender, "SendGroup", group, "1");
      expect(await client.nextMessage()).toMatchObject({ arguments: ["1"] });
      client.socket.terminate();
      for (const text of ["2", "3", "4"]) await resultOf(sender, "SendGroup", group, text);

      const resumed = await resume(suite, client);
      // Numbered from 1: the completion of `Join`, then the messages. Nothing was acknowledged.
      expect(await resumed.nextMessage()).toEqual({ type: 9, sequenceId: 1 });
      const [join, ...messages] = await resumed.nextMessages(5);
      expect(join).toMatchObject({ type: 3, invocationId: "i" });
      expect(messages).toMatchObject(["1", "2", "3", "4"].map((text) => ({ target: "Message", arguments: [text] })));
      resumed.sendMessages({ type: 9, sequenceId: 2 });
      await expectAlive(resumed);
    },
  );

  suite.test(`Q233 what the client has acknowledged is not repeated in ${protocol}`, async () => {
    const client = await connect(suite, protocol);
    for (const _ of [1, 2, 3]) await expectAlive(client);
    client.sendMessages({ type: 8, sequenceId: 2 });
    // An answer shows that the acknowledgement was read.
    await expectAlive(client);
    client.socket.terminate();
    const resumed = await resume(suite, client);
    expect(await resumed.nextMessage()).toEqual({ type: 9, sequenceId: 3 });
    expect(await resumed.nextMessages(2)).toMatchObject([{ result: 3 }, { result: 3 }]);
    resumed.sendMessages({ type: 9, sequenceId: 5 });
    await expectAlive(resumed);
  });
}

function repeatCases(suite: SuiteContext, protocol: HubProtocolName): void {
  suite.test(`Q234 invocations that the client repeats run once in ${protocol}`, async () => {
    const client = await connect(suite, protocol);
    const connectionId = await idAtOrigin(client);
    for (const id of ["1", "2", "3"]) client.send(addFrame(client, id));
    await client.completionOf("3");
    client.socket.terminate();
    const resumed = await resume(suite, client);
    resumed.sendMessages({ type: 9, sequenceId: 1 }, { type: 1, invocationId: "i", target: "WhoAmI", arguments: [] });
    for (const id of ["1", "2", "3", "4"]) resumed.send(addFrame(resumed, id));
    await resumed.completionOf("4");
    const { control } = suite.target.origin;
    const runs = { kind: "invoked", name: "Add", connectionId } as const;
    await control.waitFor(runs, { count: 4 });
    await expect(control.waitFor(runs, { count: 5, timeoutMs: 1 })).rejects.toThrow();
    expect(resumed.frames.filter((frame) => resumed.wire.decode(frame).type === 3)).toHaveLength(5);
  });
}

function takeOverCases(suite: SuiteContext, protocol: HubProtocolName): void {
  // In ASP.NET Core 10 this is the end of both. A gateway can do better: a client that lost its network comes back while
  // its old socket still looks alive.
  if (suite.traits.gateway) {
    suite.test(`Q236 a second WebSocket takes over from one that is still alive in ${protocol}`, async () => {
      const client = await connect(suite, protocol);
      await expectAlive(client);
      const second = await resume(suite, client);
      await client.closed;
      expect(await second.nextMessage()).toEqual({ type: 9, sequenceId: 1 });
      expect(await second.nextMessage()).toMatchObject({ result: 3 });
      second.sendMessages({ type: 9, sequenceId: 2 });
      await expectAlive(second);
    });
  } else {
    suite.test(
      `Q236 a second WebSocket ends one that is still alive, and is refused itself in ${protocol}`,
      async () => {
        const client = await connect(suite, protocol);
        await expectAlive(client);
        await expectRefused(suite, client, [404]);
        expect(await client.closed).toEqual({ code: 1000, reason: "" });
      },
    );
  }
}

function refusalCases(suite: SuiteContext, protocol: HubProtocolName): void {
  suite.test(`Q237 a Sequence that leaves a hole ends the connection in ${protocol}`, async () => {
    const client = await connect(suite, protocol);
    await expectAlive(client);
    client.sendMessages({ type: 9, sequenceId: 7 });
    await client.closed;
    const last = client.frames.at(-1);
    expect(last === undefined ? undefined : client.wire.decode(last)).toEqual({
      type: 7,
      error: "Connection closed with an error.",
      allowReconnect: true,
    });
    await expectRefused(suite, client, [404]);
  });

  suite.test(
    `Q239 with version 1 of the handshake there are no acks and no second WebSocket in ${protocol}`,
    async () => {
      const client = await connect(suite, protocol, { version: 1 });
      await expectAlive(client);
      await expectRefused(suite, client, [404, 409]);
      await expectAlive(client);
      expect(client.frames.some((frame) => client.wire.decode(frame).type === 8)).toBe(false);
    },
  );

  for (const { what, end } of [
    { what: "a Close message of the client", end: (client: RawClient) => client.sendMessages({ type: 7 }) },
    {
      what: "a Close message of the server",
      end: (client: RawClient) => client.sendMessages({ type: 1, target: "AbortMe", arguments: [] }),
    },
    { what: "a Close frame of the client", end: (client: RawClient) => client.socket.close(1000) },
  ]) {
    suite.test(`Q240 ${what} is the end of it in ${protocol}`, async () => {
      const client = await connect(suite, protocol);
      await expectAlive(client);
      end(client);
      await client.closed;
      await expectRefused(suite, client, [404]);
    });
  }
}

/** ASP.NET Core keeps 100,000 bytes, a gateway `limits.resumeBufferMaxBytes` for each client. */
function limitCases(suite: SuiteContext, protocol: HubProtocolName): void {
  const resultBytes = 60_000;
  const { count, maxBytes } = suite.traits.gateway
    ? { count: 100, maxBytes: 4 * 1024 * 1024 }
    : { count: 3, maxBytes: 2 * resultBytes };

  suite.test(
    `Q238 nothing more is sent to a client that acknowledges nothing, until it does in ${protocol}`,
    async () => {
      const client = await connect(suite, protocol);
      for (let id = 0; id < count; id++) {
        client.sendMessages({ type: 1, invocationId: `${id}`, target: "Big", arguments: [resultBytes] });
      }
      await client.waitFor((frame) => isAck(client, frame, count), 15_000);
      const received = (): number => client.frames.filter((frame) => client.wire.decode(frame).type === 3).length;
      expect(received()).toBeLessThanOrEqual(maxBytes / resultBytes);
      for (let acknowledged = 0; acknowledged < count; ) {
        await client.log.until(() => (received() > acknowledged ? true : undefined), "another result", 10_000);
        acknowledged = received();
        client.sendMessages({ type: 8, sequenceId: acknowledged });
      }
    },
  );
}

async function connect(
  suite: SuiteContext,
  protocol: HubProtocolName,
  { version = 2, ...options }: SuiteClientOptions & { readonly version?: 1 | 2 } = {},
): Promise<RawClient> {
  const { text } = await askNegotiate(suite.hubUrl(hub), { query: ask });
  const { connectionToken } = JSON.parse(text) as { connectionToken: string };
  const client = await suite.connect({ ...options, hub, protocol, connectionToken, handshake: false });
  client.sendText(`{"protocol":"${protocol}","version":${version}}\u001e`);
  expect((await client.handshakeResponse()).toString()).toBe("{}\u001e");
  return client;
}

function resume(suite: SuiteContext, { connectionToken = "", wire }: RawClient): Promise<RawClient> {
  return suite.connect({ hub, protocol: wire.protocol, connectionToken, resumes: true });
}

async function expectRefused(suite: SuiteContext, client: RawClient, statuses: readonly number[]): Promise<void> {
  const answer = await askUpgrade(suite.hubUrl(hub, `id=${client.connectionToken}`));
  answer.socket?.destroy();
  expect(statuses).toContain(answer.status);
}

function isAck({ wire }: RawClient, frame: Buffer, sequenceId: number): boolean {
  const message = wire.decode(frame);
  return message.type === 8 && (message.sequenceId ?? 0) >= sequenceId;
}
