import { expect } from "vitest";
import { jsonFrame, jsonText } from "../../support/json-wire.ts";
import { hubPaths } from "../../support/origin.ts";
import type { RawClient } from "../../support/raw-client.ts";
import type { SuiteContext } from "../suite-context.ts";

const addResult = '{"type":3,"invocationId":"1","result":3}';

/** Q118-Q127, Q135, Q137, Q140-Q142: JSON frames that are fine, to the byte. */
export function jsonCases(suite: SuiteContext): void {
  suite.test("Q118 Add returns a completion byte-exactly", async () => {
    expect(await answerTo(suite, '{"type":1,"invocationId":"1","target":"Add","arguments":[1,2]}')).toBe(addResult);
  });

  spellingCases(suite);

  suite.test("Q121 a void method completes with a null result", async () => {
    const invocation = '{"type":1,"invocationId":"1","target":"Void","arguments":[]}';
    expect(await answerTo(suite, invocation)).toBe('{"type":3,"invocationId":"1","result":null}');
  });

  suite.test("Q122 a null result is written", async () => {
    const invocation = '{"type":1,"invocationId":"1","target":"Null","arguments":[]}';
    expect(await answerTo(suite, invocation)).toBe('{"type":3,"invocationId":"1","result":null}');
  });

  for (const id of ["", '"invocationId":"",']) {
    suite.test(
      `Q123 an invocation ${id === "" ? "without" : "with an empty"} id has its effect and no reply`,
      async () => {
        const client = await suite.connect();
        client.sendText(`{"type":1,${id}"target":"CallerMessage","arguments":[]}\u001e`);
        client.sendText(`{"type":1,${id}"target":"Throw","arguments":[]}\u001e`);
        client.sendText(`{"type":1,${id}"target":"Nope","arguments":[]}\u001e`);
        client.sendText('{"type":1,"invocationId":"1","target":"Add","arguments":[1,2]}\u001e');
        await client.completionOf("1");
        expect(client.frames.map(jsonText)).toEqual([
          '{"type":1,"target":"ReceiveMessage","arguments":[1,"x",null]}',
          addResult,
        ]);
      },
    );
  }

  suite.test("Q125 a message of the hub has type, target and arguments only", async () => {
    const client = await suite.connect();
    client.sendText('{"type":1,"target":"CallerMessage","arguments":[]}\u001e');
    expect(jsonText(await client.nextFrame())).toBe('{"type":1,"target":"ReceiveMessage","arguments":[1,"x",null]}');
  });

  valueCases(suite);
  capacityCases(suite);
}

const spellings = [
  { number: "Q119", json: '{"arguments":[1,2],"invocationId":"1","target":"Add","type":1}' },
  { number: "Q119", json: '{"target":"Add","invocationId":"1","arguments":[1,2],"type":1}' },
  { number: "Q119", json: '{"arguments":[1,2],"type":1,"target":"Add","invocationId":"1"}' },
  {
    number: "Q119",
    json: '{"x":{"type":6},"type":1,"y":[[]],"invocationId":"1","target":"Add","arguments":[1,2],"z":null}',
  },
  { number: "Q119", json: ' {"type" : 1 ,\t"invocationId":"1",\n"target":"Add", "arguments":[ 1 , 2 ] } ' },
  { number: "Q119", json: '{"t\\u0079pe":1,"invocationId":"\\u0031","target":"\\u0041dd","arguments":[1,2]}' },
  {
    number: "Q120",
    json: '{"type":1,"headers":{},"invocationId":"1","target":"Add","arguments":[1,2],"streamIds":[]}',
  },
  { number: "Q120", json: '{"type":1,"headers":{"a":"b"},"invocationId":"1","target":"Add","arguments":[1,2]}' },
];

function spellingCases(suite: SuiteContext): void {
  for (const { number, json } of spellings) {
    suite.test(`${number} ${JSON.stringify(json)} is the same invocation`, async () => {
      expect(await answerTo(suite, json)).toBe(addResult);
    });
  }
}

const values = [
  "9007199254740993",
  "1.0",
  "1e21",
  "1e400",
  "-0",
  '"\\u0000é😀</script>"',
  '"\\u00e9\\ud83d\\ude00\\/"',
  `${"[".repeat(60)}${"]".repeat(60)}`,
  '{"2":0,"1":0}',
  '{"b":1,"a":2,"a":3}',
  '{ "white" : [ 1 ,\t2 ] }',
  "null",
];

