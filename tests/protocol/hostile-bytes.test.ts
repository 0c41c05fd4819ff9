import type { HubProtocol } from "@signalr-edge/protocol";
import {
  HandshakeSplitter,
  hubProtocols,
  ProtocolError,
  parseNegotiateResponse,
  parseNegotiateVersion,
  readHandshakeRequest,
  readHandshakeResponse,
} from "@signalr-edge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatByte, hubMessage, jsonByte, mutated } from "./arbitraries.ts";
import { framed } from "./messagepack-bytes.ts";

/** Runs the call; whatever it throws has to be a `ProtocolError`. */
function survives<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Calls everything that takes a frame of a peer. */
function exercise(protocol: HubProtocol, frame: Buffer): void {
  const envelope = survives(() => protocol.peek(frame));
  const message = survives(() => protocol.parse(frame));
  if (envelope === undefined) {
    expect(message).toBeUndefined();
    return;
  }
  const ranges = [...envelope.argumentRanges, envelope.argumentsRange, envelope.item, envelope.result];
  for (const range of ranges) {
    if (range === undefined) continue;
    // What peek accepted must not throw any more.
    for (const path of [[], ["a"], [0], [0, "a"], ["", 1]]) {
      protocol.readScalar(frame, range, path);
      protocol.readScalars(frame, range, path);
      protocol.elementRanges(frame, range, path);
    }
  }
}

const protocols = [
  {
    protocol: hubProtocols.json,
    likely: jsonByte,
    wrap: (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from([0x1e])]),
  },
  { protocol: hubProtocols.messagepack, likely: formatByte, wrap: (bytes: Uint8Array) => framed([bytes]) },
];

describe.each(protocols)("$protocol.name", ({ protocol, likely, wrap }) => {
  const likelyBytes = fc.array(likely, { maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const frames = hubMessage.map((message) => protocol.write(message));
  const messages = frames.map((frame) =>
    protocol.name === "json" ? frame.subarray(0, -1) : frame.subarray(frame.length > 129 ? 2 : 1),
  );

  test.each([
    ["random bytes", fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))],
    ["random bytes in a frame", fc.uint8Array({ maxLength: 60 }).map(wrap)],
    ["likely bytes in a frame", likelyBytes.map(wrap)],
    ["mutated frames", mutated(frames, likely)],
    ["mutated messages in a frame", mutated(messages, likely).map(wrap)],
  ])("%s are read or refused, and nothing else happens", (_, inputs) => {
    fc.assert(
      fc.property(inputs, (frame) => exercise(protocol, frame)),
      { numRuns: 4000 },
    );
  });

  test("random streams are cut or refused, and every frame fits the limit", () => {
    const chunks = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), mutated(frames, likely)), { maxLength: 6 });
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 100 }), (pieces, limit) => {
        const splitter = protocol.createSplitter(limit);
        survives(() => {
          for (const piece of pieces) {
            splitter.push(piece, (frame) => expect(frame.length).toBeLessThanOrEqual(limit));
            expect(splitter.bufferedBytes).toBeLessThanOrEqual(Math.max(limit, 4));
          }
        });
      }),
      { numRuns: 4000 },
    );
  });
});

describe("handshake and negotiate", () => {
  const records = ['{"protocol":"json","version":1}\u001e', '{"error":"x"}\u001e', "{}\u001e"].map((record) =>
    Buffer.from(record),
  );
  const recordBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    mutated(fc.constantFrom(...records), jsonByte),
  );

  test("records are read or refused", () => {
    fc.assert(
      fc.property(recordBytes, (record) => {
        const request = survives(() => readHandshakeRequest(record));
        if (request !== undefined) expect(typeof request.protocol).toBe("string");
        const response = survives(() => readHandshakeResponse(record));
        if (response?.error !== undefined) expect(typeof response.error).toBe("string");
      }),
      { numRuns: 5000 },
    );
  });

  test("streams of records are cut or refused", () => {
    fc.assert(
      fc.property(fc.array(recordBytes, { maxLength: 4 }), fc.integer({ min: 1, max: 60 }), (chunks, limit) => {
        const splitter = new HandshakeSplitter(limit);
        survives(() => {
          for (const chunk of chunks) {
            const cut = splitter.push(chunk);
            if (cut === undefined) continue;
            expect(cut.record.length).toBeLessThanOrEqual(limit);
            expect(cut.record.indexOf(0x1e)).toBe(cut.record.length - 1);
            return;
          }
        });
      }),
      { numRuns: 3000 },
    );
  });

  test("negotiate responses and versions are read or refused", () => {
    const response = Buffer.from(
      '{"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":[{"transport":"WebSockets","transferFormats":["Text"]}]}',
    );
    const answers = fc.oneof(
      fc.string({ unit: "binary" }),
      mutated(fc.constant(response), jsonByte).map((bytes) => bytes.toString()),
      fc.json(),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        survives(() => parseNegotiateResponse(answer));
        survives(() => parseNegotiateVersion(answer));
      }),
      { numRuns: 5000 },
    );
  });
});
