import { expect } from "vitest";
import { askHub, type HubAnswer } from "../../support/ask-hub.ts";
import { jsonFrame } from "../../support/json-wire.ts";
import type { RawPollingClient } from "../../support/raw-polling-client.ts";
import { splitFrames } from "../../support/split-frames.ts";
import { addFrame, expectAlive } from "../invoke.ts";
import type { SuiteContext } from "../suite-context.ts";

const handshake = '{"protocol":"json","version":1}\u001e';
const noConnection = "No Connection with that ID";
const soonMs = 1_000;

/** Q078, Q079, Q081-Q085, Q087, Q089, Q096, Q098, Q099, Q101, Q248: polls, each by hand. */
export function pollingCases(suite: SuiteContext): void {
  answerCases(suite);
  answerDetailCases(suite);
  takeOverCases(suite);
  endCases(suite);
  raceCases(suite);
}

function answerCases(suite: SuiteContext): void {
  suite.test("Q078 the first poll is answered at once, with nothing", async () => {
    const client = await suite.connectPolling({ polls: false });
    const startedAt = performance.now();
    const answer = await client.poll();
    expect(performance.now() - startedAt).toBeLessThan(soonMs);
    expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-length": "0" } });
  });

  suite.test("Q079 the poll behind the handshake brings its answer", async () => {
    const client = await suite.connectPolling({ polls: false });
    await client.poll();
    expect(await client.post(handshake)).toMatchObject({ status: 200, text: "" });
    expect(await client.poll()).toMatchObject({ status: 200, text: "{}\u001e" });
  });

  suite.test("Q081 polls bring what is pending in order, each message once", async () => {
    const client = await open(suite);
    const ids = Array.from({ length: 50 }, (_, index) => String(index));
    for (const id of ids) await client.post(addFrame(client, id));
    const bodies: Buffer[] = [];
    const expected = ids.map((id) => `{"type":3,"invocationId":"${id}","result":3}\u001e`).join("");
    while (Buffer.concat(bodies).length < expected.length) bodies.push((await client.poll()).body);
    expect(Buffer.concat(bodies).toString()).toBe(expected);
    // Whole messages in every body: the raw client would have refused anything else.
    expect(client.frames).toHaveLength(50);
  });

  suite.test("Q082 a poll with data pending is answered at once, with its length", async () => {
    const client = await open(suite);
    const connectionId = String(client.connectionId);
    await client.post(addFrame(client, "1"));
    if (!suite.traits.groups) {
      await suite.target.origin.control.waitFor({ kind: "returned", name: "Add", connectionId });
    }
    const startedAt = performance.now();
    const answer = await client.poll();
    expect(performance.now() - startedAt).toBeLessThan(soonMs);
    const text = '{"type":3,"invocationId":"1","result":3}\u001e';
    const headers = { "content-type": "application/octet-stream", "content-length": String(text.length) };
    expect(answer).toMatchObject({ status: 200, text, headers });
  });
}

function answerDetailCases(suite: SuiteContext): void {
  suite.test("Q087 no answer to a poll may be kept by a cache", async () => {
    const client = await suite.connectPolling({ polls: false });
    const answers = [await client.poll()];
    await client.post(handshake);
    answers.push(await client.poll());
    await client.post('{"type":7}\u001e');
    answers.push(await client.poll(), await client.poll());
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 204]);
    for (const { headers } of answers) {
      expect(headers["cache-control"]).toMatch(/no-store/);
      expect(headers.pragma).toBe("no-cache");
      expect(new Date(String(headers.expires)).getTime()).toBeLessThan(Date.now());
    }
  });

  suite.test("Q089 MessagePack is polled and posted byte for byte", async () => {
    const client = await suite.connectPolling({ polls: false, protocol: "messagepack" });
    await client.poll();
    await client.post('{"protocol":"messagepack","version":1}\u001e');
    expect(await client.poll()).toMatchObject({ text: "{}\u001e" });
    const add = Buffer.from("0c950180a131a3416464920102", "hex");
    expect(await client.post(add, { "content-type": "application/octet-stream" })).toMatchObject({ status: 200 });
    const answer = await client.poll();
    expect(answer.headers["content-type"]).toBe("application/octet-stream");
    expect(answer.body.toString("hex")).toBe("07950380a1310303");
  });

  suite.test("Q099 a time stamp in the query of a poll is ignored", async () => {
    const client = await open(suite);
    const url = new URL(client.url);
    url.searchParams.set("_", "1700000000000");
    await client.post(addFrame(client, "1"));
    expect(await askHub(url)).toMatchObject({ status: 200, text: expect.stringContaining('"invocationId":"1"') });
  });
}

