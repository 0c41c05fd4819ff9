import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { MessageLog } from "../support/message-log.ts";
import { askNegotiate } from "../support/negotiate.ts";
import { hubPaths, type Origin } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { contractGroups, startGateway, type TestGateway } from "../support/start-gateway.ts";
import { aspNetOriginAvailable, startAspNetOrigin } from "../support/start-origin.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

interface Update {
  readonly sequence?: number;
  readonly Sequence?: number;
}

const sequenceOf = (update: Update): number => update.sequence ?? update.Sequence ?? Number.NaN;

describe.skipIf(!aspNetOriginAvailable)("stateful reconnect, offered by the gateway", () => {
  let origin: Origin;
  let gateway: TestGateway;
  let proxy: TcpProxy;
  let connections: HubConnection[];

  beforeAll(async () => {
    origin = await startAspNetOrigin();
    gateway = await startGateway({ origin, hubs: { [hubPaths.contract]: { groups: contractGroups } } });
  });

  beforeEach(async () => {
    connections = [];
    proxy = await startTcpProxy(gateway.url);
  });

  afterEach(async () => {
    await Promise.all(connections.map((connection) => connection.stop()));
    await proxy.stop();
  });

  afterAll(async () => {
    await gateway.stop();
    await origin.stop();
  });

  function build(protocol: "json" | "messagepack", path: string = hubPaths.contract): HubConnection {
    const builder = new HubConnectionBuilder()
      .withUrl(`${proxy.url}${path}`, { transport: HttpTransportType.WebSockets })
      .withStatefulReconnect()
      .configureLogging(LogLevel.None);
    if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    const connection = builder.build();
    connections.push(connection);
    return connection;
  }

  for (const protocol of ["json", "messagepack"] as const) {
    test(`${protocol}: the socket is cut five times at 1,000 messages a second, and nothing is lost or repeated`, async () => {
      const connection = build(protocol);
      const log = new MessageLog<[Update]>(connection, "OddsChanged");
      let closed = 0;
      connection.onclose(() => {
        closed += 1;
      });
      await connection.start();
      const eventId = protocol === "json" ? 7001 : 7002;
      await connection.invoke("Subscribe", eventId);
      const { connectionId } = connection;
      const published = origin.control.publish({ eventId, count: 3000, perSecond: 1000 });
      for (const count of [300, 700, 1200, 1800, 2500]) {
        await log.waitForCount(count, 15_000);
        proxy.cut();
      }
      await published;
      const messages = await log.waitForCount(3000, 15_000);
      expect(messages.map(([update]) => sequenceOf(update))).toEqual(
        Array.from({ length: 3000 }, (_, index) => index + 1),
      );
      expect(closed).toBe(0);
      expect(connection.connectionId).toBe(connectionId);
    });
  }

  test("invocations across a cut run once and are answered once (Q234)", async () => {
    await origin.control.reset();
    const connection = build("json", hubPaths.detailed);
    await connection.start();
    const answers: Promise<number>[] = [];
    for (let number = 0; number < 50; number += 1) {
      answers.push(connection.invoke<number>("Add", number, 1));
      if (number === 25) proxy.cut();
    }
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, number) => number + 1));
    expect((await origin.control.state()).invocations).toMatchObject({ Add: 50 });
  });

  test("it is not granted unasked (Q230), and not on a hub that switches it off", async () => {
    const unasked = await askNegotiate(gateway.hubUrl(hubPaths.contract), { query: { negotiateVersion: "1" } });
    expect(unasked.text).not.toContain("useStatefulReconnect");
    const without = await startGateway({ origin, hubs: { [hubPaths.contract]: { statefulReconnect: false } } });
    const query = { negotiateVersion: "1", useStatefulReconnect: "true" };
    const asked = await askNegotiate(without.hubUrl(hubPaths.contract), { query });
    expect(asked.text).not.toContain("useStatefulReconnect");
    await without.stop();
  });

  test("with version 1 of the handshake the id cannot be resumed (Q239)", async () => {
    const client = await connectStateful({ version: 1 });
    await expect(openSocket(client.token)).rejects.toThrow("409");
    await client.raw.close();
  });

  test("a second socket takes over from one that is still alive (Q236)", async () => {
    const { raw, token } = await connectStateful({ version: 2 });
    const second = await openSocket(token);
    expect(await second.first).toBe('{"type":9,"sequenceId":1}\u001e');
    expect((await raw.closed).code).toBe(1006);
    second.socket.close();
  });

  test("after a Close message of the client a socket with the same id is refused (Q240)", async () => {
    const { raw, token } = await connectStateful({ version: 2 });
    raw.sendText('{"type":7}\u001e');
    await raw.closed;
    await expect(openSocket(token)).rejects.toThrow("404");
  });

  test("a Sequence message from the future closes the connection (Q237)", async () => {
    const { raw } = await connectStateful({ version: 2 });
    raw.sendText('{"type":9,"sequenceId":7}\u001e');
    expect((await raw.closed).code).toBe(1000);
    expect(raw.frames.at(-1)?.toString()).toContain("Connection closed with an error.");
  });

  test("counted messages are acknowledged within 2 s (Q232)", async () => {
    const { raw } = await connectStateful({ version: 2 });
    for (const id of ["1", "2", "3"]) {
      raw.sendText(`{"type":1,"invocationId":"${id}","target":"Add","arguments":[1,2]}\u001e`);
    }
    await raw.waitFor((frame) => frame.toString() === '{"type":8,"sequenceId":3}\u001e', 3000);
    await raw.close();
  });

  async function connectStateful({ version }: { readonly version: 1 | 2 }): Promise<{ raw: RawClient; token: string }> {
    const url = gateway.hubUrl(hubPaths.contract);
    const query = { negotiateVersion: "1", useStatefulReconnect: "true" };
    const answer = await askNegotiate(url, { query });
    expect(answer.text).toMatch(/^\{"useStatefulReconnect":true,/);
    const token: string = JSON.parse(answer.text).connectionToken;
    const raw = await RawClient.connect({ url, connectionToken: token, handshake: false });
    raw.sendText(`{"protocol":"json","version":${version}}\u001e`);
    await raw.handshakeResponse();
    return { raw, token };
  }

  /** `first` is the first message; it may come with the answer to the upgrade. */
  function openSocket(token: string): Promise<{ readonly socket: WebSocket; readonly first: Promise<string> }> {
    const socket = new WebSocket(`${gateway.hubUrl(hubPaths.contract).replace("http", "ws")}?id=${token}`);
    const first = new Promise<string>((resolve) => socket.once("message", (data: Buffer) => resolve(data.toString())));
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve({ socket, first }));
      socket.once("error", reject);
    });
  }
});