function valueCases(suite: SuiteContext): void {
  for (const value of values) {
    suite.test(`Q126 ${value} comes back with the same bytes`, async () => {
      const client = await suite.connect();
      client.sendText(`{"type":1,"invocationId":"1","target":"EchoRaw","arguments":[${value}]}\u001e`);
      expect(jsonText(await client.nextFrame())).toBe(`{"type":3,"invocationId":"1","result":${value}}`);
    });

    suite.test(`Q126 ${value} is understood and written as the origin does`, async () => {
      await expectAnswerOfOrigin(suite, `{"type":1,"invocationId":"1","target":"Echo","arguments":[${value}]}`);
    });
  }

  suite.test("Q127 an object has the origin's names and kinds of values", async () => {
    const person =
      '{"firstName":"Zoë","color":2,"born":"1999-12-31T23:59:58.1234567Z","photo":"AAECf4D/","number":9007199254740993}';
    const answer = `{"type":3,"invocationId":"1","result":${person}}`;
    expect(await answerTo(suite, '{"type":1,"invocationId":"1","target":"GetItem","arguments":[]}')).toBe(answer);
    expect(await answerTo(suite, `{"type":1,"invocationId":"1","target":"Item","arguments":[${person}]}`)).toBe(answer);
  });

  suite.test("Q127 every kind of value is written as the origin does", async () => {
    await expectAnswerOfOrigin(suite, '{"type":1,"invocationId":"1","target":"Types","arguments":[]}');
  });
}

const unanswered = [
  { number: "Q137", what: "a ping", json: '{"type":6}' },
  { number: "Q142", what: "a completion for an unknown id", json: '{"type":3,"invocationId":"s99","result":1}' },
  { number: "Q142", what: "a stream item for an unknown id", json: '{"type":2,"invocationId":"99","item":1}' },
  { number: "Q142", what: "a cancellation of an unknown id", json: '{"type":5,"invocationId":"99"}' },
];

function capacityCases(suite: SuiteContext): void {
  suite.test("Q135 a result of 5 MB is delivered", async () => {
    const client = await suite.connect();
    client.sendText('{"type":1,"invocationId":"1","target":"Big","arguments":[5000000]}\u001e');
    const text = `{"type":3,"invocationId":"1","result":"${"x".repeat(5_000_000)}"}`;
    expect((await client.nextFrame(15_000)).equals(jsonFrame(text))).toBe(true);
  });

  for (const { number, what, json } of unanswered) {
    suite.test(`${number} ${what} is not answered and the connection lives`, async () => {
      const client = await suite.connect();
      client.sendText(`${json}\u001e`);
      client.sendText('{"type":1,"invocationId":"1","target":"Add","arguments":[1,2]}\u001e');
      expect(jsonText(await client.nextFrame())).toBe(addResult);
    });
  }

  suite.test("Q140 1,000 invocations at once are each answered once and in order", async () => {
    const client = await suite.connect();
    for (let id = 0; id < 1_000; id++) {
      client.sendText(`{"type":1,"invocationId":"${id}","target":"Add","arguments":[${id},1]}\u001e`);
    }
    await client.completionOf("999", 15_000);
    const expected = Array.from({ length: 1_000 }, (_, id) => `{"type":3,"invocationId":"${id}","result":${id + 1}}`);
    expect(client.frames.map(jsonText)).toEqual(expected);
  });

  suite.test("Q141 no frame has a null or unknown optional member", async () => {
    const client = await suite.connect({ query: "greet=1" });
    await produceEveryMessage(client);
    for (const frame of client.frames) expect(jsonText(frame)).toMatch(canonicalFrame);
  });
}

/** The members that a server's frames of types 1, 2, 3 and 7 may have, in their order. */
const canonicalFrame =
  /^\{"type":(1,("invocationId":"s[0-9]+",)?"target":"\w+","arguments":\[.*\]|2,"invocationId":"\w+","item":.+|3,"invocationId":"\w+"(,"result":.+|,"error":".+")?|7(,"error":".+")?(,"allowReconnect":true)?)\}$/;

async function produceEveryMessage(client: RawClient): Promise<void> {
  client.sendMessages(
    { type: 1, invocationId: "a", target: "CallerMessage", arguments: [] },
    { type: 1, invocationId: "b", target: "Throw", arguments: [] },
    { type: 4, invocationId: "c", target: "Counter", arguments: [2, 0] },
    { type: 1, invocationId: "d", target: "AskClient", arguments: ["?"] },
  );
  const question = await client.waitFor((frame) => jsonText(frame).includes('"Question"'));
  const asked = client.wire.decode(question);
  if (asked.type !== 1 || asked.invocationId === undefined) throw new Error("the question needs an id");
  client.sendMessages({ type: 3, invocationId: asked.invocationId, result: "!" });
  await client.completionOf("d");
  client.sendMessages({ type: 1, target: "AbortMe", arguments: [] });
  await client.closed;
}

async function answerTo(suite: SuiteContext, json: string): Promise<string> {
  const client = await suite.connect();
  client.sendText(`${json}\u001e`);
  return jsonText(await client.nextFrame());
}

async function expectAnswerOfOrigin(suite: SuiteContext, json: string): Promise<void> {
  const answer = await answerTo(suite, json);
  const direct = await suite.connectToOrigin({ hub: hubPaths.contract });
  direct.sendText(`${json}\u001e`);
  expect(answer).toBe(jsonText(await direct.nextFrame()));
}
