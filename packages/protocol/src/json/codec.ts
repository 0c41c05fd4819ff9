import type { Frame } from "../hub-protocol.ts";
import { isRecord } from "../is-record.ts";
import { headersOf, messageOf } from "../message-of.ts";
import type { HubMessage } from "../messages.ts";
import { MessageType } from "../messages.ts";
import { writeMessage } from "../write-message.ts";
import { peekJson } from "./peek.ts";
import * as writers from "./writers.ts";

/** `HubProtocol.parse` for JSON. Numbers beyond 2^53 lose precision, as in any JavaScript client. */
export function parseJson(frame: Frame): HubMessage | undefined {
  const envelope = peekJson(frame);
  const decoded: unknown = JSON.parse(frame.toString("utf8", 0, frame.length - 1));
  const members = isRecord(decoded) ? decoded : {};
  return messageOf(envelope, {
    headers: headersOf(members.headers),
    arguments: Array.isArray(members.arguments) ? members.arguments : [],
    value: envelope.type === MessageType.StreamItem ? members.item : members.result,
  });
}

/** `HubProtocol.write` for JSON. Values are shaped by JSON.stringify; one that it leaves out becomes null. */
export function writeJson(message: HubMessage): Frame {
  return writeMessage(message, writers, encodeValue);
}

function encodeValue(value: unknown): Uint8Array {
  const text: string | undefined = JSON.stringify(value);
  return Buffer.from(text ?? "null");
}