function takeOverCases(suite: SuiteContext): void {
  suite.test("Q083 a poll takes over from an older one and the connection lives on", async () => {
    const client = await open(suite);
    const { displaced, waiting } = await pollTwice(client);
    expect(displaced.text).toBe("");
    await client.post(addFrame(client, "1"));
    expect(await waiting).toMatchObject({ status: 200, text: expect.stringContaining('"invocationId":"1"') });
    await client.post(addFrame(client, "2"));
    expect(await client.poll()).toMatchObject({ status: 200, text: expect.stringContaining('"invocationId":"2"') });
  });

  suite.test("Q098 what comes after a poll broke off is brought by the next one", async () => {
    const client = await open(suite);
    for (const id of ["1", "2", "3", "4", "5"]) {
      const aborter = new AbortController();
      const broken = client.poll(aborter.signal);
      aborter.abort();
      await expect(broken).rejects.toThrow();
      const next = pollAgain(client);
      await client.post(addFrame(client, id));
      expect(await next).toMatchObject({ status: 200, text: `{"type":3,"invocationId":"${id}","result":3}\u001e` });
    }
  });
}

function endCases(suite: SuiteContext): void {
  suite.test("Q084 an end by the server is pending bytes, then 204, then an unknown id", async () => {
    const client = await open(suite);
    await client.post(
      '{"type":1,"target":"CallerMessage","arguments":[]}\u001e{"type":1,"target":"AbortMe","arguments":[]}\u001e',
    );
    const bodies: string[] = [];
    let answer = await client.poll();
    for (; answer.status === 200; answer = await client.poll()) bodies.push(answer.text);
    expect(bodies.join("")).toBe('{"type":1,"target":"ReceiveMessage","arguments":[1,"x",null]}\u001e{"type":7}\u001e');
    expect(answer).toMatchObject({ status: 204, text: "" });
    await expectUnknown(client);
  });

  suite.test("Q085 DELETE ends the connection and the poll that waits, gracefully", async () => {
    const client = await open(suite);
    await client.post('{"type":1,"invocationId":"1","target":"WhoAmI","arguments":[]}\u001e');
    const { result: connectionId } = JSON.parse((await client.poll()).text.slice(0, -1));
    const { waiting } = await pollTwice(client);
    expect(await client.delete()).toMatchObject({ status: 202, text: "" });
    // In the origin it is a race: the poll ends, or brings the last message.
    const { status, text } = await waiting;
    expect([`204 `, `200 {"type":7,"allowReconnect":true}\u001e`]).toContain(`${status} ${text}`);
    const { control } = suite.target.origin;
    expect(await control.waitFor({ kind: "disconnected", connectionId })).toMatchObject({ error: null });
  });

  suite.test("Q096 a POST behind the DELETE is refused", async () => {
    const client = await suite.connectPolling();
    await client.close();
    const { status, text } = await client.post('{"type":7}\u001e');
    expect(status).toBe(404);
    expect(["", noConnection]).toContain(text);
  });

  suite.test("Q101 the TypeScript client stops without an error", async () => {
    const connection = await suite.startRealClient({ transport: "LongPolling", protocol: "json" });
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await connection.stop();
    expect(await closed).toBeUndefined();
  });
}

function raceCases(suite: SuiteContext): void {
  suite.test(
    "Q248 polls and DELETE at the same time have no other outcome than one of theirs",
    async () => {
      const statuses = new Set<number>();
      const race = async (): Promise<void> => {
        const client = await suite.connectPolling({ polls: false, onFinished: () => undefined });
        await client.poll();
        const answers = await Promise.all([client.poll(), client.delete()]);
        for (const { status } of answers) statuses.add(status);
      };
      for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 10 }, race));
      expect([...statuses].filter((status) => ![200, 202, 204, 404].includes(status))).toEqual([]);
      await expectAlive(await suite.connectPolling());
    },
    60_000,
  );
}

/** A client behind its handshake that polls only when the test does. */
async function open(suite: SuiteContext): Promise<RawPollingClient> {
  const client = await suite.connectPolling({ polls: false });
  await client.poll();
  await client.post(handshake);
  const { body } = await client.poll();
  if (!body.equals(jsonFrame("{}"))) throw new Error(`the handshake was answered with ${splitFrames("json", body)}`);
  return client;
}

/**
 * Two polls at once. Which of them gets there first is up to the network; by the end of one the other is waiting. It ends
 * with 204, or with 409 if the origin was about to let the other one in.
 */
async function pollTwice(client: RawPollingClient): Promise<{ displaced: HubAnswer; waiting: Promise<HubAnswer> }> {
  const polls = [client.poll(), client.poll()];
  const [index, displaced] = await Promise.race(polls.map(async (poll, number) => [number, await poll] as const));
  const waiting = polls[1 - index];
  if (waiting === undefined) throw new Error("there are two polls");
  expect([204, 409]).toContain(displaced.status);
  return { displaced, waiting };
}

/** A poll, repeated if the one before it is still being let in. */
async function pollAgain(client: RawPollingClient): Promise<HubAnswer> {
  let answer = await client.poll();
  while (answer.status === 409) answer = await client.poll();
  return answer;
}

async function expectUnknown(client: RawPollingClient): Promise<void> {
  const deadline = performance.now() + 2_000;
  let answer: HubAnswer = await client.poll();
  while (answer.status !== 404 && performance.now() < deadline) answer = await client.poll();
  expect(answer).toMatchObject({ status: 404, text: noConnection });
}
