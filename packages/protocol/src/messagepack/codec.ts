import { Packr } from "msgpackr";
import type { Envelope, Frame } from "../hub-protocol.ts";
import { headersOf, messageOf } from "../message-of.ts";
import type { HubMessage } from "../messages.ts";
import { MessageType } from "../messages.ts";
import { writeMessage } from "../write-message.ts";
import { decodeArray, decodeValue } from "./decode.ts";
import { messageStart, peekMessagePack } from "./peek.ts";
import { arrayLength, containerHeaderLength, skipValue } from "./scan.ts";
import * as writers from "./writers.ts";

/** `HubProtocol.parse` for MessagePack; values are decoded as `decodeValue` says. */
export function parseMessagePack(frame: Frame): HubMessage | undefined {
  const envelope = peekMessagePack(frame);
  const argumentsStart = envelope.argumentsRange?.start;
  const value = (envelope.item ?? envelope.result)?.start;
  return messageOf(envelope, {
    headers: hasHeaders(envelope) ? headersOf(decodeValue(frame, headersStart(frame))) : {},
    arguments:
      argumentsStart === undefined ? [] : decodeArray(frame, argumentsStart, arrayLength(frame, argumentsStart)),
    value: value === undefined ? undefined : decodeValue(frame, value),
  });
}

function hasHeaders(envelope: Envelope): boolean {
  return envelope.type >= MessageType.Invocation && envelope.type <= MessageType.CancelInvocation;
}

/** Position of the second element of the message. */
function headersStart(frame: Frame): number {
  const start = messageStart(frame);
  return skipValue(frame, start + containerHeaderLength(frame, start), 1, 2);
}

/** `HubProtocol.write` for MessagePack. Undefined becomes nil, whole numbers stay whole up to 64 bits. */
export function writeMessagePack(message: HubMessage): Frame {
  return writeMessage(message, writers, encodeValue);
}

// Without these options maps would become records or map 16, and undefined an extension; .NET writes none of them.
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  int64AsType: "bigint",
  encodeUndefinedAsNil: true,
});

function encodeValue(value: unknown): Uint8Array {
  // msgpackr may use its buffer again for the next value.
  return Uint8Array.from(packr.pack(withWideIntegers(value)));
}

/** Whole numbers beyond 32 bits as BigInt, because msgpackr writes them as floats otherwise. */
function withWideIntegers(value: unknown): unknown {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && (value > 0xffffffff || value < -0x80000000) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map(withWideIntegers);
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withWideIntegers(member)]));
}
