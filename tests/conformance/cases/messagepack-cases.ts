import { expect } from "vitest";
import { lengthPrefixed } from "../../support/messagepack-wire.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import type { SuiteClientOptions, SuiteContext } from "../suite-context.ts";
import { explainsProtocolErrors } from "../suite-target.ts";

const closedWithError = "Connection closed with an error.";
const maxMessageBytes = 32_768;
/** `Add(1, 2)` with id "1" behind its type, and the frame of its answer. */
const addItems = "80 a131 a3416464 92 0102";
const addResult = "0795 03 80 a131 03 03";

const accepted = [
  { number: "Q143", what: "of 5 elements", hex: `95 01 ${addItems}` },
  { number: "Q143", what: "of 6 elements", hex: `96 01 ${addItems} 90` },
  { number: "Q154", what: "with a seventh element", hex: `97 01 ${addItems} 90 a178` },
];

/** Q132, Q143-Q146, Q148, Q150, Q153-Q157: MessagePack frames, to the byte. */
export function messagePackCases(suite: SuiteContext): void {
  invocationCases(suite);
  endCases(suite);
  prefixCases(suite);
  errorCases(suite);
}

function invocationCases(suite: SuiteContext): void {
  for (const { number, what, hex } of accepted) {
    suite.test(`${number} an invocation ${what} is accepted`, async () => {
      expect(await answerTo(suite, hex)).toEqual(bytes(addResult));
    });
  }

  suite.test("Q144 a message of the hub has 6 elements: empty headers, no id, no stream ids", async () => {
    const target = `ae ${Buffer.from("ReceiveMessage").toString("hex")}`;
    const expected = lengthPrefixed(bytes(`96 01 80 c0 ${target} 93 01 a178 c0 90`));
    expect(await answerTo(suite, invocation("CallerMessage", "c0"))).toEqual(expected);
  });

  suite.test("Q145 Add returns a completion byte-exactly", async () => {
    expect(await answerTo(suite, `95 01 ${addItems}`)).toEqual(bytes(addResult));
  });
}

function endCases(suite: SuiteContext): void {
  suite.test("Q146 a void method completes with a nil result", async () => {
    expect(await answerTo(suite, invocation("Void"))).toEqual(bytes("07 95 03 80 a131 03 c0"));
  });

  suite.test("Q146 a stream ends with a void completion of 4 elements", async () => {
    const counter = `95 04 80 a131 a7 ${Buffer.from("Counter").toString("hex")} 92 00 00`;
    expect(await answerTo(suite, counter)).toEqual(bytes("06 94 03 80 a131 02"));
  });

  suite.test("Q146 an error is a completion of kind 1", async () => {
    const error = "An unexpected error occurred invoking 'Throw' on the server.";
    const expected = lengthPrefixed(
      bytes(`95 03 80 a131 01 d9 ${error.length.toString(16)} ${Buffer.from(error).toString("hex")}`),
    );
    expect(await answerTo(suite, invocation("Throw"))).toEqual(expected);
  });

  suite.test("Q148 a Close message has 3 elements", async () => {
    const client = await suite.connect({ protocol: "messagepack" });
    client.send(lengthPrefixed(bytes(invocation("AbortMe", "c0"))));
    expect(await client.nextFrame()).toEqual(bytes("04 93 07 c0 c2"));
    expect(await client.closed).toEqual({ code: 1000, reason: "" });
  });
}

