import { type HubMessage, MessageType } from "@signalr-edge/protocol";
import { Packr } from "msgpackr";
import type { Wire } from "./wire.ts";

/** As .NET writes: no records, maps of the smallest kind; 64-bit values as bigint. */
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "bigint", mapsAsObjects: true });

const completionKind = { error: 1, void: 2, result: 3 } as const;

/** A frame out of the bytes of one MessagePack value. */
export function lengthPrefixed(body: Uint8Array): Buffer {
  const prefix: number[] = [];
  let rest = body.length;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    prefix.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(prefix), body]);
}

export function messagePackFrame(value: unknown): Buffer {
  return lengthPrefixed(packr.pack(value));
}

/** The bytes of the value in a frame, without the length. */
export function messagePackBody(frame: Buffer): Buffer {
  return frame.subarray(frame.findIndex((byte) => byte < 0x80) + 1);
}

/** The decoded array of a frame. */
export function messagePackItems(frame: Buffer): readonly unknown[] {
  const value: unknown = packr.unpack(messagePackBody(frame));
  if (!Array.isArray(value)) throw new Error(`not an array: ${frame.toString("hex")}`);
  return value;
}

export const messagePackWire: Wire = {
  protocol: "messagepack",
  encode: (message) => messagePackFrame(toItems(message)),
  decode: (frame) => fromItems(messagePackItems(frame)),
  describe: (frame) => `${frame.toString("hex")} ${itemsAsText(frame)}`,
  ping: Buffer.from([0x02, 0x91, 0x06]),
};

function toItems(message: HubMessage): unknown[] {
  const headers = "headers" in message ? (message.headers ?? {}) : {};
  switch (message.type) {
    case MessageType.Invocation:
    case MessageType.StreamInvocation: {
      const items = [message.type, headers, message.invocationId ?? null, message.target, message.arguments];
      return message.streamIds === undefined ? items : [...items, message.streamIds];
    }
    case MessageType.StreamItem:
      return [message.type, headers, message.invocationId, message.item];
    case MessageType.Completion: {
      const start = [message.type, headers, message.invocationId];
      if (message.error !== undefined) return [...start, completionKind.error, message.error];
      return "result" in message ? [...start, completionKind.result, message.result] : [...start, completionKind.void];
    }
    case MessageType.CancelInvocation:
      return [message.type, headers, message.invocationId];
    case MessageType.Ping:
      return [message.type];
    case MessageType.Close:
      return [message.type, message.error ?? null];
    case MessageType.Ack:
    case MessageType.Sequence:
      return [message.type, message.sequenceId];
  }
}

function fromItems(items: readonly unknown[]): HubMessage {
  const type = items[0];
  switch (type) {
    case MessageType.Invocation: {
      const [, , invocationId, target, args] = items as [unknown, unknown, string | null, string, unknown[]];
      return { type, ...(invocationId === null ? {} : { invocationId }), target, arguments: args };
    }
    case MessageType.StreamItem: {
      const [, , invocationId, item] = items as [unknown, unknown, string, unknown];
      return { type, invocationId, item };
    }
    case MessageType.Completion: {
      const [, , invocationId, kind, value] = items as [unknown, unknown, string, number, unknown];
      if (kind === completionKind.error) return { type, invocationId, error: String(value) };
      return kind === completionKind.result ? { type, invocationId, result: value } : { type, invocationId };
    }
    case MessageType.Ping:
      return { type };
    case MessageType.Close: {
      const [, error, allowReconnect] = items as [unknown, string | null, boolean];
      return { type, ...(error === null ? {} : { error }), ...(allowReconnect ? { allowReconnect } : {}) };
    }
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId: Number(items[1]) };
    default:
      throw new Error(`a server does not send messages of type ${String(type)}`);
  }
}

function itemsAsText(frame: Buffer): string {
  try {
    return JSON.stringify(messagePackItems(frame), bigintAsText);
  } catch (error) {
    return `(${String(error)})`;
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
