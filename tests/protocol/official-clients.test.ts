import type { HubMessage as ClientMessage, IHubProtocol } from "@microsoft/signalr";
import { JsonHubProtocol, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { HubMessage, HubProtocol } from "@signalr-edge/protocol";
import { hubProtocols, ProtocolError } from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatByte, hubMessage, mutated } from "./arbitraries.ts";
import { framed } from "./messagepack-bytes.ts";

/** The parsers and writers of the JavaScript client, as an outside judge. */
interface Pair {
  readonly ours: HubProtocol;
  readonly theirs: IHubProtocol;
}

const pairs: readonly Pair[] = [
  { ours: hubProtocols.json, theirs: new JsonHubProtocol() },
  { ours: hubProtocols.messagepack, theirs: new MessagePackHubProtocol() },
];

function readByClient({ theirs }: Pair, bytes: Buffer): ClientMessage[] {
  const input = theirs.name === "json" ? bytes.toString() : Uint8Array.from(bytes).buffer;
  return theirs.parseMessages(input, NullLogger.instance);
}

function writtenByClient({ theirs }: Pair, message: HubMessage): Buffer {
  // The client's types spell the same members; only `headers` and the like are mutable there.
  const written = theirs.writeMessage(structuredClone(message) as ClientMessage);
  return typeof written === "string" ? Buffer.from(written) : Buffer.from(written);
}

/** What both sides agree on: absent, null and empty members of the envelope mean the same to the client. */
function comparable(value: unknown): unknown {
  const plain = withNumbers(value);
  if (typeof plain !== "object" || plain === null) return plain;
  const kept = Object.entries(plain).filter(([name, member]) => name === "result" || !isEmpty(member));
  return Object.fromEntries(kept.filter(([, member]) => member !== undefined));
}

function isEmpty(member: unknown): boolean {
  if (member === undefined || member === null || member === false) return true;
  return typeof member === "object" && Object.keys(member).length === 0;
}

function withNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNumbers(member)]));
}

/** The client's MessagePack decoder refuses this key on purpose. */
function hasForbiddenKey(message: HubMessage): boolean {
  return JSON.stringify(message).includes('"__proto__"');
}

describe.each(pairs)("$ours.name", (pair) => {
  // Clients read these; stream invocations and cancels only go the other way.
  const toClient = hubMessage
    .filter(({ type }) => type !== 4 && type !== 5)
    .filter((message) => !hasForbiddenKey(message));

  test("the client reads what is written here", () => {
    fc.assert(
      fc.property(fc.array(toClient, { maxLength: 4 }), (messages) => {
        const read = readByClient(pair, Buffer.concat(messages.map((message) => pair.ours.write(message))));
        const withoutStreams = messages.map((message) => ({
          ...message,
          ...(pair.theirs.name === "json" ? {} : { streamIds: [] }),
        }));
        expect(read.map(comparable)).toStrictEqual(withoutStreams.map(comparable));
      }),
      { numRuns: 1000 },
    );
  });

  test("what the client writes is read here", () => {
    // The client writes every result that is falsy in JavaScript as such, and Close without its members.
    const fromClient = hubMessage.filter(({ type }) => type !== 7).filter((message) => !hasForbiddenKey(message));
    fc.assert(
      fc.property(fromClient, (message) => {
        const read = pair.ours.parse(writtenByClient(pair, message));
        expect(comparable(read)).toStrictEqual(comparable(message));
      }),
      { numRuns: 1000 },
    );
  });

  test("the client's own ping and close are read", () => {
    expect(pair.ours.parse(writtenByClient(pair, { type: 6 }))).toEqual({ type: 6 });
    expect(pair.ours.parse(writtenByClient(pair, { type: 7 }))).toEqual({ type: 7 });
  });
});

test("a mutated MessagePack frame that is accepted here does not break the client", () => {
  const messages = hubMessage
    .filter((message) => !hasForbiddenKey(message))
    .map((message) => hubProtocols.messagepack.write(message))
    .map((frame) => frame.subarray(frame.length > 129 ? 2 : 1));
  const pair = { ours: hubProtocols.messagepack, theirs: new MessagePackHubProtocol() };
  // Values that MessagePack allows and the client's decoder has no form for.
  const beyondTheClient = /key must be string or number|timestamp|key __proto__/;
  let accepted = 0;
  fc.assert(
    fc.property(mutated(messages, formatByte), (message) => {
      const frame = framed([message]);
      try {
        hubProtocols.messagepack.peek(frame);
      } catch (error) {
        if (error instanceof ProtocolError) return;
        throw error;
      }
      accepted += 1;
      try {
        readByClient(pair, frame);
      } catch (error) {
        expect(String(error)).toMatch(beyondTheClient);
      }
    }),
    { numRuns: 10_000 },
  );
  expect(accepted).toBeGreaterThan(200);
});