function prefixCases(suite: SuiteContext): void {
  for (const { length, prefixBytes } of [
    { length: 100, prefixBytes: 1 },
    { length: 200, prefixBytes: 2 },
    { length: 20_000, prefixBytes: 3 },
  ]) {
    suite.test(`Q150 frames with a length of ${prefixBytes} bytes are read and written`, async () => {
      const client = await suite.connect({ protocol: "messagepack" });
      const text = "x".repeat(length);
      const frame = client.wire.encode({ type: 1, invocationId: "1", target: "Echo", arguments: [text] });
      expect(frame.findIndex((byte) => byte < 0x80)).toBe(prefixBytes - 1);
      client.send(frame);
      const answer = await client.nextFrame();
      expect(client.wire.decode(answer)).toEqual({ type: 3, invocationId: "1", result: text });
      expect(answer.findIndex((byte) => byte < 0x80)).toBe(prefixBytes - 1);
    });
  }

  suite.test("Q132 a message of exactly the limit, its length prefix included, is accepted", async () => {
    const client = await suite.connect({ protocol: "messagepack" });
    client.send(echoOfSize(maxMessageBytes));
    expect(await client.nextMessage()).toMatchObject({ type: 3, result: expect.any(String) });
  });

  suite.test("Q132 a message one byte longer closes the connection", async () => {
    const client = await suite.connect({ protocol: "messagepack" });
    client.send(echoOfSize(maxMessageBytes + 1));
    await expectClose(client, closedWithError);
  });

  suite.test("Q155 a length of 2 GB closes the connection at the limit", async () => {
    const client = await suite.connect({ protocol: "messagepack" });
    client.send(Buffer.concat([bytes("ff ff ff ff 07"), Buffer.alloc(maxMessageBytes)]));
    await expectClose(client, closedWithError);
  });

  suite.test("Q156 a message that is announced as too long is closed before it is there", async () => {
    const client = await suite.connect({ protocol: "messagepack" });
    const frame = echoOfSize(40_000);
    const pieces = Array.from({ length: 33 }, (_, index) => frame.subarray(index * 1_000, (index + 1) * 1_000));
    for (const piece of pieces) client.send(piece);
    await expectClose(client, closedWithError);
  });
}

/** `detail` is what the hub with detailed errors says of it. */
const malformed = [
  {
    number: "Q153",
    what: "nil headers",
    hex: "09 95 01 c0 c0 a3416464 90",
    detail: "InvalidDataException: Reading map length for 'headers' failed.",
  },
  {
    number: "Q157",
    what: "a string instead of an array",
    hex: "02 a1 78",
    detail: "MessagePackSerializationException: Unexpected msgpack code 161 (fixstr) encountered.",
  },
  {
    number: "Q157",
    what: "an invalid byte",
    hex: "01 c1",
    detail: "MessagePackSerializationException: Unexpected msgpack code 193 ((never used)) encountered.",
  },
  {
    number: "Q157",
    what: "a truncated message",
    hex: "05 95 01 80 c0 a3",
    detail: "EndOfStreamException: Attempted to read past the end of the stream.",
  },
  { number: "Q157", what: "an empty message", hex: "00", detail: undefined },
  { number: "Q155", what: "a length of 6 bytes", hex: "ff ff ff ff ff 01 00", detail: undefined },
];

function errorCases(suite: SuiteContext): void {
  for (const { number, what, hex, detail } of malformed) {
    suite.test(`${number} ${what} closes the connection for a reconnect`, async () => {
      const client = await suite.connect({ protocol: "messagepack" });
      client.send(bytes(hex));
      await expectClose(client, closedWithError);
    });

    if (explainsProtocolErrors(suite.traits) && detail !== undefined) {
      suite.test(`${number} ${what} is explained by the detailed hub`, async () => {
        const options: SuiteClientOptions = { protocol: "messagepack", hub: hubPaths.detailed };
        const client = await suite.connect(options);
        client.send(bytes(hex));
        await expectClose(client, `${closedWithError} ${detail}`);
      });
    }
  }
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** An invocation without arguments; the id is MessagePack in hex. */
function invocation(target: string, id = "a131"): string {
  return `95 01 80 ${id} a${target.length.toString(16)} ${Buffer.from(target).toString("hex")} 90`;
}

/** An invocation of `Echo` whose frame has this many bytes, 3 of them for its length. */
function echoOfSize(size: number): Buffer {
  const start = bytes("95 01 80 a131 a4 4563686f 91 da");
  const text = Buffer.alloc(size - 3 - start.length - 2, "x");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return lengthPrefixed(Buffer.concat([start, length, text]));
}

async function answerTo(suite: SuiteContext, hex: string): Promise<Buffer> {
  const client = await suite.connect({ protocol: "messagepack" });
  client.send(lengthPrefixed(bytes(hex)));
  return client.nextFrame();
}

async function expectClose(client: RawClient, error: string): Promise<void> {
  expect(await client.nextMessage()).toEqual({ type: 7, error, allowReconnect: true });
  expect(await client.closed).toEqual({ code: 1000, reason: "" });
}
