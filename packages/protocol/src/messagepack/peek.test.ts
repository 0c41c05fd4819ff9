import { describe, expect, test } from "vitest";
import { hex, packed, refusal } from "../frames.testing.ts";
import { defaultPeekLimits } from "../hub-protocol.ts";
import { lengthPrefixBytes, writeLengthPrefix } from "./length-prefix.ts";
import { peekMessagePack } from "./peek.ts";

function slices(frame: Buffer, ranges: readonly { start: number; end: number }[]): string[] {
  return ranges.map(({ start, end }) => frame.toString("hex", start, end));
}

/** A frame of any length from the bytes behind its prefix. */
function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(lengthPrefixBytes(message.length));
  writeLengthPrefix(prefix, 0, message.length);
  return Buffer.concat([prefix, message]);
}

describe("envelopes of each type", () => {
  test("a blocking invocation of six elements", () => {
    const frame = packed("96 01 80 a1 31 a4 53 65 6e 64 93 2a 81 a1 61 90 c0 92 a2 73 31 a2 73 32");
    const envelope = peekMessagePack(frame);
    expect(envelope).toMatchObject({ type: 1, target: "Send", invocationId: "1", streamIds: ["s1", "s2"] });
    expect(slices(frame, envelope.argumentRanges)).toEqual(["2a", "81a16190", "c0"]);
    expect(slices(frame, envelope.argumentsRange ? [envelope.argumentsRange] : [])).toEqual(["932a81a16190c0"]);
  });

  test("a non-blocking invocation, of six elements and of five", () => {
    for (const text of ["0e 96 01 80 c0 a6 54 61 72 67 65 74 91 2a 90", "0d 95 01 80 c0 a6 54 61 72 67 65 74 91 2a"]) {
      const frame = hex(text);
      const envelope = peekMessagePack(frame);
      expect(envelope).toMatchObject({ type: 1, target: "Target", invocationId: undefined, streamIds: [] });
      expect(slices(frame, envelope.argumentRanges)).toEqual(["2a"]);
    }
  });

  test("an empty id of an invocation is none", () => {
    expect(peekMessagePack(packed("96 01 80 a0 a1 6d 90 90")).invocationId).toBeUndefined();
  });

  test("a stream invocation and a stream item", () => {
    expect(peekMessagePack(packed("95 04 80 a1 37 a1 6d 91 01"))).toMatchObject({
      type: 4,
      target: "m",
      invocationId: "7",
    });
    const frame = packed("94 02 80 a1 31 92 01 02");
    const { item } = peekMessagePack(frame);
    expect(slices(frame, item ? [item] : [])).toEqual(["920102"]);
  });

  test("completions of the three kinds", () => {
    expect(peekMessagePack(hex("08 94 03 80 a3 78 79 7a 02"))).toMatchObject({
      type: 3,
      invocationId: "xyz",
      error: undefined,
      result: undefined,
    });
    const withNil = hex("09 95 03 80 a3 78 79 7a 03 c0");
    const { result } = peekMessagePack(withNil);
    expect(slices(withNil, result ? [result] : [])).toEqual(["c0"]);
    expect(peekMessagePack(hex("0a 95 03 80 a3 78 79 7a 01 a1 65"))).toMatchObject({ error: "e", result: undefined });
    expect(peekMessagePack(packed("95 03 80 a1 31 01 c0")).error).toBeUndefined();
  });

  test("cancel, ping, close, ack and sequence", () => {
    expect(peekMessagePack(hex("07 93 05 80 a3 78 79 7a"))).toMatchObject({ type: 5, invocationId: "xyz" });
    expect(peekMessagePack(hex("02 91 06"))).toMatchObject({ type: 6, invocationId: undefined });
    expect(peekMessagePack(hex("03 92 07 c0"))).toMatchObject({ type: 7, error: undefined, allowReconnect: false });
    expect(peekMessagePack(hex("04 93 07 c0 c2"))).toMatchObject({ error: undefined, allowReconnect: false });
    expect(peekMessagePack(hex("04 93 07 c0 c3"))).toMatchObject({ error: undefined, allowReconnect: true });
    expect(peekMessagePack(hex("05 93 07 a1 78 c2"))).toMatchObject({ error: "x", allowReconnect: false });
    expect(peekMessagePack(hex("03 92 08 05"))).toMatchObject({ type: 8, sequenceId: 5 });
    expect(peekMessagePack(packed("92 09 cf 00 1f ff ff ff ff ff ff")).sequenceId).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each(["0a", "00", "ff", "cd 03 e8", "d2 80 00 00 00"])(
    "unknown type %s yields its number and nothing else",
    (type) => {
      const envelope = peekMessagePack(packed(`93 ${type} 80 a1 31`));
      expect([10, 0, -1, 1000, -2147483648]).toContain(envelope.type);
      expect(envelope).toMatchObject({ target: undefined, invocationId: undefined, argumentRanges: [] });
    },
  );
});

describe("what the origin accepts besides its own encoding", () => {
  test.each([
    "06",
    "cc 06",
    "cd 00 06",
    "ce 00 00 00 06",
    "cf 00 00 00 00 00 00 00 06",
    "d0 06",
    "d1 00 06",
    "d2 00 00 00 06",
    "d3 00 00 00 00 00 00 00 06",
  ])("the type as %s", (type) => {
    expect(peekMessagePack(packed(`91 ${type}`)).type).toBe(6);
  });

  test("the message array with a 16-bit or 32-bit header", () => {
    expect(peekMessagePack(packed("dc 00 01 06")).type).toBe(6);
    expect(peekMessagePack(packed("dd 00 00 00 01 06")).type).toBe(6);
  });

  test("strings, maps and arrays of the envelope in wider formats", () => {
    const frame = packed(
      "96 01 de 00 01 d9 01 61 da 00 01 62 db 00 00 00 01 31 d9 01 6d dc 00 01 2a dd 00 00 00 01 a1 73",
    );
    expect(peekMessagePack(frame)).toMatchObject({ target: "m", invocationId: "1", streamIds: ["s"] });
  });

  test("elements beyond those it knows", () => {
    expect(peekMessagePack(packed("93 06 01 92 02 03")).type).toBe(6);
    expect(peekMessagePack(packed("97 01 80 c0 a1 6d 90 90 81 a1 61 01")).target).toBe("m");
    expect(peekMessagePack(packed("95 03 80 a1 31 02 c0")).result).toBeUndefined();
  });
});

describe("what the origin refuses, in its words", () => {
  test.each([
    ["96 01 c0 c0 a1 6d 90 90", "Reading map length for 'headers' failed."],
    ["96 01 90 c0 a1 6d 90 90", "Reading map length for 'headers' failed."],
    ["96 01 81 01 a1 61 c0 a1 6d 90", "Reading 'headers[0].Key' as String failed."],
    ["96 01 81 a1 61 01 c0 a1 6d 90 90", "Reading 'headers[0].Value' as String failed."],
    ["96 01 81 a0 a1 61 c0 a1 6d 90 90", "Null or empty key in header."],
    ["96 01 81 a1 61 c0 c0 a1 6d 90 90", "Null or empty value in header."],
    ["96 01 80 01 a1 6d 90 90", "Reading 'invocationId' as String failed."],
    ["96 01 80 c0 c0 90 90", "Null or empty target for Invocation message."],
    ["96 01 80 c0 a0 90 90", "Null or empty target for Invocation message."],
    ["96 01 80 c0 05 90 90", "Reading 'target' as String failed."],
    ["96 01 80 c0 a1 6d c0 90", "Reading array length for 'arguments' failed."],
    ["96 01 80 c0 a1 6d 90 c0", "Reading array length for 'streamIds' failed."],
    ["96 01 80 c0 a1 6d 90 91 c0", "Null or empty value in streamIds received."],
    ["96 04 80 c0 a1 6d 90 90", "Null or empty invocation ID for StreamInvocation message."],
    ["94 02 80 a0 01", "Null or empty invocation ID for StreamItem message."],
    ["94 03 80 c0 02", "Null or empty invocation ID for Completion message."],
    ["93 05 80 c0", "Null or empty invocation ID for CancelInvocation message."],
    ["95 03 80 a1 31 04 01", "Invalid invocation result kind."],
    ["95 03 80 a1 31 a1 33 01", "Reading 'resultKind' as Int32 failed."],
    ["95 03 80 a1 31 01 05", "Reading 'error' as String failed."],
    ["93 07 05 c2", "Reading 'error' as String failed."],
    ["93 07 c0 c0", "Reading 'allowReconnect' as Boolean failed."],
    ["92 08 a1 31", "Reading 'sequenceId' as Int64 failed."],
    ["92 c0 80", "Reading 'messageType' as Int32 failed."],
    ["91 cb 40 18 00 00 00 00 00 00", "Reading 'messageType' as Int32 failed."],
    ["91 ce 80 00 00 00", "Reading 'messageType' as Int32 failed."],
  ])("%s", (text, message) => {
    expect(refusal(() => peekMessagePack(packed(text)))).toMatchObject({ code: "malformed", message });
  });
});

describe("shape", () => {
  test.each([
    ["", "nothing at all"],
    ["90", "no element"],
    ["06", "no array"],
    ["c1", "the unused format"],
    ["81 01 02", "a map"],
    ["95 01 80 c0 a1 6d", "an invocation of four elements that says five"],
    ["94 01 80 c0 a1 6d 90", "an invocation that says four"],
    ["93 02 80 a1 31", "a stream item without item"],
    ["94 03 80 a1 31 03 01", "a completion of kind 3 that says four elements"],
    ["94 03 80 a1 31 01", "a completion of kind 1 without error"],
    ["91 07", "a close of one element"],
    ["91 08", "an ack without number"],
    ["91 06 06", "a byte behind the array"],
    ["92 06", "an element less than promised"],
  ])("%s is refused: %s", (text) => {
    expect(refusal(() => peekMessagePack(packed(text))).code).toBe("malformed");
  });

  test("a length prefix that does not match is refused", () => {
    for (const text of ["", "01 91 06", "03 91 06", "80", "02 91", "82 80 80 80 80 00 91 06"]) {
      expect(refusal(() => peekMessagePack(hex(text))).code).toBe("malformed");
    }
  });

  test("a message cut short is refused at any length", () => {
    const message = hex("97 01 81 a1 61 a1 62 a1 31 a1 6d 93 2a 81 a1 61 90 c7 02 05 01 02 91 a1 73 c0");
    for (let length = 0; length < message.length; length += 1) {
      expect(refusal(() => peekMessagePack(framed(message.subarray(0, length)))).code).toBe("malformed");
    }
    expect(peekMessagePack(framed(message)).streamIds).toEqual(["s"]);
  });
});

/** Every format with content of its smallest interesting size. */
const everyFormat = [
  "00",
  "7f",
  "80",
  "8f 00 00 01 01 02 02 03 03 04 04 05 05 06 06 07 07 08 08 09 09 0a 0a 0b 0b 0c 0c 0d 0d 0e 0e",
  "90",
  "92 01 90",
  "a0",
  "a2 c3 a9",
  "c0",
  "c2",
  "c3",
  "c4 00",
  "c4 02 ff fe",
  "c5 00 01 80",
  "c6 00 00 00 01 80",
  "c7 00 05",
  "c7 03 ff 01 02 03",
  "c8 00 01 05 00",
  "c9 00 00 00 01 80 00",
  "ca 3f 80 00 00",
  "cb 7f f8 00 00 00 00 00 00",
  "cc ff",
  "cd ff ff",
  "ce ff ff ff ff",
  "cf ff ff ff ff ff ff ff ff",
  "d0 80",
  "d1 80 00",
  "d2 80 00 00 00",
  "d3 80 00 00 00 00 00 00 00",
  "d4 72 40",
  "d5 72 40 00",
  "d6 ff 00 00 00 01",
  "d7 ff 00 00 00 00 00 00 00 01",
  "d8 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
  "d9 00",
  "d9 01 61",
  "da 00 01 61",
  "db 00 00 00 01 61",
  "dc 00 00",
  "dc 00 01 01",
  "dd 00 00 00 01 01",
  "de 00 01 a1 61 01",
  "df 00 00 00 01 90 80",
  "e0",
  "ff",
];

describe("payload formats", () => {
  test.each(everyFormat)("%s is measured exactly, as argument, item and result", (text) => {
    const value = hex(text);
    const invocation = framed(Buffer.concat([hex("96 01 80 c0 a1 6d 92"), value, value, hex("90")]));
    expect(slices(invocation, peekMessagePack(invocation).argumentRanges)).toEqual(
      [value, value].map((bytes) => bytes.toString("hex")),
    );
    const item = framed(Buffer.concat([hex("94 02 80 a1 31"), value]));
    expect(peekMessagePack(item).item).toEqual({ start: item.length - value.length, end: item.length });
    const result = framed(Buffer.concat([hex("95 03 80 a1 31 03"), value]));
    expect(peekMessagePack(result).result).toEqual({ start: result.length - value.length, end: result.length });
  });

  test.each(everyFormat)("%s is refused when cut at any byte", (text) => {
    const value = hex(text);
    for (let length = 0; length < value.length; length += 1) {
      const frame = framed(Buffer.concat([hex("94 02 80 a1 31"), value.subarray(0, length)]));
      expect(refusal(() => peekMessagePack(frame)).code).toBe("malformed");
    }
  });

  test.each([
    ["c1", "the unused format"],
    ["a1 ff", "a string that is not UTF-8"],
    ["a2 c0 80", "an overlong encoding"],
    ["a3 ed a0 80", "a surrogate"],
    ["a1 c3 01", "a sequence that runs over the string"],
    ["dd ff ff ff ff 00", "an array of four billion elements"],
    ["df 7f ff ff ff 00", "a map of two billion entries"],
    ["df 80 00 00 01 00 00", "a map whose doubled count would wrap to two"],
    ["c6 ff ff ff ff 00", "binary of four gigabytes"],
    ["db ff ff ff ff 00", "a string of four gigabytes"],
    ["c9 ff ff ff ff 00 00", "an extension of four gigabytes"],
  ])("%s is refused: %s", (text) => {
    expect(refusal(() => peekMessagePack(packed(`94 02 80 a1 31 ${text}`))).code).toBe("malformed");
  });

  test.each([
    ["c6 ff ff ff ff", "binary"],
    ["db ff ff ff ff", "a string"],
    ["c9 ff ff ff fe ff", "an extension"],
  ])("%s does not pass as a short value with another behind it, as it would in 32-bit arithmetic: %s", (text) => {
    expect(refusal(() => peekMessagePack(packed(`95 02 80 a1 31 ${text}`))).code).toBe("malformed");
  });

  test.each(["target", "invocationId", "streamIds"])("a string that is not UTF-8 is refused as %s", (member) => {
    const string = (name: string): string => (name === member ? "a1 ff" : "a1 61");
    const text = `96 01 80 ${string("invocationId")} ${string("target")} 90 91 ${string("streamIds")}`;
    expect(refusal(() => peekMessagePack(packed(text))).code).toBe("malformed");
  });
});

describe("limits", () => {
  const nested = (levels: number): Buffer => Buffer.concat([Buffer.alloc(levels - 1, 0x91), hex("90")]);

  test("64 levels pass and 65 do not, the message being the first", () => {
    const item = (levels: number): Buffer => framed(Buffer.concat([hex("94 02 80 a1 31"), nested(levels)]));
    expect(peekMessagePack(item(63)).type).toBe(2);
    expect(refusal(() => peekMessagePack(item(64))).code).toBe("tooDeep");
  });

  test("arguments are the second level", () => {
    const invocation = (levels: number): Buffer => framed(Buffer.concat([hex("95 01 80 c0 a1 6d 91"), nested(levels)]));
    expect(peekMessagePack(invocation(62)).target).toBe("m");
    expect(refusal(() => peekMessagePack(invocation(63))).code).toBe("tooDeep");
    expect(refusal(() => peekMessagePack(invocation(1), { ...defaultPeekLimits, maxDepth: 1 })).code).toBe("tooDeep");
  });

  test.each([0x91, 0x81])("a million nested containers of format %i are refused without a stack overflow", (format) => {
    const frame = framed(Buffer.concat([hex("95 01 80 c0 a1 6d 91"), Buffer.alloc(1_000_000, format)]));
    expect(refusal(() => peekMessagePack(frame)).code).toBe("tooDeep");
  });

  test("a limit on arguments, stream ids and headers is honoured", () => {
    const limits = { maxDepth: 64, maxArguments: 2 };
    expect(peekMessagePack(packed("96 01 80 c0 a1 6d 92 01 02 92 a1 61 a1 62"), limits).target).toBe("m");
    for (const text of [
      "96 01 80 c0 a1 6d 93 01 02 03 90",
      "96 01 80 c0 a1 6d 90 93 a1 61 a1 62 a1 63",
      "96 01 83 a1 61 a1 61 a1 62 a1 62 a1 63 a1 63 c0 a1 6d 90 90",
    ]) {
      expect(refusal(() => peekMessagePack(packed(text), limits)).code).toBe("tooLarge");
    }
  });
});
