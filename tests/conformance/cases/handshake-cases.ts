import { expect } from "vitest";
import { jsonFrame, jsonText } from "../../support/json-wire.ts";
import { MessageLog } from "../../support/message-log.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import type { SuiteContext } from "../suite-context.ts";

const unexpected = "An unexpected error occurred during connection handshake.";

const spellings = [
  '{"version":1,"protocol":"json"}',
  '{"protocol":"json","extra":{"deep":[1,{}]},"version":1,"more":null}',
  ' { "protocol" : "json" ,\r\n\t"version" : 1 } ',
  '{"protocol":"JSON","version":1}',
];

/** Q102-Q108, Q110-Q115, Q117, over WebSockets. */
export function handshakeCases(suite: SuiteContext): void {
  for (const protocol of suite.traits.protocols) {
    suite.test(
      `${protocol === "json" ? "Q102" : "Q103"} the answer to a ${protocol} handshake is {} and nothing else`,
      async () => {
        const client = await suite.connect({ protocol });
        expect(client.webSocketMessages[0]?.bytes).toEqual(Buffer.from([0x7b, 0x7d, 0x1e]));
      },
    );
  }

  for (const spelling of spellings) {
    suite.test(`Q104 the handshake ${JSON.stringify(spelling)} is accepted`, async () => {
      expect(await answerTo(suite, spelling)).toBe("{}");
    });
  }

  suite.test("Q105 a handshake in single bytes is accepted", async () => {
    const client = await suite.connect({ handshake: false });
    for (const byte of jsonFrame('{"protocol":"json","version":1}')) client.send(Buffer.from([byte]));
    expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
  });

  refusalCases(suite);

  if (suite.traits.variants) {
    suite.test("Q115 a hub without MessagePack refuses it", async () => {
      const client = await suite.connect({ handshake: false, hub: hubPaths.json });
      client.sendText('{"protocol":"messagepack","version":1}\u001e');
      await expectRefusal(client, "The protocol 'messagepack' is not supported.");
    });
  }

  suite.test("Q108 version 2 is accepted without stateful reconnect", async () => {
    expect(await answerTo(suite, '{"protocol":"json","version":2}')).toBe("{}");
  });

  onConnectedCases(suite);
}

const refusals = [
  { number: "Q106", handshake: '{"protocol":"nope","version":1}', error: "The protocol 'nope' is not supported." },
  {
    number: "Q107",
    handshake: '{"protocol":"json","version":99}',
    error: "The server does not support version 99 of the 'json' protocol.",
  },
  { number: "Q111", handshake: "{}", error: unexpected },
  { number: "Q111", handshake: "not JSON", error: unexpected },
  { number: "Q111", handshake: '{"protocol":1,"version":1}', error: unexpected },
  { number: "Q111", handshake: '{"protocol":"json"}', error: unexpected },
];

function refusalCases(suite: SuiteContext): void {
  for (const { number, handshake, error } of refusals) {
    suite.test(
      `${number} the handshake ${handshake} is refused and the connection ends without a Close message`,
      async () => {
        const client = await suite.connect({ handshake: false });
        client.sendText(`${handshake}\u001e`);
        await expectRefusal(client, error);
      },
    );
  }

  suite.test("Q110 40,000 bytes without a separator are no handshake", async () => {
    const client = await suite.connect({ handshake: false });
    client.sendText("x".repeat(40_000));
    await expectRefusal(client, "Handshake was canceled.");
  });

  suite.test("Q114 a connection that ends before its handshake is never seen by the hub", async () => {
    const { control } = suite.target.origin;
    const before = (await control.state()).totalConnections;
    const silent = await suite.connect({ handshake: false });
    await silent.close();
    const client = await suite.connect();
    client.sendMessages({ type: 1, invocationId: "1", target: "Void", arguments: [] });
    await client.nextMessage();
    expect((await control.state()).totalConnections).toBe(before + 1);
  });
}

/** Behind shared upstreams a client is at the origin when it says something that no rule names, under another id. */
function onConnectedCases(suite: SuiteContext): void {
  for (const protocol of suite.traits.protocols) {
    suite.test(
      `Q112 what the hub sends on connection comes between {} and the first answer in ${protocol}`,
      async () => {
        const client = await suite.connect({ protocol, query: "greet=1", handshake: false });
        const add = client.wire.encode({ type: 1, invocationId: "1", target: "Add", arguments: [1, 2] });
        client.send(Buffer.concat([jsonFrame(`{"protocol":"${protocol}","version":1}`), add]));
        expect(await client.handshakeResponse()).toEqual(jsonFrame("{}"));
        const greeting = { type: 1, target: "Greeting", arguments: [idOf(suite, client.connectionId)] };
        expect(await client.nextMessages(2)).toEqual([greeting, { type: 3, invocationId: "1", result: 3 }]);
      },
    );

    suite.test(`Q112 the TypeScript client sees the greeting in ${protocol}`, async () => {
      const connection = suite.buildRealClient({ transport: "WebSockets", protocol }, { query: "greet=1" });
      const greetings = new MessageLog(connection, "Greeting");
      await connection.start();
      if (suite.traits.groups) await connection.send("Void");
      expect(await greetings.waitForCount(1)).toEqual([[idOf(suite, connection.connectionId)]]);
    });

    suite.test(`Q113 a hub that fails on connection closes for good in ${protocol}`, async () => {
      const client = await suite.connect({ protocol, query: "failConnect=1" });
      if (suite.traits.groups) client.sendMessages({ type: 1, target: "Void", arguments: [] });
      expect(await client.nextMessage()).toEqual({ type: 7, error: "Connection closed with an error." });
      expect(await client.closed).toEqual({ code: 1000, reason: "" });
    });

    suite.test(`Q117 nothing comes before the answer to a ${protocol} handshake`, async () => {
      const client = await suite.connect({ protocol, handshake: false });
      const pong = new Promise((resolve) => client.socket.once("pong", resolve));
      client.socket.ping();
      await pong;
      expect(client.webSocketMessages).toEqual([]);
      await client.handshake();
      expect(client.webSocketMessages[0]?.bytes.subarray(0, 3)).toEqual(jsonFrame("{}"));
    });
  }
}

/** What the hub says of the id that was negotiated. */
function idOf({ traits }: SuiteContext, negotiated: string | null | undefined): unknown {
  return traits.groups ? expect.any(String) : negotiated;
}

async function answerTo(suite: SuiteContext, handshake: string): Promise<string> {
  const client = await suite.connect({ handshake: false });
  client.sendText(`${handshake}\u001e`);
  return jsonText(await client.handshakeResponse());
}

async function expectRefusal(client: RawClient, error: string): Promise<void> {
  expect(jsonText(await client.handshakeResponse())).toBe(JSON.stringify({ error }));
  expect(await client.closed).toEqual({ code: 1000, reason: "" });
  expect(client.frames).toEqual([]);
}
