import { expect } from "vitest";
import { jsonText } from "../../support/json-wire.ts";
import { negotiate } from "../../support/negotiate.ts";
import { hubPaths } from "../../support/origin.ts";
import type { PostingConnection } from "../../support/posting-connection.ts";
import { addFrame } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

const postingTransports = ["ServerSentEvents", "LongPolling"] as const;
type PostingTransport = (typeof postingTransports)[number];

const contentTypes = [
  undefined,
  "text/plain",
  "text/plain;charset=UTF-8",
  "application/octet-stream",
  "application/json",
  "application/x-www-form-urlencoded",
];

/** Q090-Q095, Q097: what clients of either transport post. */
export function postingCases(suite: SuiteContext): void {
  for (const transport of postingTransports) {
    describePosting(suite, transport);
    streamCases(suite, transport);
  }
}

function describePosting(suite: SuiteContext, transport: PostingTransport): void {
  for (const contentType of contentTypes) {
    suite.test(`Q090 a POST ${contentType ?? "without a Content-Type"} is taken as it is (${transport})`, async () => {
      const client = await connect(suite, transport);
      const value = '{"é":"\\u00e9😀+%20&=","n":1.0}';
      const frame = `{"type":1,"invocationId":"1","target":"EchoRaw","arguments":[${value}]}\u001e`;
      const answer = await client.post(frame, contentType === undefined ? {} : { "content-type": contentType });
      expect(answer).toMatchObject({ status: 200, text: "" });
      expect(jsonText(await client.nextFrame())).toBe(`{"type":3,"invocationId":"1","result":${value}}`);
    });
  }

  suite.test(`Q091 five messages in one POST are processed in order (${transport})`, async () => {
    const client = await connect(suite, transport);
    const ids = ["1", "2", "3", "4", "5"];
    await client.post(Buffer.concat(ids.map((id) => addFrame(client, id))));
    expect(await client.nextMessages(5)).toEqual(ids.map((invocationId) => ({ type: 3, invocationId, result: 3 })));
  });

  suite.test(`Q094 the answer to a POST is empty (${transport})`, async () => {
    const client = await connect(suite, transport);
    const answer = await client.post(addFrame(client, "1"));
    expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-length": "0" } });
  });

  suite.test(`Q095 what is posted before the transport is there is processed when it is (${transport})`, async () => {
    const { connectionToken = "" } = await negotiate(suite.hubUrl());
    const url = suite.hubUrl(hubPaths.contract, `id=${connectionToken}`);
    const early =
      '{"protocol":"json","version":1}\u001e{"type":1,"invocationId":"1","target":"Add","arguments":[1,2]}\u001e';
    const posted = await fetch(url, { method: "POST", body: early });
    expect({ status: posted.status, text: await posted.text() }).toEqual({ status: 200, text: "" });
    const options = { connectionToken, handshake: false };
    const connecting = transport === "LongPolling" ? suite.connectPolling(options) : suite.connectEventStream(options);
    const client = await connecting;
    expect(jsonText(await client.handshakeResponse())).toBe("{}");
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });
}

function streamCases(suite: SuiteContext, transport: PostingTransport): void {
  suite.test(`Q092 a message cut anywhere into two POSTs is processed once (${transport})`, async () => {
    const client = await connect(suite, transport);
    const frame = client.wire.encode({ type: 1, invocationId: "1", target: "Echo", arguments: ["é😀"] });
    for (let length = 1; length < frame.length; length++) {
      client.send(frame.subarray(0, length));
      client.send(frame.subarray(length));
      expect(await client.nextMessage()).toMatchObject({ result: "é😀" });
    }
    expect(client.frames).toHaveLength(frame.length - 1);
  });

  suite.test(`Q093 POSTs at the same time are taken one after the other, whole (${transport})`, async () => {
    const client = await connect(suite, transport);
    const bodies = ["a", "b", "c", "d"].map((letter) => ({
      ids: Array.from({ length: 20 }, (_, index) => `${letter}${index}`),
      text: letter.repeat(3_000),
    }));
    const answers = await Promise.all(
      bodies.map(({ ids, text }) => {
        const messages = ids.map(
          (invocationId) => ({ type: 1, invocationId, target: "Echo", arguments: [text] }) as const,
        );
        return client.post(Buffer.concat(messages.map((message) => client.wire.encode(message))));
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const results = await client.nextMessages(80);
    for (const { ids, text } of bodies) {
      const own = results.filter((message) => message.type === 3 && ids.includes(message.invocationId));
      expect(own).toEqual(ids.map((invocationId) => ({ type: 3, invocationId, result: text })));
    }
  });

  suite.test(`Q097 a POST in chunks is accepted (${transport})`, async () => {
    const client = await connect(suite, transport);
    expect(await client.post(chunksOf(addFrame(client, "1"), 7))).toMatchObject({ status: 200, text: "" });
    expect(await client.nextMessage()).toEqual({ type: 3, invocationId: "1", result: 3 });
  });
}

function connect(suite: SuiteContext, transport: PostingTransport): Promise<PostingConnection> {
  return transport === "LongPolling" ? suite.connectPolling() : suite.connectEventStream();
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
