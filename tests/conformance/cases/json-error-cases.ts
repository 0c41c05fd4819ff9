import { expect } from "vitest";
import { jsonFrame, jsonText } from "../../support/json-wire.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import type { SuiteContext } from "../suite-context.ts";
import { explainsProtocolErrors } from "../suite-target.ts";

const closedWithError = "Connection closed with an error.";
const maxMessageBytes = 32_768;
const tooLong = `InvalidDataException: The maximum message size of ${maxMessageBytes}B was exceeded. The message size can be configured in AddHubOptions.`;

/** `detail` is what the hub with detailed errors says of it. */
const malformed = [
  {
    number: "Q124",
    json: '{"type":1,"invocationId":null,"target":"Add","arguments":[1,2]}',
    detail: "Expected 'invocationId' to be of type String.",
  },
  { number: "Q129", json: "{not JSON}", detail: "Error reading JSON." },
  { number: "Q129", json: '{"type":1,"target":"Add","arguments":[1,2]', detail: "Error reading JSON." },
  { number: "Q129", json: "[]", detail: "Unexpected JSON Token Type 'Array'. Expected a JSON Object." },
  {
    number: "Q130",
    json: '{"type":1,"invocationId":"1","arguments":[]}',
    detail: "Missing required property 'target'.",
  },
  {
    number: "Q130",
    json: '{"type":1,"invocationId":"1","target":"Add"}',
    detail: "Missing required property 'arguments'.",
  },
  { number: "Q130", json: '{"target":"Add","arguments":[1,2]}', detail: "Missing required property 'type'." },
  { number: "Q130", json: '{"type":2,"invocationId":"1"}', detail: "Missing required property 'item'." },
  { number: "Q130", json: '{"type":3,"result":1}', detail: "Missing required property 'invocationId'." },
  {
    number: "Q131",
    json: '{"type":3,"invocationId":"s1","error":"a","result":1}',
    detail: "The 'error' and 'result' properties are mutually exclusive.",
  },
  { number: "Q136", json: "", detail: "Error reading JSON." },
];

/** Q124, Q129-Q134, Q136, Q139: JSON frames that end the connection. */
export function jsonErrorCases(suite: SuiteContext): void {
  for (const { number, json, detail } of malformed) {
    suite.test(`${number} ${json === "" ? "an empty frame" : json} closes the connection for a reconnect`, async () => {
      const client = await suite.connect();
      client.sendText(`${json}\u001e`);
      await expectClose(client, closedWithError);
    });

    if (explainsProtocolErrors(suite.traits)) {
      suite.test(`${number} ${json === "" ? "an empty frame" : json} is explained by the detailed hub`, async () => {
        const client = await suite.connect({ hub: hubPaths.detailed });
        client.sendText(`${json}\u001e`);
        await expectClose(client, `${closedWithError} InvalidDataException: ${detail}`);
      });
    }
  }

  sizeCases(suite);

  otherEndCases(suite);
}

function otherEndCases(suite: SuiteContext): void {
  // ASP.NET Core accepts it in a binary WebSocket frame and reads U+FFFD. (In a text frame RFC 6455 ends the connection.)
  // A gateway may be stricter: text that is no text could make two group keys one (reliability: no U+FFFD folding).
  suite.test("Q139 invalid UTF-8 in an argument is treated as the origin does, or as an error", async () => {
    const ends = await Promise.all(
      [suite.connect(), suite.connectToOrigin()].map(async (connecting) => {
        const client = await connecting;
        const start = Buffer.from('{"type":1,"invocationId":"1","target":"Echo","arguments":["');
        client.send(Buffer.concat([start, Buffer.from([0xc3, 0x28]), jsonFrame('"]}')]), true);
        return jsonText(await client.nextFrame());
      }),
    );
    expect([ends[1], ...(suite.traits.gateway ? [closeMessage(closedWithError)] : [])]).toContain(ends[0]);
  });
}

function sizeCases(suite: SuiteContext): void {
  suite.test("Q132 a message of exactly the limit is accepted", async () => {
    const client = await suite.connect();
    const frame = echoOfSize(maxMessageBytes);
    client.send(frame);
    const answer = await client.nextMessage();
    expect(answer).toMatchObject({ type: 3, invocationId: "1", result: expect.any(String) });
  });

  suite.test("Q132 a message one byte longer closes the connection", async () => {
    const client = await suite.connect();
    client.send(echoOfSize(maxMessageBytes + 1));
    await expectClose(client, closedWithError);
  });

  suite.test("Q133 a message in front of a too long one is answered", async () => {
    const client = await suite.connect();
    const first = jsonFrame('{"type":1,"invocationId":"0","target":"Add","arguments":[1,2]}');
    client.send(Buffer.concat([first, echoOfSize(maxMessageBytes + 1)]));
    expect(jsonText(await client.nextFrame())).toBe('{"type":3,"invocationId":"0","result":3}');
    await expectClose(client, closedWithError);
  });

  if (explainsProtocolErrors(suite.traits)) {
    suite.test("Q134 the detailed hub names the limit", async () => {
      const client = await suite.connect({ hub: hubPaths.detailed });
      client.send(echoOfSize(maxMessageBytes + 1));
      await expectClose(client, `${closedWithError} ${tooLong}`);
    });
  }
}

/** An invocation of `Echo` whose frame has this many bytes, separator included. */
function echoOfSize(bytes: number): Buffer {
  const around = jsonFrame('{"type":1,"invocationId":"1","target":"Echo","arguments":[""]}').length;
  return jsonFrame(`{"type":1,"invocationId":"1","target":"Echo","arguments":["${"x".repeat(bytes - around)}"]}`);
}

function closeMessage(error: string): string {
  return `{"type":7,"error":${JSON.stringify(error)},"allowReconnect":true}`;
}

async function expectClose(client: RawClient, error: string): Promise<void> {
  expect(jsonText(await client.nextFrame())).toBe(closeMessage(error));
  expect(await client.closed).toEqual({ code: 1000, reason: "" });
}
